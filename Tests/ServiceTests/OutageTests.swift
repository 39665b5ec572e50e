import Crypto
import Delivery
import Foundation
import Model
import Sandbox
import Service
import SluiceConfiguration
import Testing
import TestSupport

/// Service and sandbox live by one clock that only the test moves (contract, section 4, "Outages").
@Suite(.timeLimit(.minutes(10))) struct OutageTests {
    static func clock(_ time: ManualTime) -> SandboxClock {
        SandboxClock(
            now: { time.moment.sinceBoot },
            date: { Date(timeIntervalSince1970: Double(time.timestamp.milliseconds) / 1000) },
            sleep: { try await time.sleep(for: $0) })
    }

    static let top = "retry: {base: 10ms, cap: 20ms}\nbreaker: {failures: 5, probe: 30s}"

    private static func submissions(_ stage: Stage) -> [SeenRequest] {
        stage.sandbox.requests.filter { $0.path.hasPrefix("/sync/v1/") }
    }

    /// What was under way when a pause began is no probe: waits for its end, while the clock stands still.
    private static func untilNothingIsUnderWay(_ stage: Stage) async throws {
        var calm = 0
        try await eventually("nothing is under way") {
            calm = stage.reports.count == stage.sandbox.requestCount ? calm + 1 : 0
            return calm == 100
        }
    }

    /// An outage of three hours that begins when a token is there, with so many drops waiting: none fails, each is
    /// accepted once, and meanwhile one probe is made at a time, in turns.
    @Test func aThreeHourOutageWithFiveHundredDropsFailsNone() async throws {
        let time = ManualTime()
        var options = SandboxOptions(requestsPerMinute: 1000)
        options.faults.outages = [.init(length: .seconds(3 * 3600), start: .seconds(10))]
        try await Stage.run(top: Self.top, options: options, time: time, clock: Self.clock(time)) { stage in
            let start = time.moment
            try stage.drop(Stage.account("INV-0"), as: "first.json")
            try await stage.waitForFiled(1)
            time.advance(by: .seconds(10))
            for number in 1...500 { try stage.drop(Stage.account("INV-\(number)"), as: "orders-\(number).json") }
            try await eventually("submission pauses") {
                time.advance(by: .milliseconds(10))
                try await Task.sleep(for: .milliseconds(2))
                return stage.pauses == 1
            }
            try await Self.untilNothingIsUnderWay(stage)
            let before = Self.submissions(stage).count
            while time.moment - start < .seconds(3 * 3600) {
                // Real time for what is under way, so that the clock does not run far ahead of a request.
                time.advance(by: .seconds(3))
                repeat {
                    try await Task.sleep(for: .milliseconds(2))
                } while stage.reports.count < stage.sandbox.requestCount
            }
            let probes = Self.submissions(stage).dropFirst(before)
            #expect((200...360).contains(probes.count))
            for (earlier, later) in zip(probes, probes.dropFirst()) {
                #expect(later.at.timeIntervalSince(earlier.at) >= 29.9)
            }
            let held = stage.reports.filter(\.isHeld).compactMap { $0.subject?.reference }
            #expect(Set(held.suffix(64)).count == 64, "in turns over all that were taken")
            #expect(stage.filed.count == 1, "nothing failed meanwhile")

            try await eventually("all are accepted", within: .seconds(240)) {
                time.advance(by: .seconds(1))
                try await Task.sleep(for: .milliseconds(2))
                return stage.filed.count == 501
            }
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted })
            #expect(try Stage.names(in: stage.failed).isEmpty)
            #expect(stage.sandbox.accepted.count == 501)
            #expect(stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 && $0.repeats == 0 && $0.mismatches == 0 })
            #expect(stage.sandbox.largestWindow <= 1000)
            #expect(stage.alerts.filter { $0.event == .outage }.map(\.phase) == [.begins, .ends])
        }
    }

    /// The document has failed when submission pauses, and its attachment is all that is left to probe: the API does not know
    /// its account.
    @Test func anEarlyAttachmentBringsTheNewsThatAnOutageIsOver() async throws {
        let time = ManualTime()
        let inbox = "attachments: {name: \"{clientReferenceId}\"}"
        try await Stage.run(top: Self.top, inbox: inbox, time: time, clock: Self.clock(time)) { stage in
            stage.sandbox.script(Array(repeating: .status(503), count: 5))
            try stage.drop(Stage.account("INV-1"), as: "a.json")
            try await stage.sandbox.until { $0.scriptedAnswersLeft < 5 }
            try stage.drop("%PDF-1.4\n%%EOF\n", as: "INV-1.pdf")
            let start = time.moment
            try await eventually("both are done") {
                time.advance(by: .milliseconds(500))
                try await Task.sleep(for: .milliseconds(2))
                return try Set(["a.json", "INV-1.pdf"]).isSubset(of: Stage.names(in: stage.done))
            }
            #expect(
                time.moment - start < .seconds(600), "nothing waited for the hour at which the attachment goes again")
            #expect(stage.pauses == 1)
            #expect(stage.alerts.filter { $0.event == .outage }.map(\.phase) == [.begins, .ends])
        }
    }

    @Test func aDocumentThatAlwaysGetsA500FailsAloneWhileOthersPass() async throws {
        try await Stage.run { stage in
            stage.sandbox.script(
                Array(repeating: .status(500), count: 100), for: .reference(try Self.reference(of: "POISON")))
            try stage.drop(Stage.account("POISON"), as: "poison.json")
            for number in 0..<40 { try stage.drop(Stage.account("INV-\(number)"), as: "orders-\(number).json") }
            try await eventually("the others are done, and it has failed") {
                stage.filed.filter { $0.outcome == .accepted }.count == 40 && stage.filed.count >= 41
            }
            // Put back at the next success, it fails for good.
            try stage.drop(Stage.account("LAST"), as: "last.json")
            try await eventually("it failed twice") {
                stage.filed.filter { $0.drop.name == FileName("poison.json") }.count == 2
            }
            #expect(try Stage.names(in: stage.failed) == ["poison.json", "poison.json.result.json"])
            #expect(stage.sandbox.books.accounts.count == 41)
            for number in 0..<5 { try stage.drop(Stage.account("MORE-\(number)"), as: "more-\(number).json") }
            try await eventually("the rest is done") { stage.filed.count == 48 }
            #expect(stage.sandbox.requests.filter { $0.status == 500 }.count == 6, "three attempts, twice")
        }
    }

    @Test func aLoneDropIsPutBackAtTheNextSuccess() async throws {
        try await Stage.run { stage in
            stage.sandbox.script([.status(500), .closeAfterApply, .status(503)])
            try stage.drop(Stage.account("INV-1"), as: "a.json")
            let failed = try await stage.result(of: "a.json")
            #expect(failed.code == "submit.serverError")
            try stage.drop(Stage.account("INV-2"), as: "b.json")
            try await eventually("it is accepted after all") { try Stage.names(in: stage.done).contains("a.json") }
            let result = try await stage.result(of: "a.json")
            #expect(result.outcome == "accepted")
            #expect(result.attempts.count == 4)
            #expect(try Stage.names(in: stage.failed).isEmpty, "its old result is gone too")
            #expect(stage.sandbox.accepted.map(\.acceptances) == [1, 1])
            try await stage.waitForFiled(3)
            let first = try #require(stage.filed.first)
            let again = try #require(stage.filed.last { $0.drop.id == first.drop.id })
            #expect(again.drop.arrival == first.drop.arrival && again.outcome == .accepted)
        }
    }

    @Test func aLoneDropIsPutBackAfterAQuarterOfAnHour() async throws {
        let time = ManualTime()
        try await Stage.run(top: Self.top, time: time, clock: Self.clock(time)) { stage in
            stage.sandbox.script([.status(500), .status(500), .status(500)])
            try stage.drop(Stage.account("INV-1"), as: "a.json")
            try await eventually("it fails") {
                time.advance(by: .milliseconds(10))
                return stage.filed.count == 1
            }
            for _ in 0..<890 { time.advance(by: .seconds(1)) }
            try await Task.sleep(for: .milliseconds(100))
            #expect(try Stage.names(in: stage.failed).contains("a.json"))
            try await eventually("it is accepted") {
                time.advance(by: .seconds(1))
                return stage.filed.count == 2
            }
            #expect(stage.filed.last?.outcome == .accepted)
        }
    }

    @Test func withoutRequeueADropStaysFailed() async throws {
        let top = "retry: {base: 10ms, cap: 20ms, requeueAfterOutage: false}"
        try await Stage.run(top: top) { stage in
            stage.sandbox.script([.status(500), .status(500), .status(500)])
            try stage.drop(Stage.account("INV-1"), as: "a.json")
            _ = try await stage.result(of: "a.json")
            for number in 0..<3 {
                try stage.drop(Stage.account("MORE-\(number)"), as: "b\(number).json")
                _ = try await stage.result(of: "b\(number).json")
            }
            #expect(try Stage.names(in: stage.failed) == ["a.json", "a.json.result.json"])
        }
    }

    /// 404s over several drops: what failed before they were recognised comes back when the configuration is right again.
    @Test(arguments: [404, 403, 401]) func aWrongConfigurationDoesNotEmptyTheInboxIntoFailed(status: Int) async throws {
        let time = ManualTime()
        try await Stage.run(
            top: "retry: {base: 10ms, cap: 20ms}\nlimits: {inFlight: 1}\nbreaker: {failures: 3, probe: 30s}",
            time: time, clock: Self.clock(time)
        ) { stage in
            // Each drop may have a 401 of its own before the token is renewed for it.
            stage.sandbox.script(Array(repeating: .status(status), count: status == 401 ? 60 : 30))
            for number in 0..<40 { try stage.drop(Stage.account("INV-\(number)"), as: "orders-\(number).json") }
            try await eventually("all are accepted in the end", within: .seconds(240)) {
                time.advance(by: .seconds(5))
                try await Task.sleep(for: .milliseconds(2))
                return stage.filed.filter { $0.outcome == .accepted }.count == 40
            }
            #expect(stage.alerts.contains { $0.event == .misconfigured && $0.phase == .begins })
            #expect(stage.filed.filter { $0.outcome == .failed }.count <= 3)
            #expect(try Stage.names(in: stage.failed).isEmpty)
            #expect(stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 })
        }
    }

    /// Which reference a document with one account gets.
    static func reference(of account: String) throws -> String {
        let text =
            #"[{"clientReferenceId":"\#(account)","invoiceNumber":"1","outstandingAmount":10.5}]"#
        return "account-" + Array(SHA256.hash(data: Data(text.utf8))).hex.prefix(40)
    }
}
