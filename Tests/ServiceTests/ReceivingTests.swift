import Foundation
import Inbox
import Model
import Sandbox
import Service
import Testing
import TestSupport

/// How drops come in, through the whole service.
@Suite(.timeLimit(.minutes(5))) struct ReceivingTests {
    @Test func aDropWithoutItsMarkerStays() async throws {
        try await Stage.run(inbox: "ready: \"{name}.ready\"") { stage in
            try stage.drop(Stage.account("A"), as: "unmarked.json")
            try stage.drop("", as: "a.json.ready")
            try stage.drop(Stage.account("B"), as: "a.json")
            #expect(try await stage.result(of: "a.json").outcome == "accepted")
            #expect(try stage.inbox.names == ["unmarked.json"])
            try stage.drop("", as: "unmarked.json.ready")
            #expect(try await stage.result(of: "unmarked.json").outcome == "accepted")
            #expect(try stage.inbox.names.isEmpty)
        }
    }

    /// It was promised to be whole, and yet it may be resumed.
    @Test func aMarkedDropThatOnlyParsingShowsUnfinishedGoesBackWithItsMarker() async throws {
        try await Stage.run(inbox: "ready: \"{name}.ready\"\npartialGrace: 60s") { stage in
            try stage.drop(#"{"accounts": [{"clientReferenceId": "A"}]"#, as: "a.json")
            try stage.drop("", as: "a.json.ready")
            try await eventually("it went back") {
                stage.allEvents.contains { if case .wentBack = $0 { true } else { false } }
            }
            #expect(try stage.inbox.names == ["a.json", "a.json.ready"])
            try Data(Stage.account("A").utf8).write(to: stage.inbox.appendingPathComponent("a.json"))
            #expect(try await stage.result(of: "a.json").outcome == "accepted")
            #expect(try stage.inbox.names.isEmpty)
        }
    }

    /// A stop between the claim and the marker's end: the next drop of the name has to have its own marker.
    @Test func aMarkerThatAStopLeftIsRemovedWithItsDrop() async throws {
        try await Sandbox.withServer { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration(inbox: "ready: \"{name}.ready\"")
            try FileManager.default.createDirectory(at: stage.work, withIntermediateDirectories: true)
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: stage.work.path)
            try stage.drop("", as: "a.json.ready")
            try await Task.sleep(for: .milliseconds(20))
            try stage.work.write(Stage.account("A"), as: "a.json")
            try await Task.sleep(for: .milliseconds(20))
            try stage.drop("", as: "later.json.ready")
            try await stage.whileServing {
                #expect(try await stage.result(of: "a.json").outcome == "accepted")
                try stage.drop(Stage.account("B"), as: "a.json")
                try stage.drop(Stage.account("C"), as: "later.json")
                #expect(try await stage.result(of: "later.json").outcome == "accepted")
                #expect(try stage.inbox.names == ["a.json"])
            }
        }
    }

    @Test func aPolledInboxWorksLikeAnyOther() async throws {
        try await Stage.run(inbox: "watch: poll\npoll: 100ms\nsettle: 100ms") { stage in
            for number in 0..<5 {
                try stage.drop(Stage.account("A\(number)"), as: "\(number).json")
                #expect(try await stage.result(of: "\(number).json").outcome == "accepted")
            }
        }
    }

    @Test(.enabled(if: FileManager.default.isWritableFile(atPath: "/dev/shm"), "needs a second file system"))
    func foldersOnOtherFileSystemsAreSaidAtTheStartAndWork() async throws {
        let far = URL(fileURLWithPath: "/dev/shm/sluice-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: far, withIntermediateDirectories: true)
        defer { do { try FileManager.default.removeItem(at: far) } catch { print("a folder stays behind: \(error)") } }
        for name in ["work", "done", "failed"] {
            try FileManager.default.createDirectory(
                at: far.appendingPathComponent(name), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        try await Stage.run(inbox: "work: \(far.path)/work\nfailed: \(far.path)/failed") { stage in
            try stage.drop(Stage.account("A"), as: "a.json")
            #expect(try await stage.result(of: "a.json").outcome == "accepted")
            #expect(try stage.done.names == ["a.json", "a.json.result.json"])
            symlink("/etc/hostname", stage.inbox.path + "/link.json")
            try stage.drop("{}", as: "bad.json")
            try await eventually("both are filed") {
                try far.appendingPathComponent("failed").names.count == 4
            }
            #expect(try Stage.names(in: far.appendingPathComponent("work")).isEmpty)
            #expect(try stage.inbox.names.isEmpty)
            let remarks = stage.allEvents.compactMap {
                if case .inbox(_, .remark(let remark)) = $0 { remark } else { nil }
            }
            #expect(remarks.count == 2)
            #expect(remarks.first?.contains("claimed by a copy") == true)
        }
    }

    @Test func aPDFWithoutItsEndIsNeverSent() async throws {
        try await Stage.run { stage in
            try stage.drop("%PDF-1.4\n1 0 obj\n", as: "INV-1.pdf")
            #expect(try await stage.result(of: "INV-1.pdf").code == "read.incomplete")
            #expect(stage.sandbox.accepted.isEmpty)
        }
    }

    /// A hundred gigabytes of nothing: neither hashed nor copied, and in nobody's way.
    @Test(arguments: ["INV-1.pdf", "huge.json", "huge.bin"])
    func aFileThatCouldNeverBeSentFailsAtOnce(name: String) async throws {
        try await Stage.run(inbox: "filing: copy") { stage in
            let url = stage.folder.url.appendingPathComponent("huge")
            #expect(FileManager.default.createFile(atPath: url.path, contents: Data("%PDF-1.4\n".utf8)))
            let file = try FileHandle(forWritingTo: url)
            try file.truncate(atOffset: 100_000_000_000)
            try file.seekToEnd()
            try file.write(contentsOf: Data("%%EOF\n]".utf8))
            try file.close()
            try FileManager.default.moveItem(at: url, to: stage.inbox.appendingPathComponent(name))
            let codes = ["INV-1.pdf": "size.multipart", "huge.json": "read.tooLarge", "huge.bin": "attachment.type"]
            #expect(try await stage.result(of: name).code == codes[name])
            #expect(stage.sandbox.accepted.isEmpty)
        }
    }

    /// The sender holds the file open and goes on writing after it was taken.
    @Test func aFileThatIsWrittenToWhileItIsReadIsNeverSent() async throws {
        try await Stage.run(inbox: "filing: move") { stage in
            let url = stage.folder.url.appendingPathComponent("held")
            let filler = [UInt8](repeating: 0x20, count: 20_000_000)
            try Data(Array("%PDF-1.4\n".utf8) + filler + Array("%%EOF\n".utf8)).write(to: url)
            let file = try FileHandle(forUpdating: url)
            let writer = Task {
                var round: UInt8 = 0x30
                while !Task.isCancelled {
                    try file.seek(toOffset: 10_000)
                    try file.write(contentsOf: Data([round]))
                    round = round == 0x39 ? 0x30 : round + 1
                    try await Task.sleep(for: .milliseconds(1))
                }
            }
            defer { writer.cancel() }
            try FileManager.default.moveItem(at: url, to: stage.inbox.appendingPathComponent("INV-1.pdf"))
            #expect(try await stage.result(of: "INV-1.pdf").code == "read.changed")
            #expect(stage.sandbox.accepted.isEmpty)
        }
    }
}
