import FileSystem
import Foundation
import Model
import Inbox
import Sandbox
import Service
import SystemPackage
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// How drops get into their folders, and what a start takes up.
@Suite struct FilingEndToEndTests {
    @Test(.enabled(if: geteuid() == 0, "only root can make a file that belongs to another user"))
    func aDropOfAnotherUserIsFiledAsTheServicesOwn() async throws {
        try await Stage.run { stage in
            let part = stage.inbox.appendingPathComponent(".orders.part")
            try Data(Stage.account("INV-1").utf8).write(to: part)
            #expect(chown(part.path, 65534, 65534) == 0)
            // Its sender holds it open, and goes on writing after it was filed.
            let sender = try FileHandle(forWritingTo: part)
            #expect(rename(part.path, stage.inbox.appendingPathComponent("orders.json").path) == 0)
            #expect(try await stage.result(of: "orders.json").outcome == "accepted")
            try sender.write(contentsOf: Data("changed".utf8))
            let filed = stage.done.appendingPathComponent("orders.json")
            #expect(try Data(contentsOf: filed) == Data(Stage.account("INV-1").utf8))
            let status = try #require(
                try Directory(opening: FilePath(stage.done.path)).status(of: FileName("orders.json")))
            #expect(status.owner == 0)
        }
    }

    @Test func aTakenNameGetsANumberTogetherWithItsResult() async throws {
        try await Stage.run { stage in
            for number in 1...3 {
                try stage.drop(Stage.account("INV-\(number)"), as: "orders.json")
                try await stage.waitForFiled(number)
            }
            #expect(
                try Stage.names(in: stage.done) == [
                    "orders.2.json", "orders.2.json.result.json", "orders.3.json", "orders.3.json.result.json",
                    "orders.json", "orders.json.result.json",
                ])
            #expect(try stage.done.text(of: "orders.2.json") == Stage.account("INV-2"))
        }
    }

    @Test func aFileInWorkThatTheLedgerDoesNotKnowIsANewDrop() async throws {
        try await Sandbox.withServer { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration()
            try FileManager.default.createDirectory(
                at: stage.work.appendingPathComponent("1"), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            try stage.work.write(Stage.account("INV-1"), as: "orders.json")
            try stage.work.appendingPathComponent("1").write(Stage.account("INV-2"), as: "orders.json")
            try await stage.whileServing { try await stage.waitForFiled(2) }
            #expect(sandbox.accepted.count == 2)
            #expect(try Stage.names(in: stage.done).filter { !$0.hasSuffix(".result.json") }.count == 2)
            #expect(try Stage.names(in: stage.work).isEmpty)
        }
    }

    @Test func anUnfinishedFileInWorkGoesBackToWaitForTheRest() async throws {
        try await Sandbox.withServer { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration(inbox: "partialGrace: 1h")
            try FileManager.default.createDirectory(
                at: stage.work, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let text = Stage.account("INV-1")
            try stage.work.write(String(text.dropLast(3)), as: "orders.json")
            try await stage.whileServing {
                try await eventually("it is back") { try Stage.names(in: stage.inbox) == ["orders.json"] }
                #expect(stage.filed.isEmpty)
                let file = try FileHandle(forWritingTo: stage.inbox.appendingPathComponent("orders.json"))
                try file.seekToEnd()
                try file.write(contentsOf: Data(text.suffix(3).utf8))
                try file.close()
                #expect(try await stage.result(of: "orders.json").outcome == "accepted")
            }
        }
    }

    @Test func aResultThatComesBackWithItsDropIsRemovedAndNeverADrop() async throws {
        try await Stage.run { stage in
            try stage.drop("{}", as: "orders.json")
            _ = try await stage.result(of: "orders.json")
            for name in ["orders.json.result.json", "orders.json"] {
                try FileManager.default.moveItem(
                    at: stage.failed.appendingPathComponent(name), to: stage.inbox.appendingPathComponent(name))
            }
            try await stage.waitForFiled(2)
            try await eventually("the old result is gone") { try Stage.names(in: stage.inbox).isEmpty }
            #expect(try Stage.names(in: stage.failed) == ["orders.json", "orders.json.result.json"])
        }
    }

    @Test func foldersThatSendersCanWriteToAreRefusedInPlainWords() async throws {
        try await Sandbox.withServer { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration()
            try FileManager.default.createDirectory(at: stage.failed, withIntermediateDirectories: true)
            #expect(chmod(stage.failed.path, 0o777) == 0)
            try stage.drop(Stage.account("INV-1"), as: "orders.json")
            try await stage.whileServing {
                try await eventually("it says so") {
                    stage.allEvents.contains {
                        if case .inbox("erp", .unsuitable(let problem)) = $0 {
                            problem.contains("chmod 755")
                        } else {
                            false
                        }
                    }
                }
                #expect(try Stage.names(in: stage.inbox) == ["orders.json"])
                #expect(chmod(stage.failed.path, 0o755) == 0)
                #expect(try await stage.result(of: "orders.json").outcome == "accepted")
            }
        }
    }

    @Test func aFolderThatCannotBeWrittenToFailsNoDrop() async throws {
        try await Stage.run { stage in
            try stage.drop(Stage.account("INV-1"), as: "first.json")
            #expect(try await stage.result(of: "first.json").outcome == "accepted")
            // Root writes where it likes, but not into a folder that is gone.
            let aside = stage.folder.url.appendingPathComponent("aside")
            try FileManager.default.moveItem(at: stage.done, to: aside)
            try Data().write(to: stage.done)
            try stage.drop(Stage.account("INV-2"), as: "second.json")
            try await eventually("it is accepted") { stage.sandbox.accepted.count == 2 }
            try FileManager.default.removeItem(at: stage.done)
            try FileManager.default.moveItem(at: aside, to: stage.done)
            try await stage.waitForFiled(2)
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted })
            #expect(stage.sandbox.accepted.allSatisfy { $0.repeats == 0 })
        }
    }
}
