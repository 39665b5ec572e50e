import FileSystem
import GRDB
import Model
import Synchronization
import SystemPackage

/// The one truth after a crash: drops, batches, requests and references, in SQLite.
///
/// What a caller learns from it or is told by it is on disk. Writers that come together share one transaction and
/// one fsync (``GroupCommit``).
package final class Ledger: Sendable {
    let commits: GroupCommit
    let pool: DatabasePool
    let bodies: BodyStore
    let time: any TimeSource
    /// Names this run of the machine: times since boot mean nothing in another.
    let boot: String
    private let arrival: Mutex<Int64>

    private static let cacheKilobytes = 8192
    /// The write-ahead log's length, in pages of 4096 bytes, at which it is copied into the file.
    private static let logPages = 4000

    /// Opens the ledger in the state folder, and makes it where it is missing.
    ///
    /// - Throws: GRDB's `DatabaseError`; ``SystemCallError``.
    package init(state: FilePath, boot: String, time: any TimeSource) throws {
        _ = SQLite.isSetUp
        var configuration = GRDB.Configuration()
        configuration.label = "ledger"
        configuration.busyMode = .timeout(5)
        let pool = try DatabasePool(path: state.appending(LedgerFile.name).string, configuration: configuration)
        // The library leaves a write-ahead log at NORMAL, where a power loss takes the last commits with it.
        try pool.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            // What is written here are the names of cases, which tests see checked; whoever repairs a ledger by hand does,
            // too. For each row that it checks against several values SQLite makes a table of them, at three times the
            // row's own cost.
            #if !DEBUG
                try database.execute(sql: "PRAGMA ignore_check_constraints = ON")
            #endif
            // Debian's SQLite overwrites what is deleted. The ledger holds nothing that its folder's mode does not protect.
            try database.execute(sql: "PRAGMA secure_delete = OFF")
            // What is written again and again stays at hand, and is copied from the log less often.
            try database.execute(sql: "PRAGMA cache_size = -\(Ledger.cacheKilobytes)")
            try database.execute(sql: "PRAGMA wal_autocheckpoint = \(Ledger.logPages)")
        }
        if try pool.read(Migrations.all.hasBeenSuperseded) { throw NewerLedger(state: state) }
        try Migrations.all.migrate(pool)
        self.pool = pool
        self.time = time
        self.boot = boot
        commits = GroupCommit(pool: pool)
        bodies = try BodyStore(state: state)
        let last = try pool.read { try Int64.fetchOne($0, sql: "SELECT MAX(arrival) FROM drops") }
        arrival = Mutex((last ?? 0) + 1)
    }

    /// The next place in the order of arrival. One that is never recorded is simply missing.
    package func nextArrival() -> Int64 {
        arrival.withLock { next in
            defer { next += 1 }
            return next
        }
    }

    /// Runs `body` in a transaction that is on disk when this returns.
    ///
    /// - Parameter queued: called as soon as nobody who comes later is written before this.
    func commit<Value: Sendable>(
        queued: @Sendable () -> Void = {}, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await commits.run(queued: queued, body)
    }
}
