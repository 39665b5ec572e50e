import Foundation
import Model
import Testing
import TestSupport

@testable import Inbox

/// More is due than anybody asks for, and the folder changes meanwhile.
@Suite(.timeLimit(.minutes(1))) struct BacklogTests {
    private let time = ManualTime(start: SystemTime().timestamp)
    private let teller = Teller()
    private let stage: InboxStage

    init() throws {
        stage = try InboxStage(settle: .zero, rescan: .seconds(60), time: time, notifier: teller)
    }

    /// Three files, the first of which is claimed.
    private func begin() async throws {
        for number in 1...3 { try stage.moveIn("\(number).json") }
        time.advance(by: .seconds(5))
        #expect(try await stage.next(1) == ["1.json"])
    }

    /// Lets the inbox look at what happened before it takes the next ones.
    private func next(_ count: Int, after happens: () async throws -> Void) async throws -> [String] {
        await stage.drops.setPaused(true)
        let stage = stage
        let waiting = Task { try await stage.next(count) }
        try await eventually("it waits") { await stage.drops.isWaiting }
        try await happens()
        // What was told before is looked at before this is.
        await stage.drops.setPaused(false)
        return try await waiting.value
    }

    @Test func aFileThatWasReplacedComesBehindThoseThatAreOlder() async throws {
        try await begin()
        let names = try await next(2) {
            try FileManager.default.removeItem(at: stage.inbox.appendingPathComponent("2.json"))
            try stage.moveIn("2.json", "{\"new\":1}")
            teller.tell(.entry(FileName("2.json"), renamedIn: true))
        }
        #expect(names == ["3.json", "2.json"])
        #expect(try stage.work.text(of: "2.json") == "{\"new\":1}")
    }

    @Test func aNewFileDoesNotTakeTheTurnOfOneThatIsGone() async throws {
        try await begin()
        let names = try await next(2) {
            try FileManager.default.removeItem(at: stage.inbox.appendingPathComponent("2.json"))
            try stage.moveIn("4.json")
            teller.tell(
                .entry(FileName("2.json"), renamedIn: false), .entry(FileName("4.json"), renamedIn: true))
        }
        #expect(names == ["3.json", "4.json"])
    }

    private func replaceTheInbox() throws -> URL {
        let away = stage.folder.url.appendingPathComponent("inbox.hold")
        try FileManager.default.moveItem(at: stage.inbox, to: away)
        _ = try stage.folder.subfolder("inbox")
        try stage.inbox.write("{}", as: "n.json")
        return away
    }

    @Test func nothingMoreIsTakenFromAnInboxThatWasMovedAway() async throws {
        try await begin()
        let away = try replaceTheInbox()
        teller.tell(.gone)
        #expect(try await stage.next(1) == ["n.json"])
        #expect(try away.names == ["2.json", "3.json"])
        #expect(stage.said.isEmpty)
    }

    /// As one over which a file system is mounted, of which the kernel tells nothing.
    @Test func whatIsAtTheInboxsPathIsSeenWithTheNextListing() async throws {
        try await begin()
        let away = try replaceTheInbox()
        time.advance(by: .seconds(60))
        #expect(try await stage.next(1) == ["n.json"])
        #expect(try away.names == ["2.json", "3.json"])
    }
}
