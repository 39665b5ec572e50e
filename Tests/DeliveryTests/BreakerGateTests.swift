import Delivery
import Model
import Synchronization
import TestSupport
import Testing

/// A pause whose row has become empty.
@Suite(.timeLimit(.minutes(1))) struct BreakerGateTests {
    private final class Pause: Sendable {
        let time = ManualTime()
        let isHeld = Atomic(false)
        private let changes = Mutex<[Breaker.Change]>([])

        /// A gate that an outage closed just now.
        func gate(waits: Bool = true) async -> BreakerGate {
            let gate = BreakerGate(
                Breaker(Breaker.Settings(failures: 2, probe: .seconds(30))), waits: waits,
                isHeld: { self.isHeld.load(ordering: .relaxed) }, time: time
            ) { change in self.changes.withLock { $0.append(change) } }
            for number in 1...2 { _ = await gate.note(.fails, of: DropID(text: "\(number)"), .ordinary) }
            return gate
        }

        var hasEnded: Bool { changes.withLock { $0.contains(.closed(.outage)) } }
    }

    @Test func itEndsAtTheTimeOfTheNextProbe() async throws {
        let pause = Pause()
        let gate = await pause.gate()
        let reader = Task { try await gate.waitForEnd() }
        pause.time.advance(by: .seconds(29))
        #expect(await gate.cause == .outage)
        try await eventually("it is over") {
            pause.time.advance(by: .seconds(1))
            return pause.hasEnded
        }
        try await reader.value
        #expect(try await gate.enter(DropID(text: "3")) == .ordinary)
    }

    @Test func itEndsWhenTheLastOneIsCutOff() async throws {
        let pause = Pause()
        let gate = await pause.gate()
        let drop = Task { try await gate.enter(DropID(text: "3")) }
        drop.cancel()
        await #expect(throws: CancellationError.self) { try await drop.value }
        try await eventually("it is over") {
            pause.time.advance(by: .seconds(1))
            return pause.hasEnded
        }
    }

    @Test func itEndsWhenTheProbeHasLeftForGood() async throws {
        let pause = Pause()
        pause.isHeld.store(true, ordering: .relaxed)
        let gate = await pause.gate()
        pause.time.advance(by: .seconds(30))
        let pass = try await gate.enter(DropID(text: "3"))
        #expect(pass == .probe)
        pause.isHeld.store(false, ordering: .relaxed)
        #expect(await gate.note(.none, of: DropID(text: "3"), pass))
        #expect(!pause.hasEnded)
        try await eventually("it is over") {
            pause.time.advance(by: .seconds(1))
            return pause.hasEnded
        }
    }

    /// Then nobody can be there, and the API is as it was.
    @Test func itGoesOnWhileAnAdminHoldsEverybody() async throws {
        let pause = Pause()
        pause.isHeld.store(true, ordering: .relaxed)
        let gate = await pause.gate()
        for _ in 0..<100 {
            pause.time.advance(by: .seconds(30))
            try await eventually("it looks again") { pause.time.sleeperCount > 0 }
        }
        #expect(await gate.cause == .outage)
        pause.isHeld.store(false, ordering: .relaxed)
        try await eventually("it is over") {
            pause.time.advance(by: .seconds(1))
            return pause.hasEnded
        }
    }
}
