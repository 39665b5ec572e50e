import GRDB
import Model

/// A filed drop whose time in its folder is over.
package struct ExpiredDrop: Sendable, Hashable {
    package let drop: Drop
    package let outcome: Outcome
    package let filedName: FileName
    package let sha256: [UInt8]?
    package let finishedAt: Timestamp
    /// Whether no later drop was given its name in the folder: what lies there under it can only be this one.
    package let hasItsName: Bool
}

/// What retention did about a drop.
package enum Removal: Sendable, Hashable {
    /// Its file and result are about to go, or are gone.
    case begun
    case removed(Timestamp)
    /// They are not what was filed, and are left alone.
    case kept
}

extension Ledger {
    /// Filed drops of an inbox that ended so before a time, the oldest first; not those that are put back by themselves.
    package func expired(
        inbox: String, _ outcome: Outcome, before end: Timestamp, limit: Int
    ) async throws -> [ExpiredDrop] {
        try await pool.read { database in
            try database.all(
                """
                SELECT drops.*, \(Ledger.hasItsName) AS hasItsName FROM drops
                WHERE inbox = ? AND outcome = ? AND state = 'filed' AND removal IS NULL AND finishedAt < ?
                    AND NOT EXISTS (SELECT 1 FROM requeues WHERE dropID = drops.id AND requeues.state <> 'done')
                ORDER BY finishedAt LIMIT ?
                """, inbox, outcome.rawValue, end.milliseconds, limit
            ) { try ExpiredDrop(&$0) }
        }
    }

    /// Drops whose removal a stop of the service caught on its way.
    package func removalsUnderWay(inbox: String) async throws -> [ExpiredDrop] {
        try await pool.read { database in
            try database.all(
                """
                SELECT drops.*, \(Ledger.hasItsName) AS hasItsName FROM drops
                WHERE inbox = ? AND removal = 'removing' ORDER BY arrival
                """, inbox
            ) { try ExpiredDrop(&$0) }
        }
    }

    /// Names are given to one drop at a time, so that the last one that was given it has it.
    private static let hasItsName = """
        NOT EXISTS (
            SELECT 1 FROM drops AS other
            WHERE other.inbox = drops.inbox AND other.filedName = drops.filedName AND other.id <> drops.id
                AND (other.outcome = 'failed') = (drops.outcome = 'failed')
                AND (other.finishedAt, other.arrival) > (drops.finishedAt, drops.arrival)
        )
        """

    /// Writes down that these drops' files and results are about to go. That they are on disk matters no more.
    package func beginRemoval(of drops: [DropID]) async throws {
        try await commit { database in
            for drop in drops {
                try database.run("UPDATE drops SET removal = 'removing' WHERE id = ?", drop.text)
                try database.run("DELETE FROM filings WHERE dropID = ?", drop.text)
            }
        }
    }

    /// The files and results of these drops are gone, from the disk too.
    package func endRemoval(of drops: [DropID]) async throws {
        let now = time.timestamp.milliseconds
        try await commit { database in
            for drop in drops {
                try database.run("UPDATE drops SET removal = 'removed', removedAt = ? WHERE id = ?", now, drop.text)
            }
        }
    }

    /// What has these drops' names is left alone from now on.
    package func keep(_ drops: [DropID]) async throws {
        try await commit { database in
            for drop in drops { try database.run("UPDATE drops SET removal = 'kept' WHERE id = ?", drop.text) }
        }
    }
}

extension ExpiredDrop {
    fileprivate init(_ row: inout Columns) throws {
        self.init(
            drop: Drop(&row), outcome: try known(Outcome(rawValue: row.text("outcome")), "drops.outcome"),
            filedName: FileName(bytes: row.bytes("filedName")), sha256: row.optionalBytes("sha256"),
            finishedAt: Timestamp(milliseconds: row.integer("finishedAt")), hasItsName: row.flag("hasItsName"))
    }
}

extension Removal {
    /// A ledger of an earlier version knows of no removal.
    init?(_ row: inout Columns) throws {
        switch row.optionalText("removal") {
        case nil: return nil
        case "removing": self = .begun
        case "removed":
            self = .removed(Timestamp(milliseconds: try known(row.optionalInteger("removedAt"), "drops.removedAt")))
        case "kept": self = .kept
        default: throw LedgerCorruption(column: "drops.removal")
        }
    }
}

extension DropEntry {
    /// When its file and its result were removed, for their time was over; `nil`: they were not.
    package var removedAt: Timestamp? {
        if case .removed(let time) = removal { time } else { nil }
    }
}
