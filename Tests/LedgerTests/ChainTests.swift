import FileSystem
import Foundation
import GRDB
import Ledger
import Model
import SystemPackage
import TestSupport
import Testing

/// The chain over closed drops: what is changed in the ledger afterwards shows.
struct ChainTests {
    /// A ledger with three closed drops, one of them with an attempt, and one that waits.
    private static func closed() async throws -> (fixture: LedgerFixture, drops: [Drop]) {
        let fixture = try LedgerFixture()
        var drops: [Drop] = []
        for name in ["one.json", "two.json", "three.json"] {
            let drop = fixture.drop(name)
            drops.append(drop)
            _ = try await fixture.ledger.admit(fixture.admission(drop, content: "account-\(name)"))
            try await fixture.ledger.attempt("account-\(name)", of: drop, status: 202, becomes: .accepted)
            _ = try await fixture.ledger.conclude(drop, Ending(outcome: .accepted), filedName: drop.name)
            try await fixture.ledger.close(drop.id)
        }
        _ = try await fixture.ledger.admit(fixture.admission(fixture.drop("four.json"), content: "account-four"))
        return (fixture, drops)
    }

    private static func verify(_ fixture: LedgerFixture, anchor: String? = nil) throws -> ChainReport {
        try LedgerReader(state: fixture.folder.path).verifyChain(
            anchor: anchor.flatMap { ChainReport.Anchor($0) })
    }

    private static func change(_ fixture: LedgerFixture, _ sql: String) throws {
        // As whoever alters it by hand: nothing looks after what belongs together.
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(
            path: fixture.folder.path.appending("ledger.sqlite").string, configuration: configuration)
        try queue.write { database in
            try database.execute(sql: sql)
            #expect(database.changesCount > 0, "\(sql) changed nothing")
        }
        try queue.close()
    }

    @Test func aLedgerThatWasLeftAloneIsWhole() async throws {
        let (fixture, _) = try await Self.closed()
        let report = try Self.verify(fixture)
        #expect(report.findings.isEmpty)
        #expect(report.count == 3)
        #expect(try Self.verify(fixture, anchor: report.anchor).findings.isEmpty)
    }

    @Test(arguments: [
        ("UPDATE drops SET outcome = 'failed' WHERE name = CAST('two.json' AS BLOB)", "something else"),
        ("UPDATE drops SET sha256 = x'00' WHERE name = CAST('one.json' AS BLOB)", "something else"),
        ("UPDATE batches SET reference = 'account-5' WHERE reference = 'account-two.json'", "something else"),
        ("UPDATE batches SET bodyHash = x'01' WHERE reference = 'account-three.json'", "something else"),
        ("UPDATE requests SET status = 500 WHERE id = 1", "something else"),
        ("DELETE FROM requests WHERE id = 2", "something else"),
        ("DELETE FROM closings WHERE seq = 2", "breaks at closing 2"),
        ("DELETE FROM closings WHERE seq = 3", "no closing of it"),
        ("UPDATE closings SET digest = x'00' WHERE seq = 1", "breaks at closing 1"),
        ("UPDATE closings SET dropID = 'somebody else' WHERE seq = 2", "breaks at closing 2"),
    ])
    func aChangedRowShows(sql: String, message: String) async throws {
        let (fixture, _) = try await Self.closed()
        try Self.change(fixture, sql)
        let report = try Self.verify(fixture)
        #expect(report.findings.contains { $0.message.contains(message) }, "\(report.findings)")
    }

    @Test func aRemovedDropShows() async throws {
        let (fixture, drops) = try await Self.closed()
        try Self.change(
            fixture,
            """
            DELETE FROM requests WHERE id = 2; DELETE FROM batches WHERE dropID = '\(drops[1].id.text)';
            DELETE FROM drops WHERE id = '\(drops[1].id.text)'
            """)
        #expect(try Self.verify(fixture).findings.map(\.drop) == [drops[1].id])
    }

    @Test func aLedgerThatWasPutBackShowsWithAnAnchor() async throws {
        let (fixture, drops) = try await Self.closed()
        let anchor = try Self.verify(fixture).anchor
        // As if the last drop had never been closed.
        try Self.change(fixture, "DELETE FROM closings WHERE seq = 3")
        try Self.change(fixture, "UPDATE drops SET state = 'decided' WHERE id = '\(drops[2].id.text)'")
        #expect(try Self.verify(fixture).findings.isEmpty)
        #expect(
            try Self.verify(fixture, anchor: anchor).findings.map(\.message).first?.contains("ends at closing 2")
                == true)
        // Going on in another way does not hide it.
        try await fixture.reopened().close(drops[2].id)
        #expect(try Self.verify(fixture, anchor: anchor).findings.isEmpty)
        try await Self.conclude("five.json", in: fixture)
        #expect(try Self.verify(fixture, anchor: anchor).findings.isEmpty)
        let other = "3:" + String(repeating: "0", count: 64)
        #expect(try Self.verify(fixture, anchor: other).findings.count == 1)
    }

    private static func conclude(_ name: String, in fixture: LedgerFixture) async throws {
        let ledger = try fixture.reopened()
        let drop = fixture.drop(name, by: ledger)
        _ = try await ledger.conclude(
            drop, .failed(Problem(.readEmpty, "it is empty")), filedName: drop.name)
        try await ledger.close(drop.id)
    }

    @Test func aDropThatWasPutBackIsClosedAnew() async throws {
        let fixture = try LedgerFixture()
        let drop = fixture.drop("one.json")
        _ = try await fixture.ledger.admit(fixture.admission(drop, content: "account-1"))
        var ending = Ending.failed(Problem(.submitServerError, "it answers 503"))
        ending.isPutBack = true
        _ = try await fixture.ledger.conclude(drop, ending, filedName: drop.name)
        try await fixture.ledger.close(drop.id)
        try await fixture.ledger.beginReturn(of: drop.id, to: drop.workName)
        try await fixture.ledger.endReturn(of: drop.id, at: drop.workName)
        #expect(try Self.verify(fixture).findings.isEmpty)
        _ = try await fixture.ledger.conclude(drop, Ending(outcome: .accepted), filedName: drop.name)
        try await fixture.ledger.close(drop.id)
        // A start that finds it filed closes it no second time.
        try await fixture.reopened().close(drop.id)
        let report = try Self.verify(fixture)
        #expect(report.findings.isEmpty)
        #expect(report.count == 2)
    }

    @Test func whatWasClosedBeforeThereWasAChainIsTakenIntoIt() async throws {
        let (fixture, _) = try await Self.closed()
        let before = try Self.verify(fixture)
        try Self.change(fixture, "DELETE FROM grdb_migrations WHERE identifier = '4 chain'")
        let queue = try DatabaseQueue(path: fixture.folder.path.appending("ledger.sqlite").string)
        try await queue.write { try $0.execute(sql: "DROP TABLE closings") }
        try queue.close()
        #expect(try Self.verify(fixture).findings.map(\.message).first?.contains("no chain yet") == true)
        _ = try fixture.reopened()
        #expect(try Self.verify(fixture) == before)
    }

    @Test(arguments: ["", "3", "3:", "3:xyz", "-1:" + String(repeating: "0", count: 64)])
    func whatIsNoAnchorIsRefused(text: String) {
        #expect(ChainReport.Anchor(text) == nil)
    }
}
