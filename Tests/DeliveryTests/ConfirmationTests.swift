import Delivery
import Foundation
import Model
import Synchronization
import Testing
import TestSupport

/// The status URI: what it says, and how it is asked.
@Suite(.timeLimit(.minutes(5))) struct ConfirmationTests {
    @Test(arguments: [
        (#"{"status": "Queued"}"#, Delivery.Confirmation.pending), (#"{"status": "processing", "x": 1}"#, .pending),
        (#"{"status": "Completed"}"#, .completed),
        (#"{"status": "Completed", "records": [{"clientReferenceId": "A", "status": "Accepted"}]}"#, .completed),
        (#"{"status": "Completed", "records": [{"status": "Odd"}, 7, null]}"#, .completed),
        (
            #"{"status": "Completed", "records": [{"status": "Accepted"}, {"claimNumber": "C", "status": "Rejected", "message": "no"}]}"#,
            .listed(
                RecordList(
                    names: [nil, "C"],
                    refused: [RecordRefusal(index: 1, identity: "C", word: "Rejected", message: "no")]))
        ),
        (
            #"{"status": "Failed", "records": [{"clientReferenceId": "", "status": "failed"}]}"#,
            .listed(
                RecordList(
                    names: [nil], refused: [RecordRefusal(index: 0, identity: nil, word: "failed", message: nil)]))
        ),
        (#"{"status": "Failed"}"#, .refused([])),
        (#"{"status": "Paused"}"#, .unreadable("the status is an unknown word")),
        (#"{"state": "Completed"}"#, .unreadable("the status has no status")),
        ("[]", .unreadable("the status is no JSON object")), ("", .unreadable("the status is no JSON object")),
    ])
    func aStatusDocumentIsRead(text: String, says: Delivery.Confirmation) {
        #expect(StatusReading().read(Array(text.utf8)) == says)
    }

    @Test func itsNamesComeFromTheConfiguration() {
        let reading = StatusReading(
            field: "state", pending: ["open"], completed: ["done"], records: "lines", refused: ["bad"])
        let text = #"{"state": "done", "lines": [{"state": "bad", "clientReferenceId": "A", "reason": "why"}]}"#
        #expect(
            reading.read(Array(text.utf8))
                == .listed(
                    RecordList(
                        names: ["A"],
                        refused: [RecordRefusal(index: 0, identity: "A", word: "bad", message: "why")])))
        #expect(reading.read(Array(#"{"state": "open"}"#.utf8)) == .pending)
    }

    /// Entries are told as names, with a `!` where the record was refused; `-`: without a name.
    @Test(
        arguments: [
            ("A B! C", [1]), ("- -! -", [1]), ("- B! -", [1]), ("B!", [1]), ("C B! A", [1]), ("C! A! B", [2, 0]),
            ("-!", nil), ("B! -!", nil), ("B -! C", nil), ("X! B C", nil), ("A B B!", nil), ("A B! C D", [1]),
            ("A - -! -", nil),
        ] as [(String, [Int]?)])
    func whatIsListedIsFoundByItsPlaceOrItsName(entries: String, refused: [Int]?) {
        #expect(Self.places(entries, among: ["A", "B", "C"]) == refused)
    }

    @Test(
        arguments: [
            // Two payments to one account.
            ("A A! B", [1]), ("A!", nil), ("B!", [2]), ("B A! A", nil), ("B! A A", [2]),
        ] as [(String, [Int]?)])
    func aNameThatTwoRecordsHaveTellsNothing(entries: String, refused: [Int]?) {
        #expect(Self.places(entries, among: ["A", "A", "B"]) == refused)
    }

    /// Where what is listed stands among the records; `nil`: that is not clear.
    private static func places(_ entries: String, among records: [String]) -> [Int]? {
        let entries = entries.split(separator: " ")
        let names = entries.map { $0.hasPrefix("-") ? nil : String($0.filter { $0 != "!" }) }
        let refused = entries.indices.filter { entries[$0].hasSuffix("!") }.map {
            RecordRefusal(index: $0, identity: names[$0], word: "Rejected", message: nil)
        }
        switch Confirmation.listed(RecordList(names: names, refused: refused)).matched(with: records.map { [$0] }) {
        case .refused(let found): return found.map(\.index)
        case .unclear(let told):
            #expect(told == refused)
            return nil
        default:
            Issue.record("it is one or the other")
            return nil
        }
    }

    @Test func aClaimIsFoundByItsNumber() {
        let refused = RecordRefusal(index: 0, identity: "C-2", word: "Rejected", message: nil)
        let list = Delivery.Confirmation.listed(RecordList(names: ["C-2"], refused: [refused]))
        var found = refused
        found.index = 1
        #expect(list.matched(with: [["INV-1", "C-1"], ["INV-2", "C-2"]]) == .refused([found]))
    }

    private func subject(_ location: String) -> StatusSubject {
        StatusSubject(
            inbox: "erp", drop: DropID(text: "d"), kind: .account, reference: "account-1", location: location)
    }

    @Test func itIsAskedLessAndLessOftenUntilItIsFinal() async throws {
        let pending = StubServer.Reply.status(200, body: #"{"status": "Queued"}"#)
        let replies = Array(repeating: pending, count: 5) + [.status(200, body: #"{"status": "Completed"}"#)]
        try await DeliveryStage.run(replies) { stage async throws in
            let start = stage.time.moment
            #expect(try await stage.confirm(subject("/v1/status/7")) == .completed)
            #expect(stage.submitted.count == 6)
            #expect(stage.submitted.allSatisfy { $0.method == "GET" && $0.path == "/v1/status/7" })
            #expect(stage.submitted.allSatisfy { $0.bearer == "token-1" && $0.headers["x-request-id"] != nil })
            #expect(stage.time.moment - start >= .milliseconds(1000 + 1500 + 2250 + 3375 + 5062))
            #expect(
                stage.journal.entries.count { $0.purpose == .status(drop: DropID(text: "d"), reference: "account-1") }
                    == 6)
        }
    }

    @Test func thereIsADeadline() async throws {
        let options = DeliveryStage.Options(confirmation: ConfirmationSchedule(deadline: .seconds(100)))
        try await DeliveryStage.run(options) { stage async throws in
            let start = stage.time.moment
            #expect(try await stage.confirm(subject("/v1/status/7")) == .pending)
            #expect(stage.time.moment - start <= .seconds(100))
            #expect((5...20).contains(stage.submitted.count))
        } handler: { request in
            request.path == "/token" ? DeliveryStage.token(1) : .status(200, body: #"{"status": "Queued"}"#)
        }
    }

    @Test func aTokenGoesToNoOtherHost() async throws {
        let other = try StubServer { _ in .status(200, body: #"{"status": "Completed"}"#) }
        defer { other.stop() }
        try await DeliveryStage.run { stage async throws in
            for location in [
                other.url("/s"), "https://127.0.0.1:\(stage.server.port)/s", "//example.com/s",
                "http://u@127.0.0.1:\(stage.server.port)/s",
            ] {
                guard case .unreadable = try await stage.delivery.readStatus(subject(location), keeping: .all) else {
                    Issue.record("\(location) was read")
                    continue
                }
            }
            #expect(other.requests.isEmpty && stage.submitted.isEmpty)
        }
    }

    @Test(arguments: [500, 404, 401, 302]) func whatIsNoStatusIsAskedForAgain(status: Int) async throws {
        let replies = [StubServer.Reply.status(status), .status(200, body: #"{"status": "Completed"}"#)]
        try await DeliveryStage.run(replies) { stage async throws in
            #expect(try await stage.confirm(subject("/v1/status/7")) == .completed)
            #expect(stage.tokenRequests.count == (status == 401 ? 2 : 1))
        }
    }

    @Test func aStatusThatNoTokenIsGoodForCostsOneNewToken() async throws {
        let tokens = Script([Int]())
        let options = DeliveryStage.Options(confirmation: ConfirmationSchedule(deadline: .seconds(100)))
        try await DeliveryStage.run(options) { stage async throws in
            for number in 1...3 {
                #expect(
                    try await stage.confirm(subject("/v1/status/\(number)"))
                        == .unreadable("the API answered 401"))
            }
            #expect(stage.submitted.count > 10)
            #expect(stage.tokenRequests.count == 2)
            // One that a batch is refused with goes all the same.
            #expect(try await stage.delivery.deliver(stage.submission()) == .accepted)
            #expect(stage.tokenRequests.count == 3)
        } handler: { request in
            if request.path == "/token" { return DeliveryStage.token(tokens.number()) }
            return .status(request.method == "GET" || request.bearer == "token-2" ? 401 : 202)
        }
    }

    @Test func itTakesASlotLikeAnyRequest() async throws {
        try await DeliveryStage.run(
            [.status(200, body: #"{"status": "Completed"}"#)], DeliveryStage.Options(limit: 10)
        ) { stage async throws in
            #expect(try await stage.confirm(subject("/v1/status/7")) == .completed)
            #expect(await stage.delivery.usage == (2, 10))
        }
    }

    @Test func duringAnOutageNobodyAsks() async throws {
        let isOut = Flag()
        let options = DeliveryStage.Options(
            breaker: Breaker.Settings(failures: 2, probe: .seconds(30)),
            confirmation: ConfirmationSchedule(deadline: .seconds(60)))
        try await DeliveryStage.run(options) { stage async throws in
            let confirming = Task { try await stage.delivery.confirm(subject("/v1/status/7"), keeping: .all) }
            try await eventually("it was asked once") { stage.time.sleeperCount == 1 }
            isOut.value = true
            let batches = (1...2).map { number in
                Task { try await stage.delivery.deliver(stage.submission("account-\(number)")) }
            }
            try await eventually("submission pauses") { await stage.delivery.outage == .outage }
            let before = stage.server.requests(to: "/v1/status/7").count
            for _ in 0..<50 {
                stage.time.advance(by: .seconds(7))
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(stage.server.requests(to: "/v1/status/7").count == before)
            isOut.value = false
            try await eventually("all is confirmed and accepted") {
                stage.time.advance(by: .seconds(1))
                return await stage.delivery.outage == nil && stage.server.requests(to: "/v1/status/7").count > before
            }
            #expect(try await confirming.value == .completed, "the outage was longer than the deadline")
            for batch in batches { #expect(try await batch.value == .accepted) }
        } handler: { request in
            if request.path == "/token" { return DeliveryStage.token(1) }
            if request.method == "PUT" { return .status(isOut.value ? 503 : 202) }
            return .status(
                200, body: isOut.wasSet && !isOut.value ? #"{"status": "Completed"}"# : #"{"status": "Queued"}"#)
        }
    }

    private final class Flag: Sendable {
        private let state = Mutex((value: false, wasSet: false))
        var wasSet: Bool { state.withLock { $0.wasSet } }
        var value: Bool {
            get { state.withLock { $0.value } }
            set { state.withLock { $0 = (newValue, true) } }
        }
    }
}
