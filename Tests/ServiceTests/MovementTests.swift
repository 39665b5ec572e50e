import Model
import Synchronization
import Testing
import TestSupport

@testable import Delivery
@testable import Service

/// When a run has nothing left that goes on by itself.
@Suite(.timeLimit(.minutes(1))) struct MovementTests {
    private final class Count: Sendable {
        private let value = Mutex(0)

        /// From 1.
        func next() -> Int {
            value.withLock { value in
                value += 1
                return value
            }
        }
    }

    private func drop(_ number: Int) -> DropID { DropID(text: "drop \(number)") }

    private func place(_ number: Int) -> DropOrder.Place {
        DropOrder.Place(
            drop: drop(number), inbox: "erp", arrival: Int64(number), rule: .key, kind: .account,
            keys: IdentityKeys([1]))
    }

    @Test func itStandsStillWhenAllWait() async {
        let movement = Movement()
        movement.begin(2)
        movement.end()
        movement.rest()
        movement.rest()
        await movement.standsStill()
    }

    @Test func itDoesNotAsLongAsOneMoves() {
        let movement = Movement()
        movement.begin(2)
        movement.end()
        movement.rest()
        #expect(!movement.hasStoodStill)
    }

    @Test func whoWasLetGoMoves() {
        let movement = Movement()
        movement.begin(2)
        movement.end()
        movement.rest()
        movement.goOn()
        movement.end()
        movement.end()
        #expect(!movement.hasStoodStill, "nothing is left, and nobody waits")
    }

    @Test func aDropThatHasNotHadItsTurnWaitsAndOneThatSettlesDoesNot() async throws {
        let time = ManualTime()
        let movement = Movement()
        let keeper = OrderKeeper(time: time, movement: movement, isProcessed: { _ in false }, report: { _ in })
        for number in 1...2 { await keeper.enlist(place(number)) }
        #expect(await keeper.take(drop(1)))
        movement.begin(1)
        movement.end()
        let second = Task { try await keeper.wait(for: .decision, drop(2)) }
        await movement.standsStill()
        await keeper.conclude(drop(1), settlesIn: .seconds(10))
        try await second.value
        let leaving = Task { try await keeper.wait(for: .leaving, drop(2)) }
        try await eventually("it waits") { time.sleeperCount == 1 }
        #expect(!movement.hasStoodStill)
        time.advance(by: .seconds(10))
        try await leaving.value
    }

    @Test func whoWaitsForAnOutcomeThatDoesNotComeWaitsInVain() async throws {
        let movement = Movement()
        let announcements = Announcements(movement: movement) { _ in false }
        movement.begin(1)
        movement.end()
        let waiter = Task { try await announcements.waitForFinal(drop(1)) }
        await movement.standsStill()
        await announcements.announce(final: drop(1))
        try await waiter.value
    }

    /// The end falls between the question and the wait.
    @Test func whoMissedAnOutcomeDoesNotWaitInVain() async throws {
        let movement = Movement()
        let asked = Count()
        let announcements = Announcements(movement: movement) { _ in asked.next() > 1 }
        movement.begin(1)
        movement.end()
        try await announcements.waitForFinal(drop(1))
        #expect(!movement.hasStoodStill)
    }

    @Test func aLedgerThatCannotBeReadEndsTheWait() async {
        struct Unreadable: Error {}
        let asked = Count()
        let announcements = Announcements(movement: Movement()) { _ in
            if asked.next() > 1 { throw Unreadable() }
            return false
        }
        await #expect(throws: Unreadable.self) { try await announcements.waitForFinal(drop(1)) }
    }
}

extension Movement {
    /// Whether it told so. To be asked once: whoever is cancelled ends what others would hear.
    fileprivate var hasStoodStill: Bool {
        final class Flag: Sendable { let isSet = Mutex(false) }
        let flag = Flag()
        let task = Task.immediate {
            await standsStill()
            flag.isSet.withLock { $0 = true }
        }
        defer { task.cancel() }
        return flag.isSet.withLock { $0 }
    }
}
