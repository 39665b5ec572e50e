import Ledger
import Model
import Testing
import TestSupport

/// Active on Monday, Hold on Tuesday, Active again on Wednesday (contract, section 5, *Back and forth*).
@Suite struct BackAndForthTests {
    private let fixture: LedgerFixture
    private var ledger: Ledger { fixture.ledger }

    init() throws {
        fixture = try LedgerFixture()
    }

    /// Submits a document as the service does, and answers with the reference it was sent under; `nil`: a duplicate.
    private func submit(
        _ content: String, _ identities: [String], kind: Kind = .account, own: String? = nil, inbox: String = "erp",
        _ end: (Ledger, String, Drop, Spoken) async throws -> Void = { ledger, reference, drop, spoken in
            try await ledger.accept(reference, of: drop, spoken)
        }
    ) async throws -> String? {
        let drop = fixture.drop("\(content).json", inbox: inbox)
        let keys = IdentityKeys(identities.map { IdentityKeys.key(clientReferenceId: $0) })
        var admission = fixture.admission(drop, content: content, kind: kind, own: own, identities: keys)
        var turn = try await ledger.admit(admission)
        if case .remake(let round) = turn {
            #expect(round > 1 && own == nil)
            admission = fixture.admission(drop, content: content, kind: kind, identities: keys, round: round)
            turn = try await ledger.admit(admission)
        }
        switch turn {
        case .submit(let batches):
            let reference = try #require(batches.first).reference
            try await end(ledger, reference, drop, Spoken(identities: keys))
            return reference
        case .duplicate:
            _ = try await ledger.conclude(drop, Ending(outcome: .duplicate), filedName: drop.name)
            return nil
        default:
            Issue.record("\(turn)")
            return nil
        }
    }

    @Test(arguments: [Kind.account, .claim])
    func anEarlierStateIsNewsOnceAnotherDocumentHasSpoken(kind: Kind) async throws {
        #expect(try await submit("A", ["INV-1"], kind: kind) == "A")
        #expect(try await submit("A", ["INV-1"], kind: kind) == nil)
        #expect(try await submit("B", ["INV-1"], kind: kind) == "B")
        #expect(try await submit("A", ["INV-1"], kind: kind) == "A-r2")
        #expect(try await submit("A", ["INV-1"], kind: kind) == nil)
        #expect(try await submit("B", ["INV-1"], kind: kind) == "B-r2")
        #expect(try await submit("A", ["INV-1"], kind: kind) == "A-r3")
    }

    @Test func oneRecordOfManyIsEnough() async throws {
        let many = (0..<20_000).map { "INV-\($0)" }
        #expect(try await submit("A", many) == "A")
        #expect(try await submit("A", many) == nil)
        #expect(try await submit("B", ["INV-19999"]) == "B")
        #expect(try await submit("A", many) == "A-r2")
        #expect(try await submit("C", ["OTHER"]) == "C")
        #expect(try await submit("A", many) == nil)
    }

    @Test(arguments: [Kind.payment, .attachment])
    func paymentsAndAttachmentsAreNeverSubmittedAgainByThemselves(kind: Kind) async throws {
        #expect(try await submit("A", ["INV-1"], kind: kind) == "A")
        #expect(try await submit("B", ["INV-1"], kind: kind) == "B")
        #expect(try await submit("A", ["INV-1"], kind: kind) == nil)
    }

    @Test func anotherKindDoesNotSpeakOfTheSameRecord() async throws {
        #expect(try await submit("A", ["INV-1"]) == "A")
        #expect(try await submit("P", ["INV-1"], kind: .payment) == "P")
        #expect(try await submit("K", ["INV-1"], kind: .claim) == "K")
        #expect(try await submit("A", ["INV-1"]) == nil)
    }

    @Test func anotherInboxSpeaksToo() async throws {
        #expect(try await submit("A", ["INV-1"]) == "A")
        #expect(try await submit("B", ["INV-1"], inbox: "partner") == "B")
        #expect(try await submit("A", ["INV-1"]) == "A-r2")
    }

    @Test func aRefusedDocumentHasNotSpokenAndItsRoundIsUsedAgain() async throws {
        #expect(try await submit("A", ["INV-1"]) == "A")
        #expect(
            try await submit("B", ["INV-1"]) { ledger, reference, drop, _ in
                try await ledger.refuse(reference, of: drop)
            } == "B")
        #expect(try await submit("A", ["INV-1"]) == nil)
        #expect(try await submit("B", ["INV-1"]) == "B")
        #expect(
            try await submit("A", ["INV-1"]) { ledger, reference, drop, _ in
                try await ledger.refuse(reference, of: drop)
            } == "A-r2")
        // The API never took A-r2, and A itself it has.
        #expect(try await submit("A", ["INV-1"]) == "A-r2")
    }

    @Test func whatMayHaveBeenTakenHasSpoken() async throws {
        #expect(try await submit("A", ["INV-1"]) == "A")
        #expect(
            try await submit("B", ["INV-1"]) { ledger, reference, drop, spoken in
                try await ledger.leaveUnresolved(reference, of: drop, spoken)
            } == "B")
        #expect(try await submit("A", ["INV-1"]) == "A-r2")
        #expect(try await submit("B", ["INV-1"]) == "B", "the unresolved one goes on")
    }

    /// Its own repeat, unresolved once more, has not spoken against it.
    @Test(arguments: [Kind.account, .claim], [1, 2])
    func whatIsRepeatedAfterAnotherSpokeIsSentAgain(kind: Kind, repeats: Int) async throws {
        let keys = IdentityKeys([IdentityKeys.key(clientReferenceId: "INV-1")])
        for number in 1...repeats {
            var open: Drop?
            _ = try await submit("A", ["INV-1"], kind: kind) { ledger, reference, drop, spoken in
                open = drop
                try await ledger.leaveUnresolved(reference, of: drop, spoken)
            }
            guard number == 1, let open else { continue }
            #expect(try await submit("B", ["INV-1"], kind: kind) == "B")
            #expect(
                try await !ledger.outdate(open, kind, keys, ownReference: nil, answer: nil),
                "put back it is no later than before")
        }
        let drop = fixture.drop("A.json")
        let again = fixture.admission(drop, content: "A", kind: kind, identities: keys)
        #expect(try await ledger.admit(again).batches?.map(\.state) == [.unresolved])
        try await ledger.attempt("A", of: drop, status: 202, becomes: .accepted)
        #expect(try await ledger.outdate(drop, kind, keys, ownReference: nil, answer: nil))
        // After a stop, too.
        let later = try fixture.reopened()
        #expect(try await later.admit(again) == .remake(round: 2))
        let anew = fixture.admission(drop, content: "A", kind: kind, identities: keys, round: 2)
        #expect(try await later.admit(anew).batches?.map(\.reference) == ["A-r2"])
        try await later.accept("A-r2", of: drop, Spoken(identities: keys))
        #expect(try await submit("A", ["INV-1"], kind: kind) == nil)
        #expect(try await submit("B", ["INV-1"], kind: kind) == "B-r2")
    }

    @Test func whatIsRepeatedBeforeAnotherSpokeIsTheLastWord() async throws {
        let keys = IdentityKeys([IdentityKeys.key(clientReferenceId: "INV-1")])
        for _ in 1...2 {
            _ = try await submit("A", ["INV-1"]) { ledger, reference, drop, spoken in
                try await ledger.leaveUnresolved(reference, of: drop, spoken)
            }
        }
        let reference = try await submit("A", ["INV-1"]) { ledger, reference, drop, spoken in
            try await ledger.attempt(reference, of: drop, status: 202, becomes: .accepted)
            #expect(try await !ledger.outdate(drop, .account, keys, ownReference: nil, answer: nil))
            try await ledger.accept(reference, of: drop, spoken)
        }
        #expect(reference == "A")
    }

    @Test func anUnresolvedRoundGoesOnUnderItsReference() async throws {
        #expect(try await submit("A", ["INV-1"]) == "A")
        #expect(try await submit("B", ["INV-1"]) == "B")
        #expect(
            try await submit("A", ["INV-1"]) { ledger, reference, drop, spoken in
                try await ledger.leaveUnresolved(reference, of: drop, spoken)
            } == "A-r2")
        #expect(try await submit("A", ["INV-1"]) == "A-r2")
        #expect(try await submit("A", ["INV-1"]) == nil)
        #expect(try await submit("B", ["INV-1"]) == "B-r2")
        #expect(try await submit("A", ["INV-1"]) == "A-r3")
    }

    @Test func aBatchWithRefusedRecordsIsNoLastWordAndNoGroundForADuplicate() async throws {
        func reject(_ ledger: Ledger, _ reference: String, _ drop: Drop, _ spoken: Spoken) async throws {
            try await ledger.attempt(reference, of: drop, status: 202, becomes: .accepted)
            _ = try await ledger.conclude(
                drop, .failed(Problem(.submitRejected, "no")), filedName: drop.name, spoken: spoken)
        }
        #expect(try await submit("A", ["INV-1"]) == "A")
        #expect(try await submit("B", ["INV-1"], reject) == "B")
        #expect(try await submit("B", ["INV-1"]) == "B-r2", "the reference B is used up")
        #expect(try await submit("A", ["INV-1"]) == "A-r2")
    }

    @Test func aReferenceOfItsOwnNeverGetsARound() async throws {
        #expect(try await submit("A", ["INV-1"], own: "RUN-1") == "RUN-1")
        #expect(try await submit("B", ["INV-1"], own: "RUN-2") == "RUN-2")
        #expect(try await submit("A", ["INV-1"], own: "RUN-1") == nil)
        #expect(try await submit("A", ["INV-1"], own: "RUN-3") == "RUN-3")
        #expect(try await submit("A", ["INV-1"], own: "RUN-4") == nil)
        #expect(try await submit("B", ["INV-1"]) == "B-r2")
    }

    @Test func itSurvivesARestart() async throws {
        #expect(try await submit("A", ["INV-1"]) == "A")
        #expect(try await submit("B", ["INV-1"]) == "B")
        let later = try fixture.reopened()
        let keys = IdentityKeys([IdentityKeys.key(clientReferenceId: "INV-1")])
        let drop = fixture.drop("a.json", by: later)
        #expect(
            try await later.admit(fixture.admission(drop, content: "A", identities: keys)) == .remake(round: 2))
    }
}
