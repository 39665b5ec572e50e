import Foundation
import Inbox
import Model
import FileSystem
import Synchronization
import Testing
import TestSupport

/// Real folders, the real kernel. `rescan` is far away, so that only events and deadlines bring a drop.
@Suite(.timeLimit(.minutes(5))) struct InboxFolderTests {
    @Test func whatWasThereAtTheStartIsClaimed() async throws {
        let stage = try InboxStage()
        try stage.inbox.write("{\"a\":1}", as: "a.json")
        let drop = try await stage.next()
        #expect(drop.name == FileName("a.json"))
        #expect(drop.condition == .whole)
        #expect(drop.status.size == 7)
        #expect(try stage.text(of: drop) == "{\"a\":1}")
        #expect(try stage.inbox.names.isEmpty)
    }

    @Test func aFileThatIsMovedInIsClaimedWithoutSettling() async throws {
        let stage = try InboxStage(settle: .seconds(600))
        let drop = Task { try await stage.next() }
        try await eventually("the inbox is watched") { FileManager.default.fileExists(atPath: stage.work.path) }
        // The watch begins a moment after the work folder is there: a file that comes before it has to settle.
        let claimed = try await repeatedlyMoving(into: stage, until: drop)
        #expect(claimed.condition == .whole)
    }

    /// Moves file after file in until one of them is claimed as a rename that was seen.
    private func repeatedlyMoving(
        into stage: InboxStage, named name: String = "", until drop: Task<ClaimedDrop, any Error>
    ) async throws -> ClaimedDrop {
        let mover = Task {
            for number in 0... {
                try stage.moveIn("\(name)\(number).json")
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        defer { mover.cancel() }
        return try await drop.value
    }

    @Test func aLargeCopyIsClaimedWhole() async throws {
        let stage = try InboxStage()
        try await watched(stage)
        let text = "[" + String(repeating: "1234567,", count: 1_000_000) + "1]"
        try stage.inbox.write(text, as: "large.json")
        let drop = try await stage.next()
        #expect(drop.status.size == Int64(text.utf8.count))
        #expect(drop.condition == .whole)
    }

    /// Brings one drop through, so that everything afterwards is seen as an event.
    private func watched(_ stage: InboxStage) async throws {
        try stage.inbox.write("{}", as: "first.json")
        #expect(try await stage.next(1) == ["first.json"])
    }

    @Test func aWriterThatPausesLessThanSettleIsWaitedFor() async throws {
        let stage = try InboxStage(settle: .seconds(3))
        try stage.inbox.write("", as: "slow.txt")
        let file = try #require(FileHandle(forWritingAtPath: stage.inbox.path + "/slow.txt"))
        let writer = Task {
            for _ in 0..<15 {
                try file.write(contentsOf: Data("more ".utf8))
                try await Task.sleep(for: .milliseconds(50))
            }
            try file.close()
        }
        let drop = try await stage.next()
        try await writer.value
        #expect(try stage.text(of: drop) == String(repeating: "more ", count: 15))
    }

    @Test func aWriterThatStoppedInTheMiddleIsUnfinished() async throws {
        let stage = try InboxStage(settle: .milliseconds(100), grace: .milliseconds(600))
        try stage.inbox.write("{\"accounts\": [", as: "cut.json")
        try stage.inbox.write("", as: "empty.json")
        try stage.inbox.write("{}", as: "whole.json")
        var conditions: [String: Settling.Condition] = [:]
        for _ in 0..<3 {
            let drop = try await stage.next()
            conditions[drop.name.description] = drop.condition
        }
        #expect(conditions == ["cut.json": .unfinished, "empty.json": .unfinished, "whole.json": .whole])
    }

    @Test func anInterruptedUploadThatIsResumedIsWhole() async throws {
        let stage = try InboxStage(settle: .milliseconds(50), grace: .seconds(600))
        try await watched(stage)
        try stage.inbox.write("{\"accounts\": [", as: "resumed.json")
        // It has been looked at by the time that a later one is claimed.
        try stage.inbox.write("{}", as: "later.json")
        #expect(try await stage.next(1) == ["later.json"])
        try stage.inbox.write("{\"accounts\": []}", as: "resumed.json")
        let drop = try await stage.next()
        #expect(drop.condition == .whole)
        #expect(try stage.text(of: drop) == "{\"accounts\": []}")
    }

    @Test func namesOnTheirWayAndResultsAreLeftAlone() async throws {
        let stage = try InboxStage(ignore: ["*.bak"])
        let ignored = [".hidden", "a.json.part", "b.tmp", "old.bak", "x.json.result.json", "~a"]
        for name in ignored { try stage.moveIn(name) }
        try stage.moveIn("real.json")
        #expect(try await stage.next(1) == ["real.json"])
        #expect(Set(try stage.inbox.names) == Set(ignored))
    }

    @Test func theFinalRenameOfATemporaryNameIsADrop() async throws {
        let stage = try InboxStage()
        try await watched(stage)
        try stage.inbox.write("{}", as: "a.json.part")
        try FileManager.default.moveItem(
            atPath: stage.inbox.path + "/a.json.part", toPath: stage.inbox.path + "/a.json")
        #expect(try await stage.next(1) == ["a.json"])
    }

    @Test func anOldResultGoesWithItsDrop() async throws {
        let stage = try InboxStage()
        try stage.moveIn("a.json.result.json")
        try stage.moveIn("other.json.result.json")
        try stage.moveIn("a.json")
        #expect(try await stage.next(1) == ["a.json"])
        #expect(try stage.inbox.names == ["other.json.result.json"])
    }

    @Test func sortByNameIsByName() async throws {
        let stage = try InboxStage(byName: true)
        for name in ["3.json", "1.json", "2.json"] { try stage.inbox.write("{}", as: name) }
        try await Task.sleep(for: .milliseconds(300))
        #expect(try await stage.next(3) == ["1.json", "2.json", "3.json"])
    }

    @Test func filesThatWaitGoOutInTheOrderOfTheirWriting() async throws {
        let stage = try InboxStage(settle: .milliseconds(20))
        let names = (0..<20).map { "\(($0 * 7) % 20).json" }
        try await stage.inTurn(names) { try stage.inbox.write("{}", as: $0) }
        #expect(try await stage.next(20) == names)
    }

    /// The thread that looks may be stopped for long anywhere, between the readings of two clocks as well.
    @Test func noPauseOfTheServiceChangesTheOrderOfTheirWriting() async throws {
        let names = ["c.json", "a.json", "b.json"]
        for step in 1...60 {
            let clock = LeapingTime()
            let time = Meddler(at: step, on: clock) { clock.leap(by: .seconds(30)) }
            let stage = try InboxStage(settle: .seconds(60), once: true, time: time)
            try await stage.inTurn(names) { try stage.inbox.write("{}", as: $0) }
            #expect(try await stage.next(3) == names, "stopped at the reading \(step) of a clock")
        }
    }

    @Test func renamesInQuickSuccessionGoOutInTheirOrder() async throws {
        let settle = Duration.seconds(30)
        let names = (0..<200).map { "\(($0 * 77) % 200).json" }
        while true {
            let stage = try InboxStage(settle: settle)
            let probe = Task { try await stage.next() }
            _ = try await repeatedlyMoving(into: stage, named: "probe", until: probe)
            let taking = Task {
                var taken: [String] = []
                while taken.count < names.count {
                    // A probe may have come between the claimed one and the mover's end.
                    taken += try await stage.next(1).filter { !$0.hasPrefix("probe") }
                }
                return taken
            }
            let start = ContinuousClock.now
            for name in names { try stage.moveIn(name) }
            let taken = try await taking.value
            // OverflowTests fill the kernel's queue, which all share: what it has no room for is not known as a rename.
            if start.duration(to: .now) >= settle { continue }
            return #expect(taken == names)
        }
    }

    /// A weekend's files, and a service that is stopped and started in the middle of them.
    @Test func aRestartInTheMiddleOfABacklogChangesNothing() async throws {
        let home = try TemporaryFolder()
        let names = (0..<60).map { "\(($0 * 7) % 60).json" }
        let first = try InboxStage(settle: .milliseconds(10), home: home)
        try await first.inTurn(names) { name in
            if name.hasPrefix("1") { try first.moveIn(name) } else { try first.inbox.write("{}", as: name) }
        }
        var taken = try await first.next(25)
        await first.drops.stop()
        let second = try InboxStage(settle: .milliseconds(10), home: home)
        taken += try await second.next(20)
        await second.drops.stop()
        let third = try InboxStage(settle: .milliseconds(10), home: home)
        taken += try await third.next(15)
        #expect(taken == names)
    }
}
