import FileSystem
import Foundation
import GRDB
import Model
import SystemPackage

/// The ledger for those who look and change nothing, beside a service that runs or without one.
package final class LedgerReader: Sendable {
    /// There is no ledger: no service has run on this state folder.
    package struct Missing: Error {
        package init() {}
    }

    let queue: DatabaseQueue

    /// - Throws: ``Missing``; GRDB's `DatabaseError`, where it cannot be read.
    package init(state: FilePath) throws {
        let file = state.appending(LedgerFile.name)
        guard FileManager.default.fileExists(atPath: file.string) else { throw Missing() }
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase(Migrations.standIn)
        queue = try DatabaseQueue(path: file.string, configuration: configuration)
    }

    /// Whether a service of this version, or a later one, has opened it.
    package var isUpToDate: Bool {
        get throws { try queue.read { try Migrations.all.hasCompletedMigrations($0) } }
    }

    /// Whether there is more than a file so far.
    package var isMade: Bool {
        get throws { try queue.read { try $0.tableExists("drops") } }
    }

    package func drop(_ id: DropID) throws -> DropEntry? {
        try queue.read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM drops WHERE id = ?", arguments: [id.text])
                .map(DropEntry.init(row:))
        }
    }

    /// The drop that was filed last under this name in this folder of an inbox.
    package func drop(filedAs name: FileName, in folder: Folder, of inbox: String) throws -> DropEntry? {
        try queue.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT * FROM drops WHERE inbox = ? AND filedName = ? ORDER BY finishedAt DESC, arrival DESC",
                arguments: [inbox, name.blob])
            return try rows.lazy.map(DropEntry.init(row:)).first { $0.outcome?.folder == folder }
        }
    }

    /// Everything about one drop: for a decided one its result, for another the batches so far.
    package func batches(of id: DropID) throws -> [DropResult.BatchReport] {
        try queue.read { try Ledger.reports(of: id.text, $0) }
    }

    package func result(of id: DropID) throws -> DropResult? {
        try queue.read { try Ledger.decidedResult(of: id, $0) }
    }

    /// How many drops ended since a moment, by inbox and outcome.
    package func ended(since time: Timestamp) throws -> [(inbox: String, outcome: Outcome, count: Int)] {
        try queue.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT inbox, outcome, COUNT(*) AS count FROM drops
                    WHERE outcome IS NOT NULL AND finishedAt >= ? GROUP BY inbox, outcome ORDER BY inbox, outcome
                    """, arguments: [time.milliseconds]
            ).map { ($0["inbox"], try known(Outcome(rawValue: $0["outcome"]), "drops.outcome"), $0["count"]) }
        }
    }

    /// How many requests of any sort left since a moment, and when the last one did.
    package func requests(since time: Timestamp) throws -> (count: Int, last: Attempt?) {
        try queue.read { database in
            let count = try Int.fetchOne(
                database, sql: "SELECT COUNT(*) FROM requests WHERE at >= ?", arguments: [time.milliseconds])
            let last = try Row.fetchOne(database, sql: "SELECT * FROM requests ORDER BY id DESC LIMIT 1")
            return (count ?? 0, try last.map(Attempt.init(row:)))
        }
    }

    /// What an admin paused: inboxes by name, and everything where the name is empty.
    package func pauses() throws -> Set<String> {
        try queue.read { try Ledger.pauses($0) }
    }

    /// Why the service paused by itself; `nil`: it did not.
    package func pauseReason() throws -> String? {
        try queue.read { try Ledger.pauseReason($0) }
    }

    /// Copies the ledger as it is at one moment, while a service may go on writing, into a new file.
    ///
    /// The copy is paused: put in the place of a ledger that went on since, it may know less than the API does, and a
    /// service that starts on it waits for an admin's word.
    ///
    /// - Throws: GRDB's `DatabaseError`.
    package func backup(to file: FilePath, at now: Timestamp) throws {
        let copy = try DatabaseQueue(path: file.string)
        try queue.backup(to: copy)
        try Migrations.all.migrate(copy)
        try copy.write { try Ledger.pause(because: LedgerWords.backup(of: now), at: now.milliseconds, $0) }
        // One file, whole without a log beside it.
        try copy.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
        try copy.close()
    }
}

/// One drop as a line of a list.
package struct DropEntry: Sendable, Hashable {
    package var drop: Drop
    package var kind: Kind?
    package var sha256: [UInt8]?
    /// `nil`: it is on its way.
    package var outcome: Outcome?
    package var problem: Problem?
    package var finishedAt: Timestamp?
    package var filedName: FileName?
    /// It lies in its folder; one that is decided is on its way there.
    package var isFiled: Bool
    /// What retention did about it; `nil`: nothing.
    package var removal: Removal?

    init(row: Row) throws {
        drop = Drop(row: row)
        kind = try (row["kind"] as String?).map { try known(Kind(rawValue: $0), "drops.kind") }
        sha256 = (row["sha256"] as Data?).map(Array.init)
        outcome = try (row["outcome"] as String?).map { try known(Outcome(rawValue: $0), "drops.outcome") }
        problem = try (row["problem"] as String?).map { try JSONDecoder().decode(Problem.self, from: Data($0.utf8)) }
        finishedAt = (row["finishedAt"] as Int64?).map { Timestamp(milliseconds: $0) }
        filedName = (row["filedName"] as Data?).map { FileName(bytes: $0) }
        isFiled = row["state"] == "filed"
        removal = try Removal(row: row)
    }
}
