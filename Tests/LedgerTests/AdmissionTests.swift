import Ledger
import Model
import Testing
import TestSupport

@Suite struct AdmissionTests {
    private let fixture: LedgerFixture
    private var ledger: Ledger { fixture.ledger }

    init() throws {
        fixture = try LedgerFixture()
    }

    @Test func newContentIsSubmitted() async throws {
        let drop = fixture.drop("a.json")
        let admission = fixture.admission(drop, content: "account-1", parts: 3)
        #expect(try await ledger.admit(admission).batches == admission.batches)
        #expect(try await ledger.isFinal(drop.id) == false)
    }

    @Test func admittingADropAgainChangesNothing() async throws {
        let admission = fixture.admission(fixture.drop("a.json"), content: "account-1")
        let first = try await ledger.admit(admission)
        #expect(try await ledger.admit(admission) == first)
        #expect(try await ledger.openBatches(of: admission.drop.id) == admission.batches)
    }

    @Test(arguments: Kind.allCases) func acceptedContentIsADuplicateNamedAfterTheFirst(kind: Kind) async throws {
        let first = fixture.drop("first.json")
        _ = try await ledger.admit(fixture.admission(first, content: "c", kind: kind))
        try await ledger.accept("c", of: first)
        let second = fixture.drop("second.json")
        #expect(
            try await ledger.admit(fixture.admission(second, content: "c", kind: kind))
                == .duplicate(of: FileName("first.json")))
        #expect(try await ledger.openBatches(of: second.id).isEmpty)
        _ = try await ledger.conclude(second, Ending(outcome: .duplicate), filedName: second.name)
        // A duplicate takes nothing from the first.
        #expect(
            try await ledger.admit(fixture.admission(fixture.drop("third.json"), content: "c", kind: kind))
                == .duplicate(of: FileName("first.json")))
    }

    @Test(arguments: [Kind.account, .claim, .attachment])
    func aDuplicateFromAnotherInboxNamesNothing(kind: Kind) async throws {
        let first = fixture.drop("secret-name.json", inbox: "partner")
        _ = try await ledger.admit(fixture.admission(first, content: "c", kind: kind))
        try await ledger.accept("c", of: first)
        #expect(
            try await ledger.admit(fixture.admission(fixture.drop("b.json"), content: "c", kind: kind))
                == .duplicate(of: nil))
    }

    @Test func aPaymentOfAnotherInboxFailsUnlessTheyShareAScope() async throws {
        let first = fixture.drop("secret-name.json", inbox: "partner")
        _ = try await ledger.admit(fixture.admission(first, content: "payment-1", kind: .payment, scope: "bank"))
        try await ledger.accept("payment-1", of: first)
        let stranger = fixture.admission(fixture.drop("b.json"), content: "payment-1", kind: .payment)
        let turn = try await ledger.admit(stranger)
        #expect(turn.code == .referenceOtherInbox)
        if case .refused(let problem) = turn {
            #expect(!problem.message.contains("secret-name") && !problem.message.contains("partner"))
        }
        let sibling = fixture.admission(fixture.drop("c.json"), content: "payment-1", kind: .payment, scope: "bank")
        #expect(try await ledger.admit(sibling) == .duplicate(of: nil))
    }

    @Test func whatIsOnItsWayIsWaitedFor() async throws {
        let first = fixture.drop("first.json")
        let second = fixture.admission(fixture.drop("second.json"), content: "c")
        _ = try await ledger.admit(fixture.admission(first, content: "c"))
        #expect(try await ledger.admit(second) == .wait(first.id))
        try await ledger.attempt("c", of: first, status: 503, error: .submitServerError)
        #expect(try await ledger.admit(second) == .wait(first.id))
        try await ledger.accept("c", of: first)
        #expect(try await ledger.isFinal(first.id))
        #expect(try await ledger.admit(second) == .duplicate(of: first.name))
    }

    @Test func refusedContentIsFreeAgain() async throws {
        let first = fixture.drop("first.json")
        _ = try await ledger.admit(fixture.admission(first, content: "c"))
        try await ledger.refuse("c", of: first)
        let again = fixture.admission(fixture.drop("first.json"), content: "c")
        #expect(try await ledger.admit(again).batches == again.batches)
    }

    @Test func aDropThatFailedBeforeItLeftHoldsNothing() async throws {
        let first = fixture.drop("first.json")
        _ = try await ledger.admit(fixture.admission(first, content: "c"))
        _ = try await ledger.conclude(first, .failed(Problem(.readChanged, "x")), filedName: first.name)
        #expect(try await ledger.admit(fixture.admission(fixture.drop("b.json"), content: "c")).batches?.count == 1)
    }

    @Test func aDropWithoutAnAdmissionCanBeConcluded() async throws {
        let drop = fixture.drop("broken.json")
        let problem = Problem(.parseJSON, "broken", findings: [Finding(line: 1, column: 2, message: "here")], count: 7)
        let result = try await ledger.conclude(
            drop, kind: .claim, sha256: [1, 2], .failed(problem), filedName: FileName("broken.2.json"))
        #expect(result.problem == problem)
        #expect(result.kind == .claim)
        #expect(result.sha256 == [1, 2])
        #expect(try await ledger.result(of: drop.id) == result)
    }

    @Test func anUnknownDropIsAsGoodAsFinalAndHasNoResult() async throws {
        #expect(try await ledger.isFinal(DropID(text: "nobody")))
        #expect(try await ledger.result(of: DropID(text: "nobody")) == nil)
        let waiting = fixture.drop("a.json")
        _ = try await ledger.admit(fixture.admission(waiting, content: "c"))
        #expect(try await ledger.result(of: waiting.id) == nil)
    }
}
