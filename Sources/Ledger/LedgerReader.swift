import FileSystem
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
    private let file: FilePath
    /// The file that was opened; `nil` where it was a ledger of an earlier version, which is read in another way.
    private let opened: FileStatus?

    /// - Throws: ``Missing``; ``SystemCallError`` where nobody can say whether there is one; GRDB's `DatabaseError`, where it
    ///   cannot be read.
    package init(state: FilePath) throws {
        file = state.appending(LedgerFile.name)
        guard let status = try FileStatus.ofEntry(at: file) else { throw Missing() }
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase(Migrations.standIn)
        queue = try DatabaseQueue(path: file.string, configuration: configuration)
        opened = try queue.read { try Migrations.all.hasCompletedMigrations($0) } ? status : nil
    }

    /// Whether it still reads what lies in the state folder: another may have taken its place, or it another form.
    package var isCurrent: Bool {
        guard let opened, let now = FileStatus(at: file) else { return false }
        return now.device == opened.device && now.inode == opened.inode
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
            try database.first("SELECT * FROM drops WHERE id = ?", id.text) { try DropEntry(&$0) }
        }
    }

    /// The drop that was filed last under this name in this folder of an inbox.
    package func drop(filedAs name: FileName, in folder: Folder, of inbox: String) throws -> DropEntry? {
        try queue.read { database in
            try database.all(
                "SELECT * FROM drops WHERE inbox = ? AND filedName = ? ORDER BY finishedAt DESC, arrival DESC", inbox,
                name
            ) { try DropEntry(&$0) }.first { $0.outcome?.folder == folder }
        }
    }

    /// The newest drop of this name that is on its way in an inbox.
    package func drop(underWayAs name: FileName, in inbox: String) throws -> DropEntry? {
        try queue.read { database in
            try database.first(
                "SELECT * FROM drops WHERE inbox = ? AND state <> 'filed' AND name = ? ORDER BY arrival DESC LIMIT 1",
                inbox, name
            ) { try DropEntry(&$0) }
        }
    }

    /// The drop on its way that has this place in the work folder of an inbox.
    package func drop(underWayAt place: WorkName, in inbox: String) throws -> DropEntry? {
        try queue.read { database in
            try database.first(
                """
                SELECT * FROM drops WHERE inbox = ? AND state <> 'filed' AND name = ? AND shelf IS ?
                ORDER BY arrival DESC LIMIT 1
                """, inbox, place.name, place.shelf
            ) { try DropEntry(&$0) }
        }
    }

    /// Where a filed drop is being put back to; `nil`: it is not.
    package func returning(_ id: DropID) throws -> WorkName? {
        try queue.read { database in
            guard try database.tableExists("requeues") else { return nil }
            return try database.first(
                """
                SELECT drops.name, requeues.shelf FROM requeues JOIN drops ON drops.id = requeues.dropID
                WHERE dropID = ? AND requeues.state = 'moving' AND drops.state = 'filed'
                """, id.text
            ) { row in WorkName(shelf: row.optionalNumber("shelf"), name: FileName(bytes: row.bytes("name"))) }
        }
    }

    /// Whether a later drop of an inbox has one of these names, or this content.
    package func hasDrop(
        after arrival: Int64, named names: [FileName], orWith sha256: [UInt8]?, in inbox: String
    ) throws -> Bool {
        try queue.read { database in
            try names.contains { name in
                try database.holds(
                    "SELECT 1 FROM drops WHERE arrival > ? AND inbox = ? AND (name = ? OR sha256 = ?)", arrival, inbox,
                    name, sha256)
            }
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
            try database.all(
                """
                SELECT inbox, outcome, COUNT(*) AS count FROM drops
                WHERE outcome IS NOT NULL AND finishedAt >= ? GROUP BY inbox, outcome ORDER BY inbox, outcome
                """, time.milliseconds
            ) { row in
                (
                    row.text("inbox"), try known(Outcome(rawValue: row.text("outcome")), "drops.outcome"),
                    row.number("count")
                )
            }
        }
    }

    /// How many requests of any sort left since a moment, and when the last one did.
    package func requests(since time: Timestamp) throws -> (count: Int, last: Attempt?) {
        try queue.read { database in
            let count = try database.first("SELECT COUNT(*) AS count FROM requests WHERE at >= ?", time.milliseconds) {
                $0.number("count")
            }
            let last = try database.first("SELECT * FROM requests ORDER BY id DESC LIMIT 1") { try Attempt(&$0) }
            return (count ?? 0, last)
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

    init(_ row: inout Columns) throws {
        drop = Drop(&row)
        kind = try row.optionalText("kind").map { try known(Kind(rawValue: $0), "drops.kind") }
        sha256 = row.optionalBytes("sha256")
        isFiled = row.text("state") == "filed"
        outcome = try row.optionalText("outcome").map { try known(Outcome(rawValue: $0), "drops.outcome") }
        problem = try Problem(&row)
        finishedAt = row.optionalInteger("finishedAt").map { Timestamp(milliseconds: $0) }
        filedName = row.optionalBytes("filedName").map { FileName(bytes: $0) }
        removal = try Removal(&row)
    }
}
