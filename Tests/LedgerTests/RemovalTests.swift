import Ledger
import Model
import Testing
import TestSupport

/// What the ledger knows of filed drops that are removed.
@Suite struct RemovalTests {
    private let fixture: LedgerFixture
    private var ledger: Ledger { fixture.ledger }

    init() throws {
        fixture = try LedgerFixture()
    }

    /// A drop that was accepted and filed.
    private func accept(_ name: String, content: String? = nil, inbox: String = "erp") async throws -> Drop {
        let drop = fixture.drop(name, inbox: inbox)
        _ = try await ledger.admit(fixture.admission(drop, content: content ?? name))
        try await ledger.accept(content ?? name, of: drop)
        try await ledger.close(drop.id)
        return drop
    }

    private func fail(_ name: String, putBack: Bool = false) async throws -> Drop {
        let drop = fixture.drop(name)
        var ending = Ending.failed(Problem(.parseJSON, "no"))
        ending.isPutBack = putBack
        _ = try await ledger.conclude(drop, ending, filedName: drop.name)
        try await ledger.close(drop.id)
        return drop
    }

    private func expired(
        _ outcome: Outcome = .accepted, inbox: String = "erp", limit: Int = 100
    ) async throws -> [DropID] {
        try await ledger.expired(inbox: inbox, outcome, before: fixture.time.timestamp, limit: limit).map(\.drop.id)
    }

    @Test func whatEndedBeforeIsExpiredTheOldestFirst() async throws {
        var drops: [Drop] = []
        for name in ["a.json", "b.json", "c.json"] {
            drops.append(try await accept(name))
            fixture.time.advance(by: .seconds(60))
        }
        let other = try await accept("d.json", inbox: "other")
        let failed = try await fail("e.json")
        #expect(try await expired() == drops.map(\.id))
        #expect(try await expired(limit: 2) == drops.prefix(2).map(\.id))
        #expect(try await expired(.failed) == [], "it ends now")
        fixture.time.advance(by: .seconds(1))
        #expect(try await expired(.failed) == [failed.id])
        #expect(try await expired(inbox: "other") == [other.id])
        let before = drops[1].receivedAt
        #expect(
            try await ledger.expired(inbox: "erp", .accepted, before: before, limit: 9).map(\.drop.id) == [drops[0].id])
    }

    @Test func whatIsOnItsWayOrPutBackByItselfIsNot() async throws {
        let decided = fixture.drop("a.json")
        _ = try await ledger.conclude(decided, .failed(Problem(.parseJSON, "no")), filedName: decided.name)
        let waiting = try await fail("b.json", putBack: true)
        fixture.time.advance(by: .seconds(9))
        #expect(try await expired(.failed) == [])
        try await ledger.close(decided.id)
        try await ledger.forgetReturn(of: waiting.id)
        #expect(try await expired(.failed) == [decided.id, waiting.id])
    }

    @Test func aRemovalIsBegunAndThenDone() async throws {
        let drop = try await accept("a.json")
        fixture.time.advance(by: .seconds(9))
        try await ledger.beginRemoval(of: [drop.id])
        #expect(try await expired() == [])
        let later = try fixture.reopened()
        #expect(try await later.removalsUnderWay(inbox: "erp").map(\.drop.id) == [drop.id])
        #expect(try await later.removalsUnderWay(inbox: "other").isEmpty)
        // Whether it is on disk matters no more: a start does not look for it.
        #expect(try await later.standings(inbox: "erp").isEmpty)
        let reader = try LedgerReader(state: fixture.folder.path)
        #expect(try reader.drop(drop.id)?.removal == .begun)
        try await later.endRemoval(of: [drop.id])
        #expect(try reader.drop(drop.id)?.removedAt == fixture.time.timestamp)
        #expect(try await later.removalsUnderWay(inbox: "erp").isEmpty)
        #expect(try reader.verifyChain().findings.isEmpty)
    }

    @Test func whatIsKeptIsNotLookedAtAgain() async throws {
        let drop = try await accept("a.json")
        fixture.time.advance(by: .seconds(9))
        try await ledger.keep([drop.id])
        #expect(try await expired() == [])
        #expect(try LedgerReader(state: fixture.folder.path).drop(drop.id)?.removal == .kept)
    }

    @Test func referencesStay() async throws {
        let drop = try await accept("a.json", content: "c")
        try await ledger.beginRemoval(of: [drop.id])
        try await ledger.endRemoval(of: [drop.id])
        guard case .duplicate = try await ledger.admit(fixture.admission(fixture.drop("b.json"), content: "c")) else {
            Issue.record("the content is forgotten")
            return
        }
    }

    /// A failed drop that somebody took out of the folder, and another that got its name.
    @Test func aNameIsTheLastDropsThatWasGivenIt() async throws {
        let first = try await fail("a.json")
        fixture.time.advance(by: .seconds(5))
        let second = try await fail("a.json")
        _ = try await accept("a.json")
        fixture.time.advance(by: .seconds(5))
        let found = try await ledger.expired(inbox: "erp", .failed, before: fixture.time.timestamp, limit: 9)
        #expect(found.map(\.drop.id) == [first.id, second.id])
        #expect(found.map(\.hasItsName) == [false, true])
    }

    @Test func theLastArrivalIsTheNewestDropOfItsInbox() async throws {
        #expect(try await ledger.lastArrival(inbox: "erp") == nil)
        let first = try await fail("a.json")
        fixture.time.advance(by: .seconds(5))
        _ = try await accept("b.json", inbox: "other")
        #expect(try await ledger.lastArrival(inbox: "erp") == first.receivedAt)
    }
}
