import Foundation
import Inbox
import Model
import FileSystem
import Synchronization
import Testing
import TestSupport

/// From the first listing to the stop, and what happens to the folder in between.
@Suite(.timeLimit(.minutes(5))) struct InboxLifeTests {
    /// Brings one drop through, so that everything afterwards is seen as an event.
    private func watched(_ stage: InboxStage) async throws {
        try stage.inbox.write("{}", as: "first.json")
        #expect(try await stage.next(1) == ["first.json"])
    }

    @Test func stopEndsAWaitingNext() async throws {
        let stage = try InboxStage()
        let waiting = Task { await stage.drops.next() }
        try await eventually("the inbox is open") { FileManager.default.fileExists(atPath: stage.work.path) }
        await stage.drops.stop()
        #expect(await waiting.value == nil)
        try stage.moveIn("late.json")
        #expect(await stage.drops.next() == nil)
        #expect(try stage.inbox.names == ["late.json"])
    }

    @Test func cancellationEndsAWaitingNext() async throws {
        let stage = try InboxStage()
        let waiting = Task { await stage.drops.next() }
        try await eventually("the inbox is open") { FileManager.default.fileExists(atPath: stage.work.path) }
        waiting.cancel()
        #expect(await waiting.value == nil)
    }

    @Test func onceEndsWhenNothingIsLeft() async throws {
        let stage = try InboxStage(settle: .milliseconds(50), grace: .milliseconds(300), once: true)
        try FileManager.default.createDirectory(
            at: stage.inbox.appendingPathComponent("folder"), withIntermediateDirectories: true)
        try stage.inbox.write("{", as: "cut.json")
        for number in 0..<10 { try stage.inbox.write("{}", as: "\(number).json") }
        var names: Set<String> = []
        for await drop in stage.drops.drops { names.insert(drop.name.description) }
        #expect(names.count == 11)
    }

    @Test func onceEndsAtAnEmptyOrMissingInbox() async throws {
        #expect(await (try InboxStage(once: true)).drops.next() == nil)
        let stage = try InboxStage(once: true)
        try FileManager.default.removeItem(at: stage.inbox)
        #expect(await stage.drops.next() == nil)
    }

    @Test func aMissingInboxIsSaidOnceAndWaitedFor() async throws {
        let stage = try InboxStage(rescan: .milliseconds(20))
        try FileManager.default.removeItem(at: stage.inbox)
        async let drop = stage.next()
        try await Task.sleep(for: .milliseconds(200))
        _ = try stage.folder.subfolder("inbox")
        try stage.moveIn("a.json")
        #expect(try await drop.name == FileName("a.json"))
        let said = stage.events.withLock { $0.map { String(describing: $0).prefix { $0 != "(" } } }
        #expect(said == ["unavailable", "available"])
    }

    @Test func anInboxThatWasRemovedAndMadeAnewGoesOn() async throws {
        let stage = try InboxStage(rescan: .milliseconds(100))
        try await watched(stage)
        for round in 0..<3 {
            try FileManager.default.removeItem(at: stage.inbox)
            _ = try stage.folder.subfolder("inbox")
            try stage.moveIn("\(round).json")
            #expect(try await stage.next(1) == ["\(round).json"])
        }
    }

    @Test func eventsGoOnInAFolderThatWasMovedAwayAndMadeAnew() async throws {
        // No listing for ten minutes: only the kernel's word brings anything.
        let stage = try InboxStage(settle: .milliseconds(20))
        try await watched(stage)
        for round in 0..<3 {
            async let drop = stage.next()
            try FileManager.default.moveItem(
                at: stage.inbox, to: stage.folder.url.appendingPathComponent("away-\(round)"))
            _ = try stage.folder.subfolder("inbox")
            try stage.moveIn("\(round).json")
            #expect(try await drop.name == FileName("\(round).json"))
            try stage.inbox.write("{}", as: "more.json")
            #expect(try await stage.next(1) == ["more.json"])
        }
    }

    /// What is due in a folder that is gone waits for it, and holds up nobody.
    @Test func anInboxThatGoesWhileAFileIsDueCanStillBeStopped() async throws {
        let stage = try InboxStage(settle: .milliseconds(200))
        try await watched(stage)
        let waiting = Task { await stage.drops.next() }
        try stage.inbox.write("{}", as: "due.json")
        try FileManager.default.moveItem(at: stage.inbox, to: stage.folder.url.appendingPathComponent("away"))
        try await eventually("the inbox is missed") {
            stage.events.withLock { $0.contains { if case .unavailable = $0 { true } else { false } } }
        }
        try await Task.sleep(for: .milliseconds(400))
        try FileManager.default.moveItem(at: stage.folder.url.appendingPathComponent("away"), to: stage.inbox)
        #expect(await waiting.value?.name == FileName("due.json"))
    }

    @Test func anIdleInboxWakesNobody() async throws {
        let time = ManualTime()
        let stage = try InboxStage(rescan: .seconds(60), time: time)
        let waiting = Task { await stage.drops.next() }
        try await eventually("it sleeps") { time.nextDeadline.map { $0 - time.moment } == .seconds(60) }
        #expect(time.sleeperCount == 1)
        time.advance(by: .seconds(59))
        #expect(time.sleeperCount == 1)
        time.advance(by: .seconds(1))
        try await eventually("it sleeps again") { time.nextDeadline.map { $0 - time.moment } == .seconds(60) }
        await stage.drops.stop()
        #expect(await waiting.value == nil)
        try await eventually("nobody sleeps") { time.sleeperCount == 0 }
    }

    @Test func manyFilesAreClaimedOnceEach() async throws {
        let stage = try InboxStage(settle: .milliseconds(50))
        let count = 5000
        let writer = Task {
            for number in 0..<count {
                if number.isMultiple(of: 2) {
                    try stage.moveIn("\(number).json")
                } else {
                    try stage.inbox.write("{}", as: "\(number).json")
                }
            }
        }
        var names: Set<String> = []
        for _ in 0..<count { names.insert(try await stage.next().name.description) }
        try await writer.value
        #expect(names.count == count)
        #expect(try stage.inbox.names.isEmpty)
        #expect(try stage.work.names.count == count)
    }

    @Test func aNameThatIsTakenInWorkGoesOnAShelf() async throws {
        let stage = try InboxStage()
        var places: [WorkName] = []
        for round in 0..<3 {
            try stage.moveIn("same.json", "{\"round\":\(round)}")
            let drop = try await stage.next()
            #expect(try stage.text(of: drop) == "{\"round\":\(round)}")
            places.append(drop.workName)
        }
        #expect(places.map(\.shelf) == [nil, 1, 2])
    }

    @Test func aDropThatGoesBackIsUnfinishedAfterTheRestOfItsTime() async throws {
        // The kernel's clock says when the file changed.
        let time = ManualTime(start: SystemTime().timestamp)
        let stage = try InboxStage(settle: .zero, grace: .seconds(4), time: time)
        try stage.moveIn("a.json", "{\"looks\": \"whole\"}")
        let first = try await stage.next()
        #expect(first.condition == .whole)
        try #require(await stage.drops.takeBack(first))
        #expect(try stage.inbox.names == ["a.json"])
        let waiting = Task { try await stage.next() }
        try await eventually("it waits for the rest of its time") {
            time.nextDeadline.map { $0 - time.moment < .seconds(60) } == true
        }
        time.advance(by: .seconds(60))
        let second = try await waiting.value
        #expect(second.condition == .unfinished)
        #expect(await stage.drops.takeBack(second) == false)
        let waited = first.quietSince.duration(to: second.claimedAt)
        #expect(waited >= .milliseconds(3995))
    }

    /// Its sender, who still has it open, may write on while it is judged and on its way back.
    @Test func aDropThatWasWrittenToMeanwhileIsNoMoreWhatWentBack() async throws {
        let stage = try InboxStage(settle: .zero, grace: .seconds(3600))
        try stage.moveIn("a.json", "{\"looks\": \"whole\"}")
        let first = try await stage.next()
        let file = try FileHandle(forWritingTo: stage.work.appendingPathComponent("a.json"))
        try file.seekToEnd()
        try file.write(contentsOf: Data(" ".utf8))
        try file.close()
        try #require(await stage.drops.takeBack(first))
        let second = try await stage.next()
        #expect(second.condition == .whole)
        #expect(try stage.text(of: second) == "{\"looks\": \"whole\"} ")
    }

    @Test func aDropDoesNotGoBackOntoALaterOne() async throws {
        let stage = try InboxStage(settle: .milliseconds(50))
        try stage.moveIn("a.json", "{\"first\":1}")
        let first = try await stage.next()
        try stage.moveIn("a.json", "{\"second\":1}")
        #expect(await stage.drops.takeBack(first) == false)
        #expect(try stage.text(of: first) == "{\"first\":1}")
        #expect(try stage.inbox.text(of: "a.json") == "{\"second\":1}")
    }

    @Test func aDropThatCannotGoBackLeavesNoMarkerForALaterOne() async throws {
        let stage = try InboxStage(settle: .milliseconds(50), ready: "{name}.ready")
        try stage.moveIn("a.json", "{\"first\":1}")
        try stage.moveIn("a.json.ready", "")
        let first = try await stage.next()
        try stage.moveIn("a.json", "{\"second\":1}")
        #expect(await stage.drops.takeBack(first) == false)
        #expect(try stage.inbox.names == ["a.json"])
    }

    /// `echo ok > a.json.ready` is a file without content for a moment, and the claim may begin there.
    @Test func aMarkerThatIsStillWrittenGoesWithItsDrop() async throws {
        for step in 1...60 {
            let home = try TemporaryFolder()
            let marker = home.url.path + "/inbox/a.json.ready"
            let time = Meddler(at: step) {
                guard let marker = FileHandle(forWritingAtPath: marker) else { return }
                marker.write(Data("ok".utf8))
            }
            let stage = try InboxStage(settle: .zero, once: true, time: time, ready: "{name}.ready", home: home)
            try stage.inbox.write("{}", as: "a.json")
            try stage.inbox.write("", as: "a.json.ready")
            #expect(try await stage.next(1) == ["a.json"])
            #expect(try stage.inbox.names.isEmpty, "written at the reading \(step) of a clock")
        }
    }
}
