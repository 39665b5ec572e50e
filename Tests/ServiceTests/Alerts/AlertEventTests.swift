import FileSystem
import Inbox
import Model
import SluiceConfiguration
import SystemPackage
import Testing

@testable import Delivery
@testable import Service

/// Which alert follows from what the service tells.
@Suite struct AlertEventTests {
    private func answer(
        _ status: Int?, code: Code? = nil, isHeld: Bool = false, isStatus: Bool = false
    ) -> ServiceEvent {
        .delivery(
            .answered(
                AttemptReport(
                    subject: .init(inbox: "erp", drop: DropID(text: "d"), reference: "r", attempt: 1), method: "PUT",
                    path: "/", requestID: "x", status: status, code: code, duration: .zero, isHeld: isHeld,
                    isStatus: isStatus)))
    }

    private func told(_ events: [ServiceEvent], seconds: Int = 1) -> [String] {
        var book = AlertBook(limit: 1000)
        return events.enumerated().flatMap { number, event in
            book.note(event, at: Moment(sinceBoot: .seconds(number * seconds))).map { "\($0.event) \($0.phase)" }
        }
    }

    @Test func aFullDiskIsOneWhereverItShows() {
        let full: ServiceEvent = .fault(
            LocalFault(work: "write the ledger", cause: .diskFull, message: "database or disk is full"))
        #expect(told([full, full, .faultOver(work: "write the ledger")]) == ["diskFull begins", "diskFull ends"])
        #expect(
            told([.fault(LocalFault("file a drop in /x", SystemCallError("write", "/x/a", .noSpace)))])
                == ["diskFull begins"])
    }

    @Test func aLedgerThatCannotBeWrittenIsTold() {
        let fault: ServiceEvent = .fault(
            LocalFault(work: "write the ledger", cause: .ledger, message: "attempt to write a readonly database"))
        #expect(
            told([fault, .faultOver(work: "write the ledger")]) == ["ledgerUnwritable begins", "ledgerUnwritable ends"])
    }

    @Test func anInboxThatCannotBeUsedIsTold() {
        let error = SystemCallError("open", "/x", .permissionDenied)
        #expect(
            told([.inbox("erp", .unavailable(error)), .inbox("erp", .unavailable(error)), .inbox("erp", .available)])
                == ["inboxUnavailable begins", "inboxUnavailable ends"])
    }

    @Test func whatIsWrongWithAnInboxThatIsGoneIsOver() {
        let events: [ServiceEvent] = [
            .inbox("erp", .unsuitable("senders can write to done")), .inboxGone("erp", unfinished: 0),
            .inbox("erp", .available),
        ]
        #expect(told(events) == ["inboxUnavailable begins", "inboxUnavailable ends"])
    }

    @Test func aFileThatCannotBeClaimedForTheDisksSakeIsTold() {
        let (file, error) = (FileName("a.json"), SystemCallError("renameat2", "/x/a.json", .noSpace))
        #expect(
            told([.inbox("erp", .cannotClaim(file, error)), .inbox("erp", .claimsAgain(file))])
                == ["diskFull begins", "diskFull ends"])
    }

    /// Nobody says later that it is gone.
    @Test func aMarkerThatStaysIsNoAlert() {
        let error = SystemCallError("unlinkat", "/x/a.json.ready", .noSpace)
        #expect(told([.inbox("erp", .stays(FileName("a.json.ready"), error))]) == [])
    }

    @Test func nothingIsMissingWhereNothingIsExpectedAnyMore() throws {
        let events: [ServiceEvent] = [
            .nothingCame(inbox: "erp", by: .init(hour: 7, minute: 0), last: nil), .nothingExpected(inbox: "erp"),
        ]
        #expect(told(events) == ["missingDrop begins", "missingDrop ends"])
    }

    @Test func serverErrorsAreCounted() {
        #expect(told(Array(repeating: answer(503, code: .submitServerError), count: 4)).isEmpty)
        #expect(told(Array(repeating: answer(nil, code: .submitNetwork), count: 7)) == ["serverErrors begins"])
    }

    @Test func a429IsToldOnceAMinute() {
        let busy = answer(429, code: .submitRateLimited)
        #expect(told([busy, answer(202), busy, answer(202)]) == ["rateLimited begins"])
        #expect(told([busy, answer(202), answer(202)], seconds: 50) == ["rateLimited begins", "rateLimited ends"])
    }

    @Test func whatTheBreakerSaysIsTold() {
        let events: [ServiceEvent] = [
            .delivery(.breaker(.opened(.outage, run: []))), answer(503, code: .submitServerError, isHeld: true),
            .delivery(.breaker(.closed(.outage))), .delivery(.breaker(.opened(.misconfigured, run: []))),
            .delivery(.breaker(.closed(.misconfigured))),
        ]
        #expect(
            told(events) == ["outage begins", "outage ends", "misconfigured begins", "misconfigured ends"])
    }

    @Test func aSecond401AndASecond403AreTold() {
        #expect(
            told([answer(401, code: .submitUnauthorized), answer(202)]) == [
                "misconfigured begins", "misconfigured ends",
            ])
        #expect(
            told([answer(403, code: .submitForbidden), answer(202)]) == ["misconfigured begins", "misconfigured ends"])
    }

    @Test func aStatusSaysNothingOfWhatIsSubmitted() {
        #expect(told([answer(401, code: .submitUnauthorized, isStatus: true)]).isEmpty)
        #expect(
            told([answer(403, code: .submitForbidden), answer(200, isStatus: true), answer(202)], seconds: 10) == [
                "misconfigured begins", "misconfigured ends",
            ])
        #expect(told([answer(403, code: .submitForbidden), answer(200, isStatus: true)]) == ["misconfigured begins"])
    }

    @Test func aTokenThatCannotBeHadIsTold() {
        let events: [ServiceEvent] = [
            .delivery(.tokenFailed(message: "no", retryIn: .seconds(1))),
            .delivery(.tokenFailed(message: "no", retryIn: .seconds(2))),
            .delivery(.tokenRenewed(lifetime: .seconds(9))),
        ]
        #expect(told(events) == ["tokenFailure begins", "tokenFailure ends"])
    }
}
