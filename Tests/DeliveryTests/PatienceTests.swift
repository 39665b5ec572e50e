import Delivery
import Foundation
import Model
import Testing
import TestSupport

/// What one answer means for the others, and what a stop means for what is under way.
@Suite(.timeLimit(.minutes(5))) struct PatienceTests {
    @Test func everybodyObeysRetryAfter() async throws {
        try await DeliveryStage.run([.status(429, headers: ["Retry-After": "30"])]) { stage async throws in
            async let first = stage.delivery.deliver(stage.submission("account-1"))
            try await eventually("the first one is told to wait") { stage.time.sleeperCount == 1 }
            async let second = stage.delivery.deliver(stage.submission("account-2", inbox: "partner"))
            try await eventually("the second one waits too") { stage.time.sleeperCount == 2 }
            stage.time.advance(by: .milliseconds(29_999))
            #expect(stage.time.sleeperCount == 2)
            #expect(stage.submitted.count == 1)
            stage.time.advance(by: .milliseconds(1))
            #expect(try await first == .accepted)
            #expect(try await second == .accepted)
        }
    }

    @Test func everybodyObeysTheLastAttemptsRetryAfterToo() async throws {
        let options = DeliveryStage.Options(attempts: 1)
        try await DeliveryStage.run([.status(429, headers: ["Retry-After": "20"])], options) { stage async throws in
            guard case .unresolved = try await stage.delivery.deliver(stage.submission("account-1")) else {
                Issue.record("not unresolved")
                return
            }
            async let second = stage.delivery.deliver(stage.submission("account-2"))
            try await eventually("the second one waits") { stage.time.sleeperCount == 1 }
            stage.time.advance(by: .milliseconds(19_999))
            #expect(stage.time.sleeperCount == 1)
            stage.time.advance(by: .milliseconds(1))
            #expect(try await second == .accepted)
        }
    }

    @Test func aRequestIsInTheJournalBeforeItLeaves() async throws {
        try await DeliveryStage.run { stage async throws in
            // A first one brings the token.
            #expect(try await stage.delivery.deliver(stage.submission("account-1")) == .accepted)
            stage.journal.shut()
            async let second = stage.delivery.deliver(stage.submission("account-2"))
            try await eventually("it is about to leave") { stage.journal.waiting == 1 }
            #expect(stage.submitted.count == 1)
            stage.journal.open()
            #expect(try await second == .accepted)
            #expect(stage.journal.batches.count == 2)
        }
    }

    @Test func whatTheJournalDoesNotTakeDoesNotLeave() async throws {
        try await DeliveryStage.run([], DeliveryStage.Options(inFlight: 1, limit: 2)) { stage async throws in
            stage.journal.refuse(with: CancellationError())
            for _ in 0..<100 {
                await #expect(throws: CancellationError.self) {
                    _ = try await stage.delivery.deliver(stage.submission())
                }
            }
            #expect(stage.submitted.isEmpty)
            // Neither a slot nor a place is lost.
            #expect(await stage.delivery.usage.used == 0)
            stage.journal.refuse(with: nil)
            #expect(try await stage.delivery.deliver(stage.submission()) == .accepted)
        }
    }

    @Test func tokensAndBatchesShareTheLimit() async throws {
        try await DeliveryStage.run([], DeliveryStage.Options(limit: 3)) { stage async throws in
            for number in 1...2 {
                #expect(try await stage.delivery.deliver(stage.submission("account-\(number)")) == .accepted)
            }
            #expect(await stage.delivery.usage == (3, 3))
            async let third = stage.delivery.deliver(stage.submission("account-3"))
            try await eventually("the third one waits") { stage.time.sleeperCount == 1 }
            stage.time.advance(by: .milliseconds(59_999))
            #expect(stage.time.sleeperCount == 1)
            stage.time.advance(by: .milliseconds(1))
            #expect(try await third == .accepted)
        }
    }

    @Test func noMoreAreUnderWayThanAreAllowed() async throws {
        let door = DispatchSemaphore(value: 0)
        let replies = Array(repeating: StubServer.Reply.held(door, then: .status(200)), count: 12)
        try await DeliveryStage.run(replies, DeliveryStage.Options(inFlight: 3)) { stage async throws in
            try await withThrowingTaskGroup(of: Delivered.self) { group in
                for number in 0..<12 {
                    group.addTask { try await stage.delivery.deliver(stage.submission("account-\(number)")) }
                }
                for done in 0..<12 {
                    try await eventually("the places are taken") { stage.submitted.count == min(12, done + 3) }
                    door.signal()
                    #expect(try await group.next() == .accepted)
                }
            }
        }
    }

    @Test func whoeverWaitsMayGoWhileItsRequestGoesOn() async throws {
        let door = DispatchSemaphore(value: 0)
        try await DeliveryStage.run([.held(door, then: .status(202))]) { stage async throws in
            let delivery = Task { try await stage.delivery.deliver(stage.submission()) }
            try await eventually("it is under way") { stage.submitted.count == 1 }
            delivery.cancel()
            door.signal()
            #expect(try await delivery.value == .accepted)
            #expect(stage.journal.batches.first?.ending?.batch == .accepted)
        }
    }

    @Test func whatIsCutOffIsNeitherAcceptedNorRefused() async throws {
        try await DeliveryStage.run([.silence()]) { stage async throws in
            let delivery = Task { try await stage.delivery.deliver(stage.submission()) }
            try await eventually("it is under way") { stage.submitted.count == 1 }
            await stage.delivery.abort()
            await #expect(throws: CancellationError.self) { _ = try await delivery.value }
            #expect(stage.journal.batches.count == 1)
            #expect(stage.journal.batches.first?.ending == nil)
        }
    }

    @Test func aPauseBetweenAttemptsEndsWithItsTask() async throws {
        try await DeliveryStage.run([.status(503, headers: ["Retry-After": "600"])]) { stage async throws in
            let delivery = Task { try await stage.delivery.deliver(stage.submission()) }
            try await eventually("it pauses") { stage.time.sleeperCount == 1 }
            delivery.cancel()
            await #expect(throws: CancellationError.self) { _ = try await delivery.value }
            // The pause was its own: others go on.
            #expect(try await stage.delivery.deliver(stage.submission("account-2")) == .accepted)
        }
    }

    @Test func everyRequestIsReported() async throws {
        try await DeliveryStage.run([.status(503)]) { stage async throws in
            #expect(try await stage.deliver(stage.submission()) == .accepted)
            let reports = stage.events.compactMap { if case .answered(let report) = $0 { report } else { nil } }
            #expect(reports.map(\.path) == ["/token", "/v1/account", "/v1/account"])
            #expect(reports.map(\.status) == [200, 503, 200])
            #expect(reports.map(\.code) == [nil, .submitServerError, nil])
            #expect(reports.map { $0.subject?.attempt } == [nil, 1, 2])
            #expect(reports[1].retryIn != nil && reports[2].retryIn == nil)
            #expect(Set(reports.map(\.requestID)) == Set(stage.journal.entries.map(\.requestID)))
        }
    }
}
