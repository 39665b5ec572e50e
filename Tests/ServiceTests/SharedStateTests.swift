import GRDB
import Model
import SystemPackage
import TestSupport
import Testing

@testable import Ledger
@testable import Service

/// The ledger beside a service that runs.
@Suite struct SharedStateTests {
    /// After an update whose configuration check failed the old version goes on.
    @Test func aLedgerOfAnOlderVersionThatRunsIsLeftInItsForm() async throws {
        try await Stage.prepare { stage in
            try stage.writeConfiguration()
            let lock = try StateLock(state: stage.state)
            let pool = try DatabasePool(path: stage.state.appending(LedgerFile.name).string)
            let names = Migrations.all.migrations
            try Migrations.all.migrate(pool, upTo: names[names.count - 2])
            let error = #expect(throws: OtherForm.self) { try SharedState.openLedger(stage.configuration()) }
            // Nobody can tell it from a start that takes long, which a restart would have begin anew.
            #expect(error?.description.hasPrefix("the service is still starting") == true)
            #expect(try await pool.read { try Migrations.all.appliedMigrations($0) } == names.dropLast())
            withExtendedLifetime(lock) {}
        }
    }
}
