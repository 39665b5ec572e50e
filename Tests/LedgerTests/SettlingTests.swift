import GRDB
@testable import Ledger
import Model
import SystemPackage
import Testing
import TestSupport

/// Accepted documents that hold back others until the API has processed them, over restarts.
@Suite struct SettlingTests {
    private let fixture: LedgerFixture
    private var ledger: Ledger { fixture.ledger }

    init() throws {
        fixture = try LedgerFixture()
    }

    private func accept(_ name: String, _ keys: [UInt64], settlesIn: Duration, inbox: String = "erp") async throws
        -> Drop
    {
        let drop = fixture.drop(name, inbox: inbox)
        _ = try await ledger.admit(
            fixture.admission(drop, content: name, identities: IdentityKeys(keys), bytes: UInt8(name.count)))
        try await ledger.accept(name, of: drop, Spoken(identities: IdentityKeys(keys), settlesIn: settlesIn))
        return drop
    }

    private func settling(_ ledger: Ledger, inbox: String = "erp") async throws -> [SettlingDrop] {
        let since = fixture.time.timestamp.milliseconds - 300_000
        return try await ledger.settling(inbox: inbox, since: Timestamp(milliseconds: since))
    }

    @Test func theyAreFoundAgainInOrderWithWhatTheyAreAbout() async throws {
        let one = try await accept("a", [3, 1], settlesIn: .seconds(300))
        fixture.time.advance(by: .seconds(10))
        let two = try await accept("bb", [.max], settlesIn: .seconds(300))
        _ = try await accept("ccc", [5], settlesIn: .zero)
        _ = try await accept("dddd", [5], settlesIn: .seconds(300), inbox: "partner")
        let found = try await settling(try fixture.reopened())
        #expect(found.map(\.drop) == [one.id, two.id])
        #expect(found.map(\.arrival) == [one.arrival, two.arrival])
        #expect(found.map(\.keys) == [IdentityKeys([1, 3]), IdentityKeys([.max])])
        #expect(found[0].acceptedAt.duration(to: found[1].acceptedAt) == .seconds(10))
    }

    @Test func whatHasSettledIsForgotten() async throws {
        let one = try await accept("a", [1], settlesIn: .seconds(300))
        fixture.time.advance(by: .seconds(299))
        let two = try await accept("bb", [2], settlesIn: .seconds(300))
        #expect(try await settling(ledger).map(\.drop) == [one.id, two.id])
        fixture.time.advance(by: .seconds(2))
        #expect(try await settling(ledger).map(\.drop) == [two.id])
        try await ledger.settled(two.id)
        #expect(try await settling(ledger).isEmpty)
    }

    @Test func aLedgerOfTheFirstFormIsTakenOver() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("ledger.sqlite").string
        let queue = try DatabaseQueue(path: path)
        try Migrations.all.migrate(queue, upTo: "1 drops, batches, requests, contents")
        try await queue.write { database in
            for (id, state, outcome) in [("1", "waiting", nil), ("2", "filed", "failed"), ("3", "filed", "accepted")] {
                try database.execute(
                    sql: """
                        INSERT INTO drops (id, arrival, inbox, name, bytes, receivedAt, kind, content, state, outcome)
                        VALUES (?, ?, 'erp', x'61', 1, 1, 'account', 'c' || ?, ?, ?)
                        """, arguments: [id, id, id, state, outcome])
            }
            for (id, state) in [("1", "pending"), ("2", "unresolved"), ("3", "accepted")] {
                try database.execute(
                    sql: """
                        INSERT INTO batches (dropID, part, parts, reference, records, bytes, bodyHash, state)
                        VALUES (?1, 1, 1, 'c' || ?1, 1, 1, x'00', 'unresolved');
                        """, arguments: [id])
                try database.execute(
                    sql: "INSERT INTO contents VALUES ('c' || ?1, 'c' || ?1, 'account', 'erp', 'erp', ?1, x'61', ?2)",
                    arguments: [id, state])
            }
        }
        try queue.close()
        let ledger = try Ledger(state: folder.path, boot: "boot", time: fixture.time)
        func turn(_ content: String) async throws -> Turn {
            try await ledger.admit(fixture.admission(fixture.drop("x.json", by: ledger), content: content))
        }
        #expect(try await turn("c1") == .wait(DropID(text: "1")))
        #expect(try await turn("c2").batches?.map(\.state) == [.unresolved])
        #expect(try await turn("c3") == .duplicate(of: FileName("a")))
    }
}
