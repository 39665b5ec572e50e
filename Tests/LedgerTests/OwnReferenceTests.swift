import Ledger
import Model
import Testing
import TestSupport

/// Documents that bring a `batchReferenceId` of their own.
@Suite struct OwnReferenceTests {
    private let fixture: LedgerFixture
    private var ledger: Ledger { fixture.ledger }

    init() throws {
        fixture = try LedgerFixture()
    }

    private func admission(_ name: String, _ content: String, own: String? = "MINE-1") -> Admission {
        fixture.admission(fixture.drop(name), content: content, own: own)
    }

    @Test func anAcceptedReferenceTakesNoOtherContent() async throws {
        let first = admission("a.json", "c1")
        _ = try await ledger.admit(first)
        try await ledger.accept("MINE-1", of: first.drop)
        #expect(try await ledger.admit(admission("b.json", "c2")).code == .referenceConflict)
        #expect(try await ledger.admit(admission("c.json", "c1")) == .duplicate(of: FileName("a.json")))
    }

    @Test func anUnresolvedReferenceTakesNoOtherContent() async throws {
        let first = admission("a.json", "c1")
        _ = try await ledger.admit(first)
        try await ledger.leaveUnresolved("MINE-1", of: first.drop)
        #expect(try await ledger.admit(admission("b.json", "c2")).code == .referenceConflict)
    }

    @Test func aReferenceIsFreeAgainAfterARefusal() async throws {
        let first = admission("a.json", "c1")
        _ = try await ledger.admit(first)
        try await ledger.refuse("MINE-1", of: first.drop)
        #expect(try await ledger.admit(admission("b.json", "c2")).batches?.first?.reference == "MINE-1")
    }

    @Test func otherContentWaitsForAReferenceOnItsWay() async throws {
        let first = admission("a.json", "c1")
        _ = try await ledger.admit(first)
        let second = admission("b.json", "c2")
        #expect(try await ledger.admit(second) == .wait(first.drop.id))
        try await ledger.accept("MINE-1", of: first.drop)
        #expect(try await ledger.admit(second).code == .referenceConflict)
    }

    @Test func aConflictTakesNothingFromWhoeverHasTheReference() async throws {
        let first = admission("a.json", "c1")
        _ = try await ledger.admit(first)
        try await ledger.accept("MINE-1", of: first.drop)
        let second = admission("b.json", "c2")
        guard case .refused(let problem) = try await ledger.admit(second) else {
            Issue.record("no conflict")
            return
        }
        _ = try await ledger.conclude(second.drop, .failed(problem), filedName: second.drop.name)
        #expect(try await ledger.admit(admission("c.json", "c2")).code == .referenceConflict)
        // Its content was never sent: under another reference it is new.
        #expect(try await ledger.admit(admission("d.json", "c2", own: "MINE-2")).batches?.count == 1)
    }

    @Test func aRefusalOfTheInheritedBatchFreesItsReferenceToo() async throws {
        let first = admission("a.json", "c1")
        _ = try await ledger.admit(first)
        try await ledger.leaveUnresolved("MINE-1", of: first.drop)
        // The same content comes back without its reference, and the API refuses the batch at last.
        let second = admission("a.json", "c1", own: nil)
        #expect(try await ledger.admit(second).batches?.first?.reference == "MINE-1")
        try await ledger.refuse("MINE-1", of: second.drop)
        #expect(try await ledger.admit(admission("b.json", "c2")).batches?.first?.reference == "MINE-1")
    }

    @Test func anAcceptanceOfTheInheritedBatchKeepsItsReference() async throws {
        let first = admission("a.json", "c1")
        _ = try await ledger.admit(first)
        try await ledger.leaveUnresolved("MINE-1", of: first.drop)
        let second = admission("again.json", "c1", own: nil)
        _ = try await ledger.admit(second)
        try await ledger.accept("MINE-1", of: second.drop)
        #expect(try await ledger.admit(admission("b.json", "c2")).code == .referenceConflict)
        #expect(try await ledger.admit(admission("c.json", "c1")) == .duplicate(of: FileName("again.json")))
    }

    /// The configuration makes another content of the same bytes: what they were before is to be settled first.
    @Test func anUnresolvedReferenceGoesOnWithTheSameBytes() async throws {
        let first = fixture.admission(fixture.drop("a.json"), content: "c1", own: "MINE-1", bytes: 5)
        _ = try await ledger.admit(first)
        try await ledger.leaveUnresolved("MINE-1", of: first.drop)
        let other = fixture.admission(fixture.drop("b.json"), content: "c2", own: "MINE-1", bytes: 6)
        #expect(try await ledger.admit(other).code == .referenceConflict)
        let again = fixture.admission(fixture.drop("c.json"), content: "c2", own: "MINE-1", bytes: 5)
        let batches = try #require(try await ledger.admit(again).batches)
        #expect(batches.map(\.reference) == ["MINE-1"] && batches.map(\.state) == [.unresolved])
        #expect(batches.map(\.bodyHash) == first.batches.map(\.bodyHash))
        try await ledger.accept("MINE-1", of: again.drop)
        let third = fixture.admission(fixture.drop("d.json"), content: "c2", own: "MINE-1", bytes: 5)
        #expect(try await ledger.admit(third).code == .referenceConflict, "it was accepted as something else")
    }
}
