import Ledger
import Model
import Testing
import TestSupport

/// What last words cost: printed, and held to nothing, for other work goes on on the machine.
@Suite(.serialized) struct WordCostTests {
    private func keys(_ count: Int, from start: Int = 0) -> IdentityKeys {
        IdentityKeys((0..<count).map { IdentityKeys.key(clientReferenceId: "INV-\(start + $0)") })
    }

    @Test func aLargeDocument() async throws {
        let fixture = try LedgerFixture()
        let ledger = fixture.ledger
        let clock = ContinuousClock()
        // Not into an empty table.
        try await submit(fixture, "old", keys(100_000, from: 5_000_000))
        let large = keys(500_000)
        let first = try await clock.measure { try await submit(fixture, "A", large) }
        let plain = try await clock.measure { try await submit(fixture, "none", .none) }
        let drop = fixture.drop("again.json")
        var turn = Turn.wait(drop.id)
        let asking = try await clock.measure {
            turn = try await ledger.admit(fixture.admission(drop, content: "A", identities: large))
        }
        #expect(turn == .duplicate(of: FileName("A")))
        print("last words of 500,000 records: \(first - plain) to write, \(asking) to ask for")
    }

    @Test func aSmallDrop() async throws {
        let fixture = try LedgerFixture()
        let clock = ContinuousClock()
        var with = Duration.zero
        var without = Duration.zero
        for round in 0..<300 {
            with += try await clock.measure { try await submit(fixture, "w\(round)", keys(1, from: round)) }
            without += try await clock.measure { try await submit(fixture, "o\(round)", .none) }
        }
        print("a small drop in the ledger: \(with / 300) with last words, \(without / 300) without")
        #expect(with > .zero)
    }

    private func submit(_ fixture: LedgerFixture, _ content: String, _ keys: IdentityKeys) async throws {
        let drop = fixture.drop(content)
        _ = try await fixture.ledger.admit(fixture.admission(drop, content: content, identities: keys))
        try await fixture.ledger.accept(content, of: drop, Spoken(identities: keys, settlesIn: .seconds(300)))
        try await fixture.ledger.close(drop.id)
    }
}
