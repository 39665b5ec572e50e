import Ledger
import Model
import Testing
import TestSupport

/// A batch that left and was neither accepted nor refused.
@Suite struct UnresolvedTests {
    private let fixture: LedgerFixture
    private var ledger: Ledger { fixture.ledger }

    init() throws {
        fixture = try LedgerFixture()
    }

    @Test func aReturningDropInheritsReferencesPartsAndHashes() async throws {
        let first = fixture.drop("a.json")
        let plan = fixture.admission(first, content: "c", parts: 3)
        _ = try await ledger.admit(plan)
        try await ledger.attempt("c-1of3", of: first, status: 202, becomes: .accepted)
        try await ledger.leaveUnresolved("c-2of3", of: first)

        // Under another name, after a restart, with other limits: now it would be one batch.
        let later = try fixture.reopened()
        let second = fixture.drop("renamed.json", by: later)
        let batches = try #require(try await later.admit(fixture.admission(second, content: "c")).batches)
        #expect(batches.map(\.reference) == plan.batches.map(\.reference))
        #expect(batches.map(\.bodyHash) == plan.batches.map(\.bodyHash))
        #expect(batches.map(\.state) == [.accepted, .unresolved, .waiting])
        #expect(try await later.attempts(ofBatch: "c-2of3", drop: second.id) == 0)

        try await later.attempt("c-2of3", of: second, status: 202, becomes: .accepted)
        try await later.accept("c-3of3", of: second)
        let third = fixture.admission(fixture.drop("third.json", by: later), content: "c")
        #expect(try await later.admit(third) == .duplicate(of: FileName("renamed.json")))
    }

    @Test func whatStaysUnresolvedIsInheritedAgainAndAgain() async throws {
        for round in 1...4 {
            let drop = fixture.drop("\(round).json")
            let batches = try #require(try await ledger.admit(fixture.admission(drop, content: "c")).batches)
            #expect(batches.map(\.state) == [round == 1 ? .waiting : .unresolved])
            try await ledger.leaveUnresolved("c", of: drop)
        }
    }

    @Test func twoReturningDropsDoNotInheritAtTheSameTime() async throws {
        let first = fixture.drop("a.json")
        _ = try await ledger.admit(fixture.admission(first, content: "c"))
        try await ledger.leaveUnresolved("c", of: first)
        let second = fixture.drop("b.json")
        #expect(try await ledger.admit(fixture.admission(second, content: "c")).batches?.count == 1)
        #expect(try await ledger.admit(fixture.admission(fixture.drop("d.json"), content: "c")) == .wait(second.id))
    }

    @Test func aRefusalAtLastMakesTheContentFree() async throws {
        let first = fixture.drop("a.json")
        _ = try await ledger.admit(fixture.admission(first, content: "c"))
        try await ledger.leaveUnresolved("c", of: first)
        let second = fixture.drop("b.json")
        _ = try await ledger.admit(fixture.admission(second, content: "c"))
        try await ledger.refuse("c", of: second)
        let third = fixture.admission(fixture.drop("d.json"), content: "c")
        #expect(try await ledger.admit(third).batches == third.batches)
    }

    /// The API may have taken the first request, whoever's it was: under another reference it would be taken twice.
    @Test(arguments: [nil, 408, 429, 500, 504], [401, 403, 404, 409])
    func whatMayHaveBeenTakenIsNotRefusedForOtherThings(first: Int?, then: Int) async throws {
        let drop = fixture.drop("a.json")
        _ = try await ledger.admit(fixture.admission(drop, content: "c"))
        try await ledger.attempt("c", of: drop, status: first)
        for back in ["a.json", "b.json", "c.json"] {
            let drop = back == "a.json" ? drop : fixture.drop(back)
            if back != "a.json" {
                let batches = try await ledger.admit(fixture.admission(drop, content: "c", round: 2)).batches
                #expect(batches?.map(\.reference) == ["c"] && batches?.map(\.state) == [.unresolved])
            }
            try await ledger.attempt("c", of: drop, status: then, error: .submitNotFound, becomes: .refused)
            _ = try await ledger.conclude(drop, .failed(Problem(.submitNotFound, "no")), filedName: drop.name)
        }
    }

    /// What the API says of its content is true of every request before.
    @Test(arguments: [false, true]) func whatWasRefusedForItsContentIsNotOpenAnyMore(isInherited: Bool) async throws {
        var drop = fixture.drop("a.json")
        _ = try await ledger.admit(fixture.admission(drop, content: "c"))
        if isInherited {
            try await ledger.leaveUnresolved("c", of: drop)
            drop = fixture.drop("b.json")
            _ = try await ledger.admit(fixture.admission(drop, content: "c"))
        } else {
            try await ledger.attempt("c", of: drop, status: nil)
        }
        try await ledger.attempt("c", of: drop, status: 400, error: .submitBadRequest, becomes: .refused)
        try await ledger.attempt("c", of: drop, status: 404, error: .submitNotFound, becomes: .refused)
        #expect(try await ledger.batches(of: drop.id).map(\.state) == [.refused])
    }
}
