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
}
