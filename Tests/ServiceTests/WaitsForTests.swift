import Delivery
import Inbox
import JSONText
import Ledger
import Model
import Testing

@testable import Service

/// What a drop is said to wait for, by how things stand.
@Suite struct WaitsForTests {
    private static let wall = Timestamp(milliseconds: 1_800_000_000_000)
    private static let moment = Moment(sinceBoot: .seconds(100))

    private static func onTheWall(_ moment: Moment) -> Timestamp { wall + (moment - self.moment) }

    private static let soon = moment + .seconds(30)
    private static let later = wall + .seconds(30)

    static let submissions: [(SubmissionStage, DeliveryGates, String?, WaitsFor.What, Timestamp?)] = [
        (.answer, DeliveryGates(outage: .outage, slot: .go), nil, .answer, nil),
        (.processing, DeliveryGates(slot: .go), nil, .processing, nil),
        (.retry(at: soon), DeliveryGates(slot: .go), nil, .retry, later),
        (.gates, DeliveryGates(outage: .outage, nextProbe: soon, slot: .wait(until: nil)), nil, .outage, later),
        (.gates, DeliveryGates(outage: .misconfigured, slot: .go), "refused", .outage, nil),
        (.gates, DeliveryGates(slot: .wait(until: soon)), "refused", .token, nil),
        (.gates, DeliveryGates(hasToken: false, slot: .wait(until: soon)), nil, .token, nil),
        (.gates, DeliveryGates(slot: .wait(until: soon)), nil, .rate, later),
        (.gates, DeliveryGates(slot: .wait(until: nil)), nil, .rate, nil),
        (.gates, DeliveryGates(slot: .go), nil, .inFlight, nil),
    ]

    @Test(arguments: submissions.indices) func whatIsInTheWayComesFirst(index: Int) {
        let (stage, gates, trouble, what, until) = Self.submissions[index]
        let waitsFor = WaitsFor.submission(
            stage, gates, outageSince: Self.wall, tokenTrouble: trouble, Self.onTheWall)
        #expect(waitsFor.what == what && waitsFor.until == until, "\(waitsFor)")
    }

    static let files: [(FileWait, WaitsFor.What, Timestamp?)] = [
        (.settling(until: soon), .settling, later), (.unfinished(until: soon), .settling, later),
        (.postponed(until: soon), .settling, later), (.marker(FileName("a.ready")), .ready, nil), (.due, .reading, nil),
    ]

    @Test(arguments: files.indices) func aFileSettlesOrWantsItsMarker(index: Int) {
        let (wait, what, until) = Self.files[index]
        let waitsFor = WaitsFor.file(wait, Self.onTheWall)
        #expect(waitsFor.what == what && waitsFor.until == until)
    }

    @Test(
        arguments: [
            ([], nil, nil), (["erp"], nil, "sluice resume erp"), (["other"], nil, nil),
            ([""], nil, "Everything is paused by"),
            (["", "erp"], "it is lost", "until an admin has decided: it is lost"),
        ] as [(Set<String>, String?, String?)])
    func aPauseIsToldWithWhatEndsIt(pauses: Set<String>, toDecide: String?, words: String?) {
        let pause = WaitsFor.pause(of: "erp", pauses: pauses, toDecide: toDecide)
        #expect((pause == nil) == (words == nil))
        if let words { #expect(pause?.message.contains(words) == true) }
    }

    @Test func anotherInboxsDropIsNotNamed() {
        let other = DropID(text: "01J")
        #expect(WaitsFor.turn(behind: other, name: nil).message.contains("the drop 01J"))
        #expect(WaitsFor.turn(behind: other, name: FileName("a.json")).message.contains("a.json (01J)"))
        #expect(WaitsFor.strictTurn(behind: other, name: nil).behind == other)
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        for waitsFor in [
            WaitsFor(.rate, until: Self.later, "a"), WaitsFor(.turn, behind: DropID(text: "01J"), "b"),
        ] {
            var json = JSONWriter()
            waitsFor.write(to: &json)
            #expect(WaitsFor(try JSONDocument(parsing: Array(json.text.utf8)).root) == waitsFor)
        }
        #expect(WaitsFor(try JSONDocument(parsing: Array(#"{"what": "luck", "message": "x"}"#.utf8)).root) == nil)
    }
}

/// Which retries are refused, by what is known.
@Suite struct RetryCheckTests {
    static let superseded: [(Code?, RetryTerms, Bool)] = [
        (.orderSuperseded, RetryTerms(), true), (.orderSuperseded, RetryTerms(asNew: true), true),
        (.orderSuperseded, RetryTerms(stale: true), false), (.parseJSON, RetryTerms(), false),
        (.referenceOtherInbox, RetryTerms(asNew: true, sendTwice: true), true),
        (.referenceOtherInbox, RetryTerms(), false),
    ]

    @Test(arguments: superseded.indices) func aDropIsRefusedForItsCode(index: Int) throws {
        let (code, terms, isRefused) = Self.superseded[index]
        let problem = code.map { Problem($0, "x") }
        let check = RetryCheck(
            outcome: .failed, isFiled: true, code: problem?.code, kind: .account, references: [], risk: nil)
        #expect((check.refusal(terms) != nil) == isRefused)
    }

    static let others: [(RetryCheck, RetryTerms, String?)] = {
        func check(
            _ outcome: Outcome?, kind: Kind = .account, references: [String] = [], risk: DoubleRisk? = nil,
            isFiled: Bool = true
        ) -> RetryCheck {
            RetryCheck(
                outcome: outcome, isFiled: isFiled, code: nil, kind: kind, references: references, risk: risk)
        }
        let asNew = RetryTerms(asNew: true)
        let twice = RetryTerms(asNew: true, sendTwice: true)
        let derived = "payment-" + String(repeating: "0", count: 40)
        return [
            (check(nil), asNew, "it is on its way"), (check(.accepted), RetryTerms(), "it was accepted"),
            (check(.accepted), asNew, nil), (check(.duplicate), RetryTerms(), "was accepted before"),
            (check(.duplicate), asNew, nil), (check(.failed, isFiled: false), RetryTerms(), "it is being filed"),
            (check(.failed), RetryTerms(), nil), (check(.failed, references: ["RUN-1"]), asNew, "RUN-1"),
            (check(.failed, references: ["RUN-1"]), RetryTerms(), nil),
            (check(.failed, references: [derived]), asNew, nil),
            (check(.accepted, kind: .payment, risk: .accepted), asNew, "its payments were accepted"),
            (check(.failed, kind: .payment, risk: .acceptedInPart), asNew, "some of its payments"),
            (check(.failed, kind: .payment, risk: .unresolved), asNew, "nobody knows"),
            (check(.failed, kind: .payment, risk: .unresolved), RetryTerms(), nil),
            (check(.accepted, kind: .payment, risk: .accepted), twice, nil),
            (check(.failed, kind: .payment), asNew, nil),
        ]
    }()

    @Test(arguments: others.indices) func aRetryIsRefusedWithItsReason(index: Int) {
        let (check, terms, words) = Self.others[index]
        let refusal = check.refusal(terms)
        #expect((refusal == nil) == (words == nil), "\(refusal ?? "nil")")
        if let words { #expect(refusal?.contains(words) == true) }
    }
}
