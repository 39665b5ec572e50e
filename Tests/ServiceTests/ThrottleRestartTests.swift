import Delivery
import Ledger
import Model
import Sandbox
import Testing
import TestSupport

/// Throttle and ledger together: whatever arrives when, however the clock on the wall steps, and whenever the service
/// or the machine stops, no 60 seconds see more than the limit.
@Suite(.timeLimit(.minutes(5))) struct ThrottleRestartTests {
    private struct UnderWay {
        var request: Int64
        var row: Int64
        var end: Moment
    }

    @Test(arguments: 0..<12 as Range<UInt64>) func noWindowHoldsMoreThanTheLimit(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let folder = try TemporaryFolder()
        let time = ManualTime()
        let limit = Int.random(in: 2...12, using: &generator)
        var boot = 1
        var ledger = try Ledger(state: folder.path, boot: "boot-1", time: time)
        var throttle = Throttle(limit: limit)
        var underWay: [UnderWay] = []
        var seen: [Moment] = []
        var number: Int64 = 0

        func endThoseDue() async throws {
            for ended in underWay where ended.end <= time.moment {
                throttle.end(ended.request, at: time.moment)
                try await ledger.end(
                    RequestEnd(
                        request: ended.row, status: 200, duration: .zero, error: nil, batch: nil, statusURI: nil,
                        response: nil))
            }
            underWay.removeAll { $0.end <= time.moment }
        }

        for _ in 0..<400 {
            time.advance(by: .milliseconds(Int64.random(in: 0...5000, using: &generator)))
            try await endThoseDue()
            switch Int.random(in: 0..<100, using: &generator) {
            case 0..<6:
                // The service stops in the middle of everything; sometimes the machine does.
                if Bool.random(using: &generator) { boot += 1 }
                ledger = try Ledger(state: folder.path, boot: "boot-\(boot)", time: time)
                throttle = Throttle(
                    limit: limit, ended: try await ledger.inheritSlots(window: Throttle.window, limit: limit))
                // What was under way may reach the API until now, but not later.
                underWay = []
            case 6..<12:
                time.stepWallClock(by: .seconds(Int64.random(in: -100_000...100_000, using: &generator)))
            case 12..<16:
                throttle.slowDown(
                    until: time.moment + .seconds(Int64.random(in: 0...20, using: &generator)), leftAt: time.moment,
                    at: time.moment)
            default:
                number += 1
                guard throttle.take(number, at: time.moment) == .go else { continue }
                let row = try await ledger.beginTokenRequest(requestID: "\(number)")
                seen.append(time.moment)
                let took = Duration.milliseconds(Int64.random(in: 0...20_000, using: &generator))
                underWay.append(UnderWay(request: number, row: row, end: time.moment + took))
            }
        }
        #expect(seen.count > limit * 3, "and yet there is progress")
        for (index, moment) in seen.enumerated() where index >= limit {
            #expect(moment - seen[index - limit] >= Throttle.window)
        }
    }

    /// With a new boot the machine has been off, and the clock on the wall tells how long.
    @Test(arguments: ["boot-1", "boot-2"]) func theSilenceThatTheAPIAskedForOutlivesTheService(boot: String)
        async throws
    {
        let folder = try TemporaryFolder()
        let time = ManualTime()
        let first = try Ledger(state: folder.path, boot: "boot-1", time: time)
        for length in [60, 10] {
            var end = RequestEnd(
                request: try await first.beginTokenRequest(requestID: "1"), status: 429, duration: .zero)
            end.silence = Silence(.seconds(length), time)
            try await first.end(end)
        }
        time.advance(by: .seconds(20))
        for left in [40, 30] {
            let ledger = try Ledger(state: folder.path, boot: boot, time: time)
            let end = try #require(try await ledger.inheritSilence())
            #expect(abs((end - time.moment).wholeMilliseconds - Int64(left * 1000)) <= 2)
            var throttle = Throttle(limit: nil, silentUntil: end)
            #expect(throttle.take(1, at: time.moment) == .wait(until: end))
            time.advance(by: .seconds(10))
        }
        // However far the clock on the wall was set back.
        time.stepWallClock(by: .seconds(-100_000))
        let third = try Ledger(state: folder.path, boot: "boot-3", time: time)
        #expect(try await third.inheritSilence() == time.moment + .seconds(60))
        time.advance(by: .seconds(61))
        #expect(try await third.inheritSilence() == nil)
    }

    @Test func aRestartDuringTheSilenceAsksNothing() async throws {
        let time = ManualTime()
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil), clock: OutageTests.clock(time)) {
            sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address, time: time)
            try stage.writeConfiguration()
            sandbox.script([.retryAfter("60")])
            try stage.drop(Stage.account("INV-1"), as: "a.json")
            try await stage.whileServing {
                try await eventually("it is told to wait") {
                    time.advance(by: .milliseconds(10))
                    return stage.reports.contains { $0.status == 429 }
                }
            }
            let told = time.moment
            let before = sandbox.requestCount
            try await stage.whileServing {
                try await eventually("it is accepted") {
                    time.advance(by: .milliseconds(500))
                    try await Task.sleep(for: .milliseconds(2))
                    if time.moment - told < .seconds(59) { #expect(sandbox.requestCount == before) }
                    return !stage.filed.isEmpty
                }
            }
            #expect(stage.filed.first?.outcome == .accepted)
        }
    }
}
