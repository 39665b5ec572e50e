import Model
import Synchronization
import Testing
import TestSupport

@Suite struct AlarmsTests {
    private final class Owner: Sendable {
        let rings = Mutex(0)
        var count: Int { rings.withLock { $0 } }
    }

    private let time = ManualTime()
    private let alarms: Alarms

    init() {
        alarms = Alarms(time: time)
    }

    private func set(_ owner: Owner, in seconds: Int, leeway: Int = 0) {
        alarms.set(for: owner, at: time.moment + .seconds(seconds), orEarlierBy: .seconds(leeway)) {
            owner.rings.withLock { $0 += 1 }
        }
    }

    /// Lets time pass once the one sleeper lies.
    private func pass(_ seconds: Int) async throws {
        try await eventually("it sleeps") { time.sleeperCount > 0 }
        time.advance(by: .seconds(seconds))
    }

    @Test func eachRingsOnceWhenItsTimeHasCome() async throws {
        let owners = (0..<10).map { _ in Owner() }
        for (number, owner) in owners.enumerated() { set(owner, in: 10 - number) }
        for number in (0..<10).reversed() {
            try await eventually("it sleeps") { time.nextDeadline == time.moment + .seconds(1) }
            #expect(owners[number].count == 0)
            time.advance(by: .seconds(1))
            try await eventually("it rings") { owners[number].count == 1 }
        }
        #expect(owners.allSatisfy { $0.count == 1 })
        #expect(time.sleeperCount == 0)
    }

    /// A thousand listings that began at any time: one sleeper, and soon one wake-up for many.
    @Test func whoCanWaitLessIsWokenTogetherWithOthers() async throws {
        let owners = (0..<1000).map { _ in Owner() }
        for (number, owner) in owners.enumerated() { set(owner, in: 45 + number % 16, leeway: 15) }
        try await eventually("it sleeps") { time.nextDeadline == time.moment + .seconds(45) }
        #expect(time.sleeperCount == 1)
        time.advance(by: .seconds(45))
        try await eventually("all ring") { owners.allSatisfy { $0.count == 1 } }
    }

    @Test func nobodyIsWokenForThoseWhoCanWaitLessAlone() async throws {
        let owner = Owner()
        set(owner, in: 60, leeway: 15)
        try await pass(50)
        try await eventually("it still sleeps") { time.sleeperCount == 1 }
        #expect(owner.count == 0)
        time.advance(by: .seconds(10))
        try await eventually("it rings") { owner.count == 1 }
    }

    @Test func aLaterAlarmTakesThePlaceOfAnEarlierOne() async throws {
        let owner = Owner()
        set(owner, in: 5)
        set(owner, in: 50)
        try await pass(5)
        try await eventually("it sleeps again") { time.nextDeadline == time.moment + .seconds(45) }
        #expect(owner.count == 0)
        alarms.cancel(for: owner)
        try await eventually("nobody sleeps") { time.sleeperCount == 0 }
    }

    /// Requests that are answered in time, one after the other: none leaves a sleep of its own behind.
    @Test func oneThatSleepsOnIsThereForTheNext() async throws {
        let alarms = Alarms(time: time, sleepsOn: true)
        for number in 0..<100 {
            let owner = Owner()
            alarms.set(for: owner, at: time.moment + .seconds(60)) { owner.rings.withLock { $0 += 1 } }
            try await eventually("it sleeps") { time.nextDeadline == time.moment + .seconds(60 - number % 60) }
            alarms.cancel(for: owner)
            #expect(time.sleeperCount == 1)
            time.advance(by: .seconds(1))
            if number % 60 == 59 { try await eventually("it woke for nothing") { time.sleeperCount == 0 } }
        }
        // Whoever it did not wake for is woken in time.
        let late = Owner()
        alarms.set(for: late, at: time.moment + .seconds(60)) { late.rings.withLock { $0 += 1 } }
        for _ in 0..<60 {
            try await eventually("it sleeps") { time.sleeperCount == 1 }
            #expect(late.count == 0)
            time.advance(by: .seconds(1))
        }
        try await eventually("it rings") { late.count == 1 }
    }
}
