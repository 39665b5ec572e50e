import Delivery
import Model
import TestSupport
import Testing

@Suite struct ThrottleTests {
    private func moment(_ seconds: Double) -> Moment { Moment(sinceBoot: .milliseconds(Int64(seconds * 1000))) }

    @Test func aSlotIsFreeSixtySecondsAfterItsAnswerEnded() {
        var throttle = Throttle(limit: 1)
        #expect(throttle.take(1, at: moment(0)) == .go)
        #expect(throttle.take(2, at: moment(5)) == .wait(until: nil))
        throttle.end(1, at: moment(10))
        #expect(throttle.take(2, at: moment(20)) == .wait(until: moment(70)))
        #expect(throttle.take(2, at: moment(69.999)) == .wait(until: moment(70)))
        #expect(throttle.take(2, at: moment(70)) == .go)
    }

    @Test func aRequestThatNeverLeftGivesItsSlotBackAtOnce() {
        var throttle = Throttle(limit: 1)
        #expect(throttle.take(1, at: moment(0)) == .go)
        throttle.giveBack(1)
        #expect(throttle.take(2, at: moment(0)) == .go)
    }

    @Test func anotherLimitCountsWithWhatLeftBefore() {
        var throttle = Throttle(limit: 2)
        for request in 1...2 { #expect(throttle.take(Int64(request), at: moment(0)) == .go) }
        for request in 1...2 { throttle.end(Int64(request), at: moment(Double(request))) }
        throttle.change(limit: 1, at: moment(10))
        #expect(
            throttle.take(3, at: moment(61)) == .wait(until: moment(62)),
            "one of two slots is free, and that is one too few")
        throttle.change(limit: 3, at: moment(61))
        #expect(throttle.take(3, at: moment(61)) == .go)
        throttle.change(limit: nil, at: moment(61))
        for request in 4...100 { #expect(throttle.take(Int64(request), at: moment(61)) == .go) }
    }

    @Test func whoWaitsForASlotIsToldOfAnotherLimit() async throws {
        let time = ManualTime()
        let gate = ThrottleGate(Throttle(limit: 1), time: time)
        await gate.leave(try await gate.pass())
        let waiting = Task { try await gate.pass() }
        try await eventually("it waits for the window") { time.sleeperCount == 1 }
        await gate.change(limit: 2)
        _ = try await waiting.value
        #expect(await gate.usage.used == 2)
        let cancelled = Task { try await gate.pass() }
        try await eventually("it waits for the window") { time.sleeperCount == 1 }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        #expect(time.sleeperCount == 0)
    }

    @Test func aLimitAfterNoneCountsWhatLeftWithoutOne() {
        var throttle = Throttle(limit: nil)
        for request in 1...7 {
            #expect(throttle.take(Int64(request), at: moment(0)) == .go)
            throttle.end(Int64(request), at: moment(Double(request)))
        }
        #expect(throttle.used(at: moment(61)) == 6)
        throttle.change(limit: 3, at: moment(61))
        #expect(throttle.take(8, at: moment(61)) == .wait(until: moment(65)), "when less than three are in the window")
        #expect(throttle.take(8, at: moment(65)) == .go)
        #expect(throttle.take(9, at: moment(65)) == .wait(until: moment(66)))
    }

    @Test func withoutALimitNobodyWaits() {
        var throttle = Throttle(limit: nil)
        for request in 0..<10_000 { #expect(throttle.take(Int64(request), at: moment(0)) == .go) }
    }

    @Test func aStopHoldsForEverybodyWhateverIsFree() {
        var throttle = Throttle(limit: 10)
        throttle.stop(until: moment(5))
        throttle.stop(until: moment(3))
        #expect(throttle.take(1, at: moment(4)) == .wait(until: moment(5)))
        #expect(throttle.take(1, at: moment(5)) == .go)
    }

    @Test func slotsOfAnEarlierRunCount() {
        var throttle = Throttle(limit: 2, ended: [moment(50), moment(40)])
        #expect(throttle.used(at: moment(60)) == 2)
        #expect(throttle.take(1, at: moment(60)) == .wait(until: moment(100)))
        #expect(throttle.take(1, at: moment(100)) == .go)
    }

    /// Whenever the API saw a request, it was between its leaving and its answer's end: at any such moments, no window
    /// holds more than the limit.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func whateverTheNetworkDoesNoWindowHoldsMoreThanTheLimit(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let limit = Int.random(in: 1...40, using: &generator)
        var throttle = Throttle(limit: limit)
        var now = Duration.zero
        var underWay: [(end: Duration, request: Int64)] = []
        var seen: [Duration] = []
        for request in 0..<Int64(1500) {
            now += .milliseconds(Int64.random(in: 0...200, using: &generator))
            while true {
                for ended in underWay where ended.end <= now {
                    throttle.end(ended.request, at: Moment(sinceBoot: ended.end))
                }
                underWay.removeAll { $0.end <= now }
                switch throttle.take(request, at: Moment(sinceBoot: now)) {
                case .go: break
                case .wait(let until?):
                    now = until.sinceBoot
                    continue
                case .wait(nil):
                    now = underWay.map(\.end).min() ?? now
                    continue
                }
                break
            }
            let took = Duration.milliseconds(Int64.random(in: 0...30_000, using: &generator))
            // The API sees it at any moment on its way.
            seen.append(now + .milliseconds(Int64.random(in: 0...max(0, took.wholeMilliseconds), using: &generator)))
            underWay.append((now + took, request))
            underWay.sort { $0.end < $1.end }
        }
        seen.sort()
        for (index, moment) in seen.enumerated() where index >= limit {
            #expect(moment - seen[index - limit] >= Throttle.window)
        }
    }

    /// With answers of 0.6 s and work without end, 99 of 100 requests that the limit allows are made.
    @Test func ninetyNinePercentOfTheLimitAreUsed() {
        var throttle = Throttle(limit: 1000)
        var now = Duration.zero
        var underWay: [(end: Duration, request: Int64)] = []
        var made = 0
        var request: Int64 = 0
        while now < .seconds(600) {
            while let first = underWay.first, first.end <= now {
                throttle.end(first.request, at: Moment(sinceBoot: first.end))
                underWay.removeFirst()
            }
            switch throttle.take(request, at: Moment(sinceBoot: now)) {
            case .go:
                made += 1
                underWay.append((now + .milliseconds(600), request))
                request += 1
            case .wait(let until): now = min(until?.sinceBoot ?? .seconds(9999), underWay.first?.end ?? .seconds(9999))
            }
        }
        #expect(made >= 9900)
    }

    @Test func theGateLetsThroughWhatASlotIsFreeFor() async throws {
        let time = ManualTime()
        let gate = ThrottleGate(Throttle(limit: 2), time: time)
        let first = try await gate.pass()
        _ = try await gate.pass()
        let third = Task { try await gate.pass() }
        await gate.leave(first)
        try await eventually("the third sleeps") { time.nextDeadline.map { $0 - time.moment } == .seconds(60) }
        time.advance(by: .seconds(60))
        _ = try await third.value
        #expect(await gate.usage.used == 2)
    }

    @Test func whoIsCancelledAtTheGateTakesNoSlot() async throws {
        let time = ManualTime()
        let gate = ThrottleGate(Throttle(limit: 1), time: time)
        let first = try await gate.pass()
        await gate.leave(first)
        let second = Task { try await gate.pass() }
        try await eventually("the second sleeps") { time.sleeperCount == 1 }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        time.advance(by: .seconds(60))
        _ = try await gate.pass()
    }
}
