import GRDB
import Model

/// A failed drop that is to be put back by itself.
package struct Requeue: Sendable, Hashable {
    package var drop: Drop
    /// Its name in `failed`.
    package var filedName: FileName
    /// When it failed.
    package var finishedAt: Timestamp
    package var sha256: [UInt8]?
    /// Where it is being moved to; `nil`: it waits in `failed`.
    package var target: WorkName?
}

extension Ledger {
    /// Drops that wait in `failed` to be put back, and those that a stop caught on their way, in the order of arrival.
    package func requeues() async throws -> [Requeue] {
        try await pool.read { database in
            try database.all(
                """
                SELECT drops.*, requeues.state AS requeue, requeues.shelf AS target
                FROM requeues JOIN drops ON drops.id = requeues.dropID
                WHERE requeues.state <> 'done' AND drops.state = 'filed' ORDER BY arrival
                """
            ) { row in
                let drop = Drop(&row)
                return Requeue(
                    drop: drop, filedName: FileName(bytes: row.bytes("filedName")),
                    finishedAt: Timestamp(milliseconds: row.integer("finishedAt")),
                    sha256: row.optionalBytes("sha256"),
                    target: row.text("requeue") == "moving"
                        ? WorkName(shelf: row.optionalNumber("target"), name: drop.name) : nil)
            }
        }
    }

    /// Drops with all those that share a request with one of them.
    package func withCompanions(_ drops: Set<DropID>) async throws -> Set<DropID> {
        try await pool.read { database in
            try drops.reduce(into: drops) { all, drop in
                try database.each(
                    """
                    SELECT dropID FROM batches WHERE joint IN (SELECT joint FROM batches WHERE dropID = ?)
                    """, drop.text
                ) { all.insert(DropID(text: $0.text("dropID"))) }
            }
        }
    }

    /// Puts failed drops on the list of those that are put back, once each.
    ///
    /// - Returns: those of them that are on it and wait.
    package func requeueOnce(_ drops: Set<DropID>) async throws -> Set<DropID> {
        try await commit { database in
            var waiting: Set<DropID> = []
            for drop in drops {
                guard
                    try database.holds(
                        "SELECT 1 FROM drops WHERE id = ? AND removal IS NULL AND outcome = 'failed'", drop.text)
                else { continue }
                try Ledger.insertRequeue(of: drop.text, database)
                if try database.holds("SELECT 1 FROM requeues WHERE dropID = ? AND state = 'waiting'", drop.text) {
                    waiting.insert(drop)
                }
            }
            return waiting
        }
    }

    /// Does nothing for a drop that was put back before.
    static func insertRequeue(of id: String, _ database: Database) throws {
        try database.run(
            "INSERT INTO requeues (dropID, state) VALUES (?, 'waiting') ON CONFLICT (dropID) DO NOTHING", id)
    }

    /// Writes down that a drop is about to be moved from `failed` to this place.
    ///
    /// - Returns: `false` where that is over: a drop is put back once.
    @discardableResult
    package func beginReturn(of drop: DropID, to target: WorkName) async throws -> Bool {
        try await commit { database in
            try database.run(
                "UPDATE requeues SET state = 'moving', shelf = ? WHERE dropID = ? AND state <> 'done'", target.shelf,
                drop.text)
            return database.changesCount > 0
        }
    }

    /// The drop is not in `failed` any more, nor on its way: somebody took it.
    package func forgetReturn(of drop: DropID) async throws {
        try await commit { database in
            try database.run("UPDATE requeues SET state = 'done' WHERE dropID = ?", drop.text)
        }
    }

    /// The drop lies in `work` again: it waits as it did before it failed, with its arrival number and new attempts.
    package func endReturn(of drop: DropID, at place: WorkName) async throws {
        try await commit { database in
            let id = drop.text
            try database.run("UPDATE requeues SET state = 'done' WHERE dropID = ?", id)
            try database.run(
                """
                UPDATE drops SET state = 'waiting', shelf = ?, outcome = NULL, confirmed = 0, problem = NULL,
                    duplicateOf = NULL, finishedAt = NULL, filedName = NULL WHERE id = ?
                """, place.shelf, id)
            try Ledger.forgetAttempts(of: id, database)
        }
    }

    /// A drop that comes back has new attempts.
    static func forgetAttempts(of id: String, _ database: Database) throws {
        try database.run(
            """
            UPDATE requests SET counted = 0 WHERE batchID IN (SELECT id FROM batches WHERE dropID = ?1)
                OR joint IN (SELECT joint FROM batches WHERE dropID = ?1)
            """, id)
    }
}
