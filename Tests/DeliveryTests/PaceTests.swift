import Delivery
import Model
import TestSupport
import Testing

/// What a 429 does to the rate: half at once, more little by little, never above the limit.
@Suite struct PaceTests {
    private func moment(_ seconds: Double) -> Moment { Moment(sinceBoot: .milliseconds(Int64(seconds * 1000))) }

    @Test func a429HalvesTheRateAndItComesBack() {
        var throttle = Throttle(limit: 600)
        #expect(throttle.rate(at: moment(0)) == 600)
        throttle.slowDown(until: moment(10), leftAt: moment(0), at: moment(1))
        #expect(throttle.rate(at: moment(1)) == 300)
        #expect(throttle.rate(at: moment(10)) == 300, "the silence is no time to recover in")
        #expect(throttle.rate(at: moment(20)) == 400)
        #expect(throttle.rate(at: moment(40)) == 600)
        #expect(throttle.rate(at: moment(4000)) == 600)
    }

    @Test func requestsThatLeftBeforeItTellNothingNew() {
        var throttle = Throttle(limit: 600)
        throttle.slowDown(until: moment(10), leftAt: moment(0), at: moment(1))
        for _ in 0..<7 { throttle.slowDown(until: moment(10), leftAt: moment(0.5), at: moment(2)) }
        #expect(throttle.rate(at: moment(10)) == 300)
        throttle.slowDown(until: moment(12), leftAt: moment(10), at: moment(11))
        #expect(throttle.rate(at: moment(12)) == 155)
    }

    @Test func whileItIsSlowRequestsKeepTheirDistance() {
        var throttle = Throttle(limit: 60)
        #expect(throttle.take(1, at: moment(0)) == .go)
        throttle.slowDown(until: moment(10), leftAt: moment(0), at: moment(0))
        #expect(throttle.take(2, at: moment(9)) == .wait(until: moment(10)))
        #expect(throttle.take(2, at: moment(10)) == .go)
        guard case .wait(let next?) = throttle.take(3, at: moment(10)) else {
            Issue.record("no distance")
            return
        }
        #expect(next == moment(12))
    }

    @Test func anotherLimitIsAnotherPace() {
        var throttle = Throttle(limit: nil)
        throttle.change(limit: 600, at: moment(0))
        throttle.slowDown(until: moment(1), leftAt: moment(0), at: moment(1))
        #expect(throttle.rate(at: moment(1)) == 300)
        throttle.change(limit: 1200, at: moment(7))
        #expect(throttle.rate(at: moment(7)) == 360, "it goes on from where it is")
        #expect(throttle.rate(at: moment(10)) == 420)
        throttle.change(limit: 100, at: moment(10))
        #expect(throttle.rate(at: moment(10)) == 100)
        throttle.slowDown(until: moment(20), leftAt: moment(19), at: moment(20))
        #expect(throttle.rate(at: moment(20)) == 50)
        throttle.change(limit: nil, at: moment(20))
        #expect(throttle.rate(at: moment(20)) == nil)
    }

    @Test func itNeverStopsAltogether() {
        var throttle = Throttle(limit: 1000)
        for second in 0..<100 {
            throttle.slowDown(until: moment(Double(second)), leftAt: moment(Double(second)), at: moment(Double(second)))
        }
        #expect(throttle.rate(at: moment(99)) ?? 0 >= 20)
    }

    /// Random 429s, stops and answers: no window above the limit, and after the last 429 the full rate again.
    @Test(arguments: 0..<20 as Range<UInt64>) func whateverTheAPISaysTheLimitHolds(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let limit = Int.random(in: 5...200, using: &generator)
        var throttle = Throttle(limit: limit)
        var now = Duration.zero
        var seen: [Duration] = []
        for request in 0..<Int64(3000) {
            while true {
                let answer = throttle.take(request, at: Moment(sinceBoot: now))
                guard case .wait(let until) = answer else { break }
                now = until?.sinceBoot ?? now + .seconds(1)
            }
            let left = now
            seen.append(left)
            now += .milliseconds(Int64.random(in: 0...100, using: &generator))
            if request < 2500, Int.random(in: 0..<100, using: &generator) == 0 {
                let pause = Duration.milliseconds(Int64.random(in: 0...20_000, using: &generator))
                throttle.slowDown(
                    until: Moment(sinceBoot: now + pause), leftAt: Moment(sinceBoot: left),
                    at: Moment(sinceBoot: now))
                let rate = throttle.rate(at: Moment(sinceBoot: now)) ?? 0
                #expect(rate > 0 && rate <= Double(limit))
            }
            throttle.end(request, at: Moment(sinceBoot: now))
        }
        for (index, moment) in seen.enumerated() where index >= limit {
            #expect(moment - seen[index - limit] >= Throttle.window)
        }
        #expect(throttle.rate(at: Moment(sinceBoot: now + .seconds(120))) == Double(limit))
    }
}
