import Delivery
import Model
import TestSupport
import Testing

/// Batches that are written down before there is a place for them.
@Suite struct IntentTests {
    @Test func noPlaceWaitsForTheJournal() async throws {
        let options = DeliveryStage.Options(inFlight: 1, limit: 2)
        try await DeliveryStage.run([], options) { stage async throws in
            // The token takes the other slot.
            #expect(try await stage.delivery.deliver(stage.submission("account-0")) == .accepted)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...100 {
                    group.addTask { _ = try await stage.delivery.deliver(stage.submission("account-\(number)")) }
                }
                // One has the place and waits for a slot, 64 wait behind it, and the others are not written down.
                try await eventually("as many as may be are written down") { stage.journal.batches.count == 1 + 1 + 64 }
                try await eventually("one waits for a slot") { stage.time.sleeperCount == 1 }
                #expect(stage.submitted.count == 1)
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.waitForAll() }
            }
            #expect(stage.journal.batches.count == 1)
            #expect(stage.journal.all.count { $0.isWithdrawn } == 65)
        }
    }

    @Test func anAcceptanceIsHandedOverAndNothingElseIs() async throws {
        try await DeliveryStage.run([.status(503), .status(202), .status(422)]) { stage async throws in
            let first = try await stage.deliver(stage.submission("account-1", handsOverAcceptance: true))
            guard case .handedOver(let ending) = first else {
                Issue.record("it ended as \(first)")
                return
            }
            #expect(ending.status == 202)
            #expect(ending.batch == .accepted)
            #expect(stage.journal.batches.map { $0.ending?.status } == [503, nil])
            #expect(stage.journal.all[Int(ending.request)].requestID == stage.submitted.last?.headers["x-request-id"])
            let second = try await stage.deliver(stage.submission("account-2", handsOverAcceptance: true))
            guard case .refused = second else {
                Issue.record("it ended as \(second)")
                return
            }
            #expect(stage.journal.batches.last?.ending?.batch == .refused)
        }
    }

    @Test func whatIsPausedMeanwhileHasNotLeft() async throws {
        try await DeliveryStage.run([], DeliveryStage.Options(limit: 2)) { stage async throws in
            #expect(try await stage.delivery.deliver(stage.submission("account-1")) == .accepted)
            async let second = stage.delivery.deliver(stage.submission("account-2"))
            try await eventually("it waits for a slot") { stage.time.sleeperCount == 1 }
            await stage.delivery.pauses.set(PauseGate.Paused(all: true))
            stage.time.advance(by: .seconds(61))
            try await eventually("it is taken back") { stage.journal.all.count { $0.isWithdrawn } == 1 }
            #expect(try await second == .held)
            #expect(stage.submitted.count == 1)
            await stage.delivery.pauses.set(PauseGate.Paused())
            #expect(try await stage.delivery.deliver(stage.submission("account-2")) == .accepted)
            #expect(stage.submitted.count == 2)
            #expect(stage.journal.batches.count == 2)
        }
    }

    @Test func aProbeThatIsPausedIsTheNextOnes() async throws {
        let options = DeliveryStage.Options(breaker: Breaker.Settings(failures: 2, probe: .seconds(30)))
        let answers = Script([503, 503])
        try await DeliveryStage.run(options) { stage async throws in
            let held = (1...2).map { stage.submission("account-\($0)", inbox: "held") }
            let waiting = held.map { submission in Task { try await stage.delivery.deliver(submission) } }
            try await eventually("submission pauses") { await stage.delivery.outage == .outage }
            for submission in held {
                try await eventually("it stands in the row") {
                    if await stage.delivery.stage(of: submission.drop) == .gates { return true }
                    // Its pause after the answer may begin only now.
                    stage.time.advance(by: .milliseconds(20))
                    return false
                }
            }
            let other = Task { try await stage.delivery.deliver(stage.submission("account-3", inbox: "other")) }
            try await eventually("it stands in the row") {
                await stage.delivery.stage(of: stage.submission("account-3").drop) == .gates
            }
            await stage.delivery.pauses.set(PauseGate.Paused(inboxes: ["held"]))
            stage.time.advance(by: .seconds(30))
            try await eventually("the other probes") { stage.submitted.count == 3 }
            #expect(try await other.value == .accepted)
            for each in waiting { #expect(try await each.value == .held) }
        } handler: { request in
            request.path == "/token" ? DeliveryStage.token(1) : .status(answers.take() ?? 200)
        }
    }

    /// Before its next attempt: whoever asked has what it needs no more.
    @Test func whatAnAdminPausesIsHeldWithNothingUnderWay() async throws {
        try await DeliveryStage.run([.status(503)]) { stage async throws in
            let delivered = Task { try await stage.delivery.deliver(stage.submission()) }
            try await eventually("it backs off") { stage.time.sleeperCount == 1 }
            await stage.delivery.pauses.set(PauseGate.Paused(inboxes: ["erp"]))
            stage.time.advance(by: .seconds(2))
            #expect(try await delivered.value == .held)
            #expect(stage.journal.all.allSatisfy { $0.ending != nil })
            #expect(stage.submitted.count == 1)
        }
    }
}
