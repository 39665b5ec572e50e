import Ledger
import Model
import Testing
import TestSupport

@Suite struct RequestTests {
    private let fixture: LedgerFixture
    private var ledger: Ledger { fixture.ledger }

    init() throws {
        fixture = try LedgerFixture()
    }

    private func admitted(_ content: String, kind: Kind = .account, parts: Int = 1) async throws -> Drop {
        let drop = fixture.drop("a.json")
        _ = try await ledger.admit(fixture.admission(drop, content: content, kind: kind, parts: parts))
        return drop
    }

    @Test func aBatchIsUnresolvedFromBeforeItLeaves() async throws {
        let drop = try await admitted("c")
        #expect(try await ledger.openBatches(of: drop.id).map(\.state) == [.waiting])
        _ = try await ledger.begin(batch: "c", of: drop.id, requestID: "r")
        // What another process would read from the disk.
        #expect(try await fixture.reopened().openBatches(of: drop.id).map(\.state) == [.unresolved])
    }

    @Test(arguments: [BatchState.waiting, .unresolved])
    func aRequestThatDidNotLeaveChangesNothing(state: BatchState) async throws {
        let drop = try await admitted("c")
        if state == .unresolved { try await ledger.attempt("c", of: drop, status: 503, error: .submitServerError) }
        let (request, before) = try await ledger.begin(batch: "c", of: drop.id, requestID: "r")
        #expect(before == state)
        try await ledger.withdraw(request: request, batch: before)
        #expect(try await ledger.openBatches(of: drop.id).map(\.state) == [state])
        #expect(try await ledger.attempts(ofBatch: "c", drop: drop.id) == (state == .unresolved ? 1 : 0))
        let result = try await ledger.conclude(drop, Ending(outcome: .accepted), filedName: drop.name)
        #expect(result.batches.first?.attempts.count == (state == .unresolved ? 1 : 0))
    }

    @Test(arguments: [
        (BatchState?.none, [BatchState.unresolved]), (.waiting, [.waiting]), (.accepted, []), (.refused, []),
    ])
    func anAnswerSettlesTheBatchOrLeavesIt(state: BatchState?, open: [BatchState]) async throws {
        let drop = try await admitted("c")
        try await ledger.attempt("c", of: drop, status: 200, becomes: state)
        #expect(try await ledger.openBatches(of: drop.id).map(\.state) == open)
    }

    @Test func onlyTheBatchThatLeftIsUnresolved() async throws {
        let drop = try await admitted("c", parts: 3)
        try await ledger.attempt("c-2of3", of: drop, status: 500, error: .submitServerError)
        #expect(try await ledger.openBatches(of: drop.id).map(\.state) == [.waiting, .unresolved, .waiting])
    }

    @Test func aRequestForABatchThatIsNotThereIsAnError() async throws {
        let drop = try await admitted("c")
        await #expect(throws: LedgerCorruption.self) {
            _ = try await ledger.begin(batch: "other", of: drop.id, requestID: "r")
        }
    }

    @Test func whatCountsAsAnAttempt() async throws {
        let drop = try await admitted("c")
        try await ledger.attempt("c", of: drop, status: 401, error: .submitUnauthorized)
        #expect(try await ledger.attempts(ofBatch: "c", drop: drop.id) == 0)
        // One under way, or cut off by a stop.
        _ = try await ledger.begin(batch: "c", of: drop.id, requestID: "r")
        #expect(try await ledger.attempts(ofBatch: "c", drop: drop.id) == 0)
        try await ledger.attempt("c", of: drop, status: nil, error: .submitNetwork)
        try await ledger.attempt("c", of: drop, status: 503, error: .submitServerError)
        try await ledger.attempt("c", of: drop, status: 404, error: .submitNotFound)
        #expect(try await ledger.attempts(ofBatch: "c", drop: drop.id) == 3)
    }

    @Test func anEarlyAttachmentUsesUpNoAttempt() async throws {
        let drop = try await admitted("a", kind: .attachment)
        try await ledger.attempt("a", of: drop, status: 404, error: .submitNotFound, becomes: .waiting)
        #expect(try await ledger.attempts(ofBatch: "a", drop: drop.id) == 0)
        try await ledger.attempt("a", of: drop, status: 503, error: .submitServerError)
        #expect(try await ledger.attempts(ofBatch: "a", drop: drop.id) == 1)
    }

    @Test func anAnswerIsWrittenDownTogetherWithWhatFollowsFromIt() async throws {
        let drop = try await admitted("c")
        let (request, _) = try await ledger.begin(batch: "c", of: drop.id, requestID: "r")
        var ending = Ending(outcome: .accepted)
        ending.answer = RequestEnd(
            request: request, status: 202, duration: .milliseconds(84), error: nil, batch: .accepted,
            statusURI: "https://api/status/1", response: "{\"ok\":true}")
        let result = try await ledger.conclude(drop, ending, filedName: drop.name)
        let report = try #require(result.batches.first)
        #expect(report.batch.state == .accepted)
        #expect(report.statusURI == "https://api/status/1")
        #expect(report.attempts.map(\.status) == [202])
        #expect(try await ledger.openBatches(of: drop.id).isEmpty)
        // Its slot is free a minute after its answer.
        fixture.time.advance(by: .seconds(59))
        #expect(try await ledger.inheritSlots(window: .seconds(60), limit: 10).count == 1)
        fixture.time.advance(by: .seconds(2))
        #expect(try await ledger.inheritSlots(window: .seconds(60), limit: 10).isEmpty)
    }

    @Test func aResultTellsEveryAttempt() async throws {
        let drop = try await admitted("c")
        try await ledger.attempt("c", of: drop, status: nil, error: .submitNetwork)
        fixture.time.advance(by: .seconds(2))
        let (request, _) = try await ledger.begin(batch: "c", of: drop.id, requestID: "r")
        try await ledger.end(
            RequestEnd(
                request: request, status: 202, duration: .milliseconds(84), error: nil, batch: .accepted,
                statusURI: "https://api/status/1", response: "{\"ok\":true}"))
        fixture.time.advance(by: .seconds(1))
        let result = try await ledger.conclude(drop, Ending(outcome: .accepted), filedName: drop.name)
        let report = try #require(result.batches.first)
        #expect(report.batch.state == .accepted)
        #expect(report.attempts.map(\.status) == [nil, 202])
        #expect(report.attempts.map(\.error) == [.submitNetwork, nil])
        #expect(report.attempts[1].duration == .milliseconds(84))
        #expect(report.attempts[0].at.duration(to: report.attempts[1].at) == .seconds(2))
        #expect(report.statusURI == "https://api/status/1")
        #expect(report.response == "{\"ok\":true}")
        #expect(result.finishedAt == fixture.time.timestamp)
    }

    @Test func requestsForTokensAreWrittenDownToo() async throws {
        let request = try await ledger.beginTokenRequest(requestID: "t")
        try await ledger.end(
            RequestEnd(
                request: request, status: 200, duration: .milliseconds(5), error: nil, batch: nil, statusURI: nil,
                response: nil))
        #expect(try await ledger.inheritSlots(window: .seconds(60), limit: 10).count == 1)
    }
}
