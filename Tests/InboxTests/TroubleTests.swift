import FileSystem
import Foundation
import Inbox
import Model
import Synchronization
import SystemPackage
import Testing
import TestSupport

/// Files that cannot be read or moved, for a reason that is not theirs: said once, tried again, in nobody's way.
@Suite(.timeLimit(.minutes(5))) struct TroubleTests {
    /// A file that not even root can rename (`chattr +i`), where the file system knows that.
    private static func setImmutable(_ isImmutable: Bool, _ url: URL) -> Bool {
        let file = open(url.path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        let (get, set, flag): (UInt, UInt, CLong) = (0x8008_6601, 0x4008_6602, 0x10)  // linux/fs.h
        var flags: CLong = 0
        guard ioctl(file, get, &flags) == 0 else { return false }
        flags = isImmutable ? flags | flag : flags & ~flag
        return ioctl(file, set, &flags) == 0
    }

    private static let canMakeImmutable: Bool = {
        guard let folder = try? TemporaryFolder(), (try? folder.url.write("", as: "probe")) != nil else { return false }
        let probe = folder.url.appendingPathComponent("probe")
        return setImmutable(true, probe) && setImmutable(false, probe)
    }()

    /// Nothing waits for it, so nothing is said of its end.
    @Test func whatCannotBeRemovedBesideADropIsSaidAndStays() async throws {
        let stage = try InboxStage(settle: .zero)
        _ = try stage.folder.subfolder("inbox/a.json.result.json")
        for _ in 0..<2 {
            try stage.moveIn("a.json")
            #expect(try await stage.next(1) == ["a.json"])
        }
        #expect(stage.said == ["stays", "stays"])
        #expect(try stage.inbox.names == ["a.json.result.json"])
    }

    @Test(.enabled(if: canMakeImmutable, "needs root and a file system with chattr +i"))
    func onceLeavesAFileThatCannotBeRenamedToTheNextRun() async throws {
        let stage = try InboxStage(settle: .zero, once: true)
        try stage.inbox.write("{}", as: "a-stuck.json")
        try stage.inbox.write("{}", as: "b.json")
        let stuck = stage.inbox.appendingPathComponent("a-stuck.json")
        #expect(Self.setImmutable(true, stuck))
        defer { _ = Self.setImmutable(false, stuck) }
        #expect(await stage.drops.next()?.name == FileName("b.json"))
        #expect(await stage.drops.next() == nil)
        #expect(stage.said == ["cannotClaim"])
        #expect(try stage.inbox.names == ["a-stuck.json"])
    }

    @Test(.enabled(if: canMakeImmutable, "needs root and a file system with chattr +i"))
    func aFileThatCannotBeRenamedIsSaidOnceTriedAgainAndInNobodysWay() async throws {
        let time = ManualTime(start: SystemTime().timestamp)
        let stage = try InboxStage(settle: .zero, time: time)
        try stage.inbox.write("{}", as: "a-stuck.json")
        let stuck = stage.inbox.appendingPathComponent("a-stuck.json")
        #expect(Self.setImmutable(true, stuck))
        defer { _ = Self.setImmutable(false, stuck) }
        time.advance(by: .seconds(5))
        for round in 0..<3 {
            try stage.moveIn("\(round).json")
            #expect(try await stage.next(1) == ["\(round).json"])
        }
        let waiting = Task { try await stage.next() }
        // Twice as long each time, to a minute.
        for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
            try await eventually("it is tried again in \(pause) s") {
                time.nextDeadline.map { $0 - time.moment } == .seconds(pause)
            }
            time.advance(by: .seconds(pause))
        }
        try await eventually("it waits") { time.sleeperCount == 1 }
        #expect(stage.said == ["cannotClaim"])
        #expect(try stage.inbox.names == ["a-stuck.json"])
        #expect(Self.setImmutable(false, stuck))
        time.advance(by: .seconds(60))
        #expect(try await waiting.value.name == FileName("a-stuck.json"))
    }
}
