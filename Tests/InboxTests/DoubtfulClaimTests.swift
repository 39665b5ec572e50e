import FileSystem
import Foundation
import Model
import Synchronization
import SystemPackage
import Testing
import TestSupport

@testable import Inbox

/// A claim that takes effect and is answered with an error, as on NFS, where a rename that is asked for again finds no file.
@Suite(.timeLimit(.minutes(5))) struct DoubtfulClaimTests {
    /// The file goes its way at any step of the claim: right before the rename, that is all that the service sees of one
    /// whose answer was lost.
    @Test func aRenameThatTookEffectIsAClaimWhateverTheAnswerWas() async throws {
        var claimed: [ClaimedDrop] = []
        for step in 1...60 {
            let home = try TemporaryFolder()
            let (inbox, work) = (home.url.path + "/inbox/a.json", home.url.path + "/.work/a.json")
            let hasMoved = Flag()
            let time = Meddler(at: step) {
                if rename(inbox, work) == 0 { hasMoved.isSet.store(true, ordering: .relaxed) }
            }
            let stage = try InboxStage(settle: .zero, once: true, time: time, home: home)
            try FileManager.default.createDirectory(at: stage.work, withIntermediateDirectories: true)
            try #require(chmod(stage.work.path, 0o700) == 0)
            try stage.inbox.write("{}", as: "a.json")
            let first = await stage.drops.next()
            #expect(await stage.drops.next() == nil)
            #expect(try stage.work.names == ["a.json"])
            if let first, hasMoved.isSet.load(ordering: .relaxed) { claimed.append(first) }
        }
        #expect(claimed.count > 0)
        for drop in claimed {
            #expect(drop.condition == .whole && drop.workName == WorkName(name: FileName("a.json")))
            #expect(drop.inode == drop.status.inode)
        }
    }

    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    private static func attempt(_ stage: InboxStage, _ name: String) throws -> InboxFolder.ClaimAttempt {
        let inbox = try Directory(opening: FilePath(stage.inbox.path))
        let now = stage.time.timestamp
        return InboxFolder.ClaimAttempt(
            name: FileName(name), before: try #require(try inbox.status(of: FileName(name))), condition: .whole,
            claimedAt: now, arrivedAt: now, quietSince: now)
    }

    /// Neither answered nor to be found out at the time; its sender has used the name and the marker again.
    @Test func whatCouldNotBeKnownIsLookedAtWithTheNextListing() async throws {
        let stage = try InboxStage(settle: .milliseconds(20), rescan: .milliseconds(50), ready: "{name}.ready")
        try stage.inbox.write("{}", as: "first.json")
        try stage.inbox.write("", as: "first.json.ready")
        #expect(try await stage.next(1) == ["first.json"])
        try stage.inbox.write("{\"first\":1}", as: "a.json")
        let attempt = try Self.attempt(stage, "a.json")
        await stage.drops.doubt(attempt)
        try FileManager.default.moveItem(
            at: stage.inbox.appendingPathComponent("a.json"), to: stage.work.appendingPathComponent("a.json"))
        try stage.inbox.write("{\"second\":1}", as: "a.json")
        try stage.inbox.write("", as: "a.json.ready")
        let drops = [try await stage.next(), try await stage.next()]
        #expect(try Set(drops.map { try stage.text(of: $0) }) == ["{\"first\":1}", "{\"second\":1}"])
        #expect(try stage.inbox.names.isEmpty)
        await stage.drops.stop()
    }

    /// The claim is tried again and succeeds before anybody could look.
    @Test func aDropThatIsClaimedMeanwhileIsHandedOutOnce() async throws {
        let stage = try InboxStage(settle: .milliseconds(20), rescan: .milliseconds(50))
        try await stage.watched()
        try stage.inbox.write("{}", as: "a.json")
        await stage.drops.doubt(try Self.attempt(stage, "a.json"))
        #expect(try await stage.next(1) == ["a.json"])
        #expect(await stage.drops.doubts.isEmpty)
        #expect(await stage.drops.doubtsToLookAt.isEmpty)
        await stage.drops.stop()
    }
}
