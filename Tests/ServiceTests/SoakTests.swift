import Delivery
import Foundation
import Model
import Sandbox
import Testing
import TestSupport

/// `scripts/soak` in short: every sort of fault at once, and every drop accepted once.
@Suite(.timeLimit(.minutes(10))) struct SoakTests {
    static let faults =
        "429:2%,500:5%,502:5%,503:5%,504:5%,408:2%,drop:5%,hang:1%,tear:5%,cut:5%,early:5%,garbage:5%,huge:2%,"
        + "endless:1%,token/500:5%,token/drop:5%,latency:0ms..20ms"

    @Test func whateverGoesWrongEveryDropIsAcceptedOnce() async throws {
        // Long enough for a request to arrive within it twice, however busy the machine is: a second 401 is final.
        var options = SandboxOptions(requestsPerMinute: nil, tokenLifetime: .seconds(10))
        options.faults = try FaultPlan(parsing: Self.faults)
        // More than half of the requests meet a fault: with fewer attempts one drop in so many would use them up now and
        // then, and if it were the last of them, it would come back only after a quarter of an hour.
        let top = """
            retry: {attempts: 30, base: 20ms, cap: 500ms}
            breaker: {failures: 5, probe: 200ms}
            limits: {inFlight: 32, requestsPerMinute: unlimited}
            """
        try await Stage.run(top: top, api: ["orderWait: 2s"], options: options) { stage in
            for number in 0..<250 { try stage.drop(Stage.account("INV-\(number)"), as: "orders-\(number).json") }
            for number in 0..<30 { try stage.drop("%PDF-1.4\n\(number)\n%%EOF\n", as: "INV-\(number).pdf") }
            do {
                try await eventually("all are in done", within: .seconds(400)) {
                    try Stage.names(in: stage.done).count == 560
                }
            } catch {
                try SoakTests.tellWhatIsMissing(stage)
                throw error
            }
            #expect(try Stage.names(in: stage.failed).isEmpty)
            #expect(try Stage.names(in: stage.work).isEmpty)
            #expect(stage.sandbox.accepted.count == 280)
            #expect(stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 && $0.mismatches == 0 })
            try await eventually("all is applied") { stage.sandbox.books.accounts.count == 250 }
            #expect(stage.sandbox.books.accounts.values.allSatisfy { $0.times == 1 })
            #expect(stage.sandbox.books.attachments.allSatisfy { $0.count == 1 })
            // Every answer that was told to be a fault was one, and was told with its own request id.
            let told = Dictionary(grouping: stage.reports) { $0.requestID }
            #expect(told.values.allSatisfy { $0.count == 1 })
        }
    }

    /// What a person needs to know of a run that did not come to its end.
    static func tellWhatIsMissing(_ stage: Stage) throws {
        let failed = try Stage.names(in: stage.failed)
        for name in failed where name.hasSuffix(".result.json") {
            print(try String(contentsOf: stage.failed.appendingPathComponent(name), encoding: .utf8))
        }
        print("in the inbox: \(try Stage.names(in: stage.inbox)), in .work: \(try Stage.names(in: stage.work))")
        print("done: \(try Stage.names(in: stage.done).count) files, failed: \(failed)")
        for event in stage.allEvents.suffix(60) { print(event) }
    }
}
