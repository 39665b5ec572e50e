import GRDB
import Ledger
import Model
import SystemPackage
import Testing
import TestSupport

/// A drop that comes back: as the same bytes, as the same content, on another day, or put back by the service itself.
@Suite struct ComingBackTests {
    private let fixture: LedgerFixture
    private var ledger: Ledger { fixture.ledger }

    init() throws {
        fixture = try LedgerFixture()
    }

    private func admission(
        _ name: String, _ content: String, kind: Kind = .payment, plain: String? = nil, day: String = "",
        bytes: UInt8 = 1, inbox: String = "erp", scope: String? = nil
    ) -> Admission {
        var admission = fixture.admission(
            fixture.drop(name, inbox: inbox), content: content, kind: kind, scope: scope, bytes: bytes)
        admission.plainContent = plain ?? content
        admission.addition = Array(day.utf8)
        return admission
    }

    private func leaveUnresolved(_ admission: Admission) async throws {
        let reference = try #require(try await ledger.admit(admission).batches?.first).reference
        try await ledger.leaveUnresolved(reference, of: admission.drop)
    }

    @Test func theSameContentOnAnotherDayGoesOnUnderTheOldReference() async throws {
        try await leaveUnresolved(admission("a.json", "monday", plain: "x", day: "1", bytes: 1))
        let tuesday = admission("b.json", "tuesday", plain: "x", day: "2", bytes: 2)
        #expect(try await ledger.admit(tuesday).batches?.map(\.reference) == ["monday"])
        try await ledger.accept("monday", of: tuesday.drop)
        // It was Tuesday's drop, and Tuesday's is done.
        #expect(
            try await ledger.admit(admission("c.json", "tuesday", plain: "x", day: "2", bytes: 3))
                == .duplicate(of: FileName("b.json")))
        let wednesday = admission("d.json", "wednesday", plain: "x", day: "3", bytes: 2)
        #expect(try await ledger.admit(wednesday).batches?.map(\.reference) == ["wednesday"])
    }

    @Test(arguments: Kind.documents)
    func theSameBytesGoOnUnderTheOldReferenceWhateverTheyAreConvertedToNow(kind: Kind) async throws {
        try await leaveUnresolved(admission("a.json", "before", kind: kind))
        let again = admission("b.json", "after", kind: kind)
        #expect(try await ledger.admit(again).batches?.map(\.reference) == ["before"])
        #expect(try await ledger.admit(admission("c.json", "after", kind: kind)) == .wait(again.drop.id))
        try await ledger.accept("before", of: again.drop)
        let third = try await ledger.admit(admission("d.json", "after", kind: kind))
        if kind == .payment {
            #expect(third == .duplicate(of: FileName("b.json")), "the same bytes are the same payments")
        } else {
            #expect(third.batches?.map(\.reference) == ["after"], "what the configuration makes of it now is news")
        }
        #expect(
            try await ledger.admit(admission("e.json", "before", kind: kind, bytes: 9))
                == .duplicate(of: FileName("b.json")))
    }

    @Test func acceptedPaymentsAreADuplicateByTheirBytesOnTheSameDay() async throws {
        let first = admission("a.json", "c1", day: "1")
        _ = try await ledger.admit(first)
        try await ledger.accept("c1", of: first.drop)
        #expect(try await ledger.admit(admission("b.json", "c2", day: "1")) == .duplicate(of: FileName("a.json")))
        #expect(try await ledger.admit(admission("c.json", "c3", day: "2")).batches?.count == 1)
        #expect(try await ledger.admit(admission("d.json", "c4", day: "1", inbox: "partner")).batches?.count == 1)
    }

    @Test func unresolvedPaymentsOfAnotherInboxAreNotTakenOver() async throws {
        try await leaveUnresolved(admission("a.json", "c", scope: "one"))
        let other = admission("b.json", "c", bytes: 2, inbox: "partner", scope: "two")
        #expect(try await ledger.admit(other).code == .referenceOtherInbox)
        let sibling = admission("b.json", "c", bytes: 2, inbox: "branch", scope: "one")
        #expect(try await ledger.admit(sibling).batches?.map(\.reference) == ["c"])
    }

    @Test func aRefusalAtLastLetsTheSameBytesBecomeSomethingElse() async throws {
        try await leaveUnresolved(admission("a.json", "before"))
        let again = admission("b.json", "after")
        _ = try await ledger.admit(again)
        try await ledger.refuse("before", of: again.drop)
        #expect(try await ledger.admit(admission("c.json", "after")).batches?.map(\.reference) == ["after"])
    }

    @Test(arguments: Kind.documents) func aPartThatWasAcceptedIsNotSentAgain(kind: Kind) async throws {
        let first = fixture.admission(fixture.drop("a.json"), content: "c", kind: kind, parts: 3)
        _ = try await ledger.admit(first)
        try await ledger.attempt("c-1of3", of: first.drop, status: 202, becomes: .accepted)
        try await ledger.refuse("c-2of3", of: first.drop)
        let later = try fixture.reopened()
        let second = fixture.admission(fixture.drop("b.json", by: later), content: "c", kind: kind, parts: 3)
        let batches = try #require(try await later.admit(second).batches)
        #expect(batches.map(\.state) == [.accepted, .waiting, .waiting])
        #expect(batches.map(\.bodyHash) == first.batches.map(\.bodyHash))
        try await later.attempt("c-2of3", of: second.drop, status: 202, becomes: .accepted)
        try await later.accept("c-3of3", of: second.drop)
        #expect(
            try await later.admit(
                fixture.admission(fixture.drop("d.json", by: later), content: "c", kind: kind, bytes: 4))
                == .duplicate(of: FileName("b.json")))
    }

    // MARK: Put back by the service itself

    /// What puts a failed drop back, as far as the ledger's `drops` is concerned.
    private func putBack(_ drop: Drop) async throws {
        let queue = try DatabaseQueue(path: fixture.folder.path.appending("ledger.sqlite").string)
        try await queue.write { database in
            try database.execute(
                sql: "UPDATE drops SET state = 'waiting', outcome = NULL, problem = NULL WHERE id = ?",
                arguments: [drop.id.text])
        }
    }

    private func keys(_ identities: String...) -> IdentityKeys { keys(identities) }

    private func keys(_ identities: [String]) -> IdentityKeys {
        IdentityKeys(identities.map { IdentityKeys.key(clientReferenceId: $0) })
    }

    private func failedDrop(_ content: String, _ keys: IdentityKeys, kind: Kind = .account) async throws -> Admission {
        let admission = fixture.admission(
            fixture.drop("\(content).json"), content: content, kind: kind, identities: keys, bytes: UInt8(content.count)
        )
        _ = try await ledger.admit(admission)
        try await ledger.leaveUnresolved(content, of: admission.drop)
        return admission
    }

    @Test func aDropThatWasPutBackGoesOn() async throws {
        let first = try await failedDrop("a", keys("INV-1"))
        try await putBack(first.drop)
        #expect(try await ledger.admit(first).batches?.map(\.state) == [.unresolved])
        #expect(
            try await ledger.admit(fixture.admission(fixture.drop("x.json"), content: "a")) == .wait(first.drop.id))
    }

    @Test(arguments: Kind.documents)
    func itStaysFailedWhereALaterDocumentWithOneOfItsIdentitiesWasAccepted(kind: Kind) async throws {
        let first = try await failedDrop("a", keys("INV-1", "INV-2"))
        let later = fixture.admission(
            fixture.drop("later.json"), content: "later", kind: kind, identities: keys("INV-2"), bytes: 9)
        _ = try await ledger.admit(later)
        try await ledger.accept("later", of: later.drop, Spoken(identities: keys("INV-2")))
        try await putBack(first.drop)
        let turn = try await ledger.admit(first)
        #expect(turn.code == .orderSuperseded)
        guard case .refused(let problem) = turn else { return }
        _ = try await ledger.conclude(first.drop, .failed(problem), filedName: first.drop.name)
        // Dropped again by hand it is a new drop, and its unresolved body goes first.
        let byHand = fixture.admission(fixture.drop("a.json"), content: "a", identities: keys("INV-1", "INV-2"))
        #expect(try await ledger.admit(byHand).batches?.map(\.state) == [.unresolved])
    }

    @Test func afterARestartWhatHadItsTurnComesFirst() async throws {
        let first = try await failedDrop("a", keys("INV-1"))
        let byHand = fixture.admission(fixture.drop("again.json"), content: "a", identities: keys("INV-1"))
        #expect(try await ledger.admit(byHand).batches?.map(\.state) == [.unresolved])
        try await putBack(first.drop)
        let later = try fixture.reopened()
        #expect(try await later.unfinished(inbox: "erp").map(\.drop) == [byHand.drop, first.drop])
        #expect(try await later.admit(first) == .wait(byHand.drop.id))
        #expect(try await later.admit(byHand).batches?.map(\.state) == [.unresolved])
    }

    @Test func neitherAnEarlierDocumentNorAnotherIdentityNorAFailureSupersedes() async throws {
        let earlier = fixture.admission(
            fixture.drop("earlier.json"), content: "earlier", identities: keys("INV-1"), bytes: 8)
        let first = try await failedDrop("a", keys("INV-1"))
        _ = try await failedDrop("later", keys("INV-1"))
        _ = try await ledger.admit(earlier)
        try await ledger.accept("earlier", of: earlier.drop, Spoken(identities: keys("INV-1")))
        let other = fixture.admission(
            fixture.drop("other.json"), content: "other", identities: keys("INV-2"), bytes: 9)
        _ = try await ledger.admit(other)
        try await ledger.accept("other", of: other.drop, Spoken(identities: keys("INV-2")))
        try await putBack(first.drop)
        #expect(try await ledger.admit(first).batches?.count == 1)
    }

    /// Its file was away, or it could not be read, while a later one went; and it is there again at the next start.
    @Test(arguments: [false, true], [false, true])
    func whatLaterOnesOvertookIsKnownAtTheNextStart(wasRead: Bool, isStale: Bool) async throws {
        let first = fixture.admission(fixture.drop("a.json"), content: "a", identities: keys("INV-1"), bytes: 7)
        if isStale {
            try await ledger.begin(
                retry: RetryOrder(
                    drop: DropID(text: "before"), inbox: "erp", name: first.drop.name, inode: 7, sha256: first.sha256,
                    terms: RetryTerms(stale: true)))
        }
        if wasRead {
            try await ledger.enlist(first.drop, kind: .account, sha256: first.sha256, content: "a", inode: 7)
        } else {
            try await ledger.enlist(unread: first.drop)
        }
        let later = fixture.admission(
            fixture.drop("later.json"), content: "later", identities: keys("INV-1"), bytes: 9)
        _ = try await ledger.admit(later)
        try await ledger.accept("later", of: later.drop, Spoken(identities: keys("INV-1")))
        let next = try fixture.reopened()
        let unfinished = try await next.unfinished(inbox: "erp")
        #expect(unfinished.first?.drop.id == first.drop.id && unfinished.first?.drop.arrival == first.drop.arrival)
        let turn = try await next.admit(first)
        #expect(turn.code == (isStale ? nil : .orderSuperseded))
        let result = try await next.conclude(
            first.drop, turn.code.map { .failed(Problem($0, "late")) } ?? Ending(outcome: .accepted),
            filedName: first.drop.name)
        #expect(result.kind == .account && result.sha256 == first.sha256)
    }

    /// Who spoke last says nothing of who was accepted last.
    @Test(arguments: ["failed", "earlier", "partner"], [1, 3])
    func whateverWasSaidSinceALaterDocumentWasAcceptedStaysLater(since: String, records: Int) async throws {
        let identities = keys(Array(["INV-1", "INV-2", "INV-3"].prefix(records)))
        let earlier = fixture.admission(
            fixture.drop("earlier.json"), content: "earlier", identities: identities, bytes: 8)
        let first = try await failedDrop("a", identities)
        try await accept("later", identities)
        switch since {
        case "failed":
            let failed = fixture.drop("failed.json")
            _ = try await ledger.admit(fixture.admission(failed, content: "failed", identities: identities))
            try await ledger.leaveUnresolved("failed", of: failed, Spoken(identities: identities))
        case "earlier":
            _ = try await ledger.admit(earlier)
            try await ledger.accept("earlier", of: earlier.drop, Spoken(identities: identities))
        default:
            try await accept("partner", identities, inbox: "partner")
            try await accept("third", identities, inbox: "third")
        }
        let later = try fixture.reopened()
        try await putBack(first.drop)
        #expect(try await later.admit(first).code == .orderSuperseded)
    }

    @Test func eachInboxHasItsOwnLastAcceptedDocument() async throws {
        let identities = keys("INV-1")
        let first = try await failedDrop("a", identities)
        var partners = fixture.admission(
            fixture.drop("p.json", inbox: "partner"), content: "p", identities: identities, bytes: 50)
        partners.isLate = true
        for (content, inbox) in [("b", "erp"), ("c", "third"), ("d", "erp"), ("e", "third")] {
            try await accept(content, identities, inbox: inbox)
        }
        #expect(try await ledger.admit(partners).batches?.count == 1)
        try await ledger.accept("p", of: partners.drop, Spoken(identities: identities))
        try await putBack(first.drop)
        #expect(try await ledger.admit(first).code == .orderSuperseded)
    }

    private func accept(_ content: String, _ identities: IdentityKeys, inbox: String = "erp") async throws {
        let drop = fixture.drop("\(content).json", inbox: inbox)
        _ = try await ledger.admit(fixture.admission(drop, content: content, identities: identities))
        try await ledger.accept(content, of: drop, Spoken(identities: identities))
    }

    @Test func withoutAnOrderNothingIsSuperseded() async throws {
        var first = try await failedDrop("a", keys("INV-1"))
        let later = fixture.admission(
            fixture.drop("later.json"), content: "later", identities: keys("INV-1"), bytes: 9)
        _ = try await ledger.admit(later)
        try await ledger.accept("later", of: later.drop, Spoken(identities: keys("INV-1")))
        try await putBack(first.drop)
        first.isOrdered = false
        #expect(try await ledger.admit(first).batches?.count == 1)
    }

    @Test func itIsADuplicateWhereItsContentWasAcceptedMeanwhile() async throws {
        let refused = fixture.admission(fixture.drop("a.json"), content: "a")
        _ = try await ledger.admit(refused)
        try await ledger.refuse("a", of: refused.drop)
        let unresolved = try await failedDrop("bb", keys())
        for content in ["a", "bb"] {
            let again = fixture.admission(fixture.drop("again-\(content).json"), content: content)
            _ = try await ledger.admit(again)
            try await ledger.accept(content, of: again.drop)
        }
        try await putBack(refused.drop)
        try await putBack(unresolved.drop)
        #expect(try await ledger.admit(refused) == .duplicate(of: FileName("again-a.json")))
        #expect(try await ledger.admit(unresolved) == .duplicate(of: FileName("again-bb.json")))
    }

    @Test func whatWasRefusedIsSentAgainUnderTheSameReferenceAndKeepsItsHistory() async throws {
        let refused = fixture.admission(fixture.drop("a.json"), content: "a")
        _ = try await ledger.admit(refused)
        try await ledger.refuse("a", of: refused.drop)
        try await putBack(refused.drop)
        let again = try await ledger.admit(refused).batches
        #expect(again?.map(\.reference) == ["a"] && again?.map(\.bodyHash) == refused.batches.map(\.bodyHash))
        #expect(again?.map(\.state) == [.waiting])
        try await ledger.accept("a", of: refused.drop)
        #expect(try await ledger.result(of: refused.drop.id)?.batches.first?.attempts.map(\.status) == [400, 202])
    }

    private func refusedDrop(_ content: String, _ identities: IdentityKeys) async throws -> Admission {
        let admission = fixture.admission(
            fixture.drop("\(content).json"), content: content, identities: identities, bytes: 60)
        _ = try await ledger.admit(admission)
        try await ledger.attempt(
            content, of: admission.drop, status: 401, error: .submitUnauthorized, becomes: .refused)
        _ = try await ledger.conclude(
            admission.drop, .failed(Problem(.submitUnauthorized, "no")), filedName: admission.drop.name)
        return admission
    }

    /// A later document that says what the API knows already is its sender's last word all the same.
    @Test(arguments: [1, 3]) func aLaterDuplicateSupersedes(records: Int) async throws {
        let identities = keys(Array(["INV-1", "INV-2", "INV-3"].prefix(records)))
        try await accept("active", identities)
        let hold = try await refusedDrop("hold", identities)
        let again = fixture.admission(fixture.drop("again.json"), content: "active", identities: identities)
        #expect(try await ledger.admit(again) == .duplicate(of: FileName("active.json")))
        var spoken = Spoken(identities: .none)
        spoken.taken = identities
        _ = try await ledger.conclude(
            again.drop, Ending(outcome: .duplicate), filedName: again.drop.name, spoken: spoken)
        try await putBack(hold.drop)
        #expect(try await ledger.admit(hold).code == .orderSuperseded)
        let third = fixture.admission(fixture.drop("third.json"), content: "active", identities: identities)
        #expect(try await ledger.admit(third) == .duplicate(of: FileName("active.json")), "nobody has spoken since")
    }

    /// The API has those of its records that it accepted.
    @Test func whatALaterDocumentBroughtInPartSupersedes() async throws {
        let (first, other) = (try await refusedDrop("a", keys("INV-1")), try await refusedDrop("b", keys("INV-2")))
        let later = fixture.admission(
            fixture.drop("later.json"), content: "later", identities: keys("INV-1", "INV-2"), bytes: 9)
        _ = try await ledger.admit(later)
        try await ledger.attempt("later", of: later.drop, status: 202, becomes: .accepted)
        var spoken = Spoken(identities: keys("INV-1", "INV-2"))
        spoken.taken = keys("INV-1")
        _ = try await ledger.conclude(
            later.drop, .failed(Problem(.submitRejected, "one record")), filedName: later.drop.name, spoken: spoken)
        for drop in [first.drop, other.drop] { try await putBack(drop) }
        #expect(try await ledger.admit(first).code == .orderSuperseded)
        #expect(try await ledger.admit(other).batches?.count == 1)
    }

    /// Whether it reached the API before what others said since, nobody knows: each is news.
    @Test func whatIsRepeatedAfterOthersSpokeIsNoLastWordNorIsTheirs() async throws {
        let identities = keys("INV-1")
        let first = fixture.admission(fixture.drop("a.json"), content: "a", identities: identities, bytes: 7)
        _ = try await ledger.admit(first)
        try await ledger.leaveUnresolved("a", of: first.drop, Spoken(identities: identities))
        try await accept("later", identities)
        var again = fixture.admission(fixture.drop("a.json"), content: "a", identities: identities, bytes: 7)
        again.isOrdered = false
        #expect(try await ledger.admit(again).batches?.map(\.state) == [.unresolved])
        var spoken = Spoken(identities: identities)
        spoken.isRepetition = true
        try await ledger.accept("a", of: again.drop, spoken)
        for content in ["a", "later"] {
            let third = fixture.admission(fixture.drop("third.json"), content: content, identities: identities)
            #expect(try await ledger.admit(third) == .remake(round: 2))
        }
    }
}
