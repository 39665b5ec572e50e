import FileSystem
import Foundation
import GRDB
import Model
import SystemPackage
import TestSupport
import Testing

@testable import Ledger

/// A start that brings a ledger up to date and is cut off: each migration is a transaction of its own.
struct MigrationTests {
    private static let names = Migrations.all.migrations

    private static func schema(of folder: TemporaryFolder) throws -> [String] {
        let queue = try DatabaseQueue(path: folder.path.appending(LedgerFile.name).string)
        return try queue.read { database in
            try String.fetchAll(
                database,
                sql: "SELECT type || ' ' || name || ': ' || COALESCE(sql, '') FROM sqlite_master ORDER BY type, name")
        }
    }

    @Test(arguments: 0...names.count) func itGoesOnAfterTheLastOneThatWasDone(count: Int) async throws {
        let cut = try TemporaryFolder()
        if count > 0 {
            let pool = try DatabasePool(path: cut.path.appending(LedgerFile.name).string)
            try Migrations.all.migrate(pool, upTo: MigrationTests.names[count - 1])
            try pool.close()
        }
        let fresh = try TemporaryFolder()
        for folder in [cut, fresh] {
            let ledger = try Ledger.open(state: folder.path, boot: "boot", time: ManualTime()) { nil }
            #expect(try await ledger.unfinished(inbox: "erp").isEmpty)
            #expect(ledger.nextArrival() == 1)
        }
        #expect(try MigrationTests.schema(of: cut) == MigrationTests.schema(of: fresh))
    }

    /// A service of that version could not read it at its next start any more.
    @Test func aCommandLeavesALedgerInTheFormOfTheServiceThatRuns() async throws {
        let folder = try TemporaryFolder()
        let pool = try DatabasePool(path: folder.path.appending(LedgerFile.name).string)
        let last = MigrationTests.names[MigrationTests.names.count - 2]
        try Migrations.all.migrate(pool, upTo: last)
        func open(isServed: Bool) throws -> Ledger {
            try Ledger.openForCommand(state: folder.path, isServed: isServed, boot: "boot", time: ManualTime()) { nil }
        }
        #expect(throws: OtherForm.self) { try open(isServed: true) }
        #expect(try await pool.read { try Migrations.all.appliedMigrations($0).last } == last)
        // While none runs it is any version's.
        #expect(try await open(isServed: false).pauses() == [])
        #expect(try await open(isServed: true).pauses() == [])
    }
}
