import Foundation
import Model
import Sandbox
import Service
import Testing
import TestSupport

@Suite struct ThrottleEndToEndTests {
    /// Service and sandbox live by one clock that only the test moves.
    @Test func moreDropsThanAMinuteAllowsNeverExceedTheLimit() async throws {
        let time = ManualTime()
        let clock = SandboxClock(
            now: { time.moment.sinceBoot },
            date: { Date(timeIntervalSince1970: Double(time.timestamp.milliseconds) / 1000) },
            sleep: { try await time.sleep(for: $0) })
        let options = SandboxOptions(requestsPerMinute: 1000)
        try await Stage.run(options: options, time: time, clock: clock) { stage in
            for number in 0..<1050 { try stage.drop(Stage.account("INV-\(number)"), as: "orders-\(number).json") }
            try await eventually("the minute is used up", within: .seconds(240)) { stage.sandbox.requestCount == 1000 }
            #expect(stage.sandbox.tokenRequests == 1)

            time.advance(by: .seconds(30))
            try await eventually("everybody has looked again") { time.sleeperCount > 0 }
            #expect(stage.sandbox.requestCount == 1000)

            try await eventually("the rest goes in the next minute", within: .seconds(240)) {
                time.advance(by: .seconds(1))
                return stage.filed.count == 1050
            }
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted })
            #expect(stage.sandbox.largestWindow == 1000)
            #expect(!stage.sandbox.requests.contains { $0.status == 429 })
            #expect(stage.sandbox.accepted.count == 1050)
        }
    }

    /// A reload may bring a higher limit at once.
    @Test(arguments: ["1", "unlimited"])
    func aRestartRemembersWhatLeftInTheLastMinuteWhateverTheLimit(limit: String) async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration(top: "limits: {requestsPerMinute: unlimited}")
            try await stage.whileServing {
                for number in 0..<150 { try stage.drop(Stage.account("INV-\(number)"), as: "\(number).json") }
                try await stage.waitForFiled(150)
            }
            try stage.writeConfiguration(top: "limits: {requestsPerMinute: \(limit), inFlight: 1}")
            let service = try stage.makeService()
            let run = Task { try await service.run() }
            try await eventually("all count, and the token") { await service.live().requests == 151 }
            run.cancel()
            try await run.value
        }
    }
}
