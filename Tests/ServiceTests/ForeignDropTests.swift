import FileSystem
import Foundation
import Inbox
import Model
import Sandbox
import Service
import SystemPackage
import Testing
import TestSupport

#if canImport(Glibc)
    import Glibc
#endif

/// Drops of another user, which are judged and filed as copies.
@Suite(.enabled(if: geteuid() == 0, "needs to be root, for files of another user"), .timeLimit(.minutes(2)))
struct ForeignDropTests {
    private static func withStage(
        api: [String] = [], _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration(api: api)
            try await body(stage)
        }
    }

    private static func dropForeign(_ content: String, as name: String, _ stage: Stage) throws {
        let part = stage.inbox.appendingPathComponent(".\(name).part").path
        try Data(content.utf8).write(to: URL(fileURLWithPath: part))
        try #require(chown(part, 12345, 12345) == 0)
        try #require(rename(part, stage.inbox.appendingPathComponent(name).path) == 0)
    }

    /// Claims drops as the service does, in this order, each with a change time of its own.
    private static func claim(_ names: [String], _ stage: Stage) throws -> WorkFolder {
        let (inbox, work) = (
            try Directory(opening: FilePath(stage.inbox.path)), try WorkFolder(at: FilePath(stage.work.path))
        )
        for name in names {
            _ = try work.take(FileName(name), from: inbox)
            usleep(20_000)
        }
        return work
    }

    private static func expectOrder(_ names: [String], _ stage: Stage) async throws {
        try await stage.makeService(once: true).run()
        let filed = stage.filed.filter { names.contains($0.drop.name.description) }
        #expect(filed.sorted { $0.drop.arrival < $1.drop.arrival }.map(\.drop.name.description) == names)
    }

    /// Of many that are copied side by side the last one may be done first.
    @Test func aStopKeepsTheOrderOfClaims() async throws {
        try await Self.withStage { stage in
            let names = ["a.json", "b.json", "c.json", "d.json"]
            for name in names { try Self.dropForeign(Stage.account("INV-\(name)"), as: name, stage) }
            let work = try Self.claim(names, stage)
            for name in ["c.json", "b.json"] {
                var generator = SystemRandomNumberGenerator()
                let drop = DropID(at: stage.time.timestamp, using: &generator)
                #expect(try work.adopt(WorkName(name: FileName(name)), for: drop))
                usleep(20_000)
            }
            try await Self.expectOrder(names, stage)
        }
    }

    /// What is noted on a copy is about the drop that it was made for.
    @Test func aDropThatFailedAndWasPutBackComesWhenItIsClaimedAgain() async throws {
        try await Self.withStage { stage in
            stage.sandbox.script([.status(422)])
            try Self.dropForeign(Stage.account("INV-1"), as: "early.json", stage)
            try await stage.makeService(once: true).run()
            try #require(
                rename(
                    stage.failed.appendingPathComponent("early.json").path,
                    stage.inbox.appendingPathComponent("early.json").path) == 0)
            try Self.dropForeign(Stage.account("INV-2"), as: "late.json", stage)
            _ = try Self.claim(["late.json", "early.json"], stage)
            try await stage.makeService(once: true).run()
            let filed = stage.filed.suffix(2).sorted { $0.drop.arrival < $1.drop.arrival }
            #expect(filed.map(\.drop.name.description) == ["late.json", "early.json"])
        }
    }

    /// It waits for another drop, and is looked at again when that has come to its end.
    @Test func aDropIsCopiedOnceHoweverOftenItIsLookedAt() async throws {
        try await Self.withStage(api: ["orderWait: 1s"]) { stage in
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1", amount: "1"), as: "a.json")
                #expect(try await stage.result(of: "a.json").outcome == "accepted")
                try Self.dropForeign(Stage.account("INV-1", amount: "2"), as: "b.json", stage)
                var copy: stat?
                try await eventually("its copy has taken its place") {
                    var status = stat()
                    guard lstat(stage.work.appendingPathComponent("b.json").path, &status) == 0 else { return false }
                    if status.st_uid == geteuid() { copy = status }
                    return copy != nil
                }
                #expect(try await stage.result(of: "b.json").outcome == "accepted")
                var filed = stat()
                try #require(lstat(stage.done.appendingPathComponent("b.json").path, &filed) == 0)
                #expect(filed.st_ino == copy?.st_ino)
                #expect(filed.st_mtim.tv_nsec == copy?.st_mtim.tv_nsec)
            }
        }
    }
}
