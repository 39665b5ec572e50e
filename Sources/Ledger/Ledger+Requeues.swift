import Foundation
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
            try Row.fetchAll(
                database,
                sql: """
                    SELECT drops.*, requeues.state AS requeue, requeues.shelf AS target
                    FROM requeues JOIN drops ON drops.id = requeues.dropID
                    WHERE requeues.state <> 'done' AND drops.state = 'filed' ORDER BY arrival
                    """
            ).map { row in
                let drop = Drop(row: row)
                return Requeue(
                    drop: drop, filedName: FileName(bytes: row["filedName"] as Data),
                    finishedAt: Timestamp(milliseconds: row["finishedAt"]),
                    sha256: (row["sha256"] as Data?).map(Array.init),
                    target: row["requeue"] == "moving" ? WorkName(shelf: row["target"], name: drop.name) : nil)
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
                let outcome = try String.fetchOne(
                    database, sql: "SELECT outcome FROM drops WHERE id = ? AND removal IS NULL",
                    arguments: [drop.text])
                guard outcome == Outcome.failed.rawValue else { continue }
                try Ledger.insertRequeue(of: drop.text, database)
                let state = try String.fetchOne(
                    database, sql: "SELECT state FROM requeues WHERE dropID = ?", arguments: [drop.text])
                if state == "waiting" { waiting.insert(drop) }
            }
            return waiting
        }
    }

    /// Does nothing for a drop that was put back before.
    static func insertRequeue(of id: String, _ database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT INTO requeues (dropID, state) VALUES (?, 'waiting') ON CONFLICT (dropID) DO NOTHING"
        ).execute(arguments: [id])
    }

    /// Writes down that a drop is about to be moved from `failed` to this place.
    package func beginReturn(of drop: DropID, to target: WorkName) async throws {
        try await commit { database in
            try database.execute(
                sql: "UPDATE requeues SET state = 'moving', shelf = ? WHERE dropID = ?",
                arguments: [target.shelf, drop.text])
        }
    }

    /// The drop is not in `failed` any more, nor on its way: somebody took it.
    package func forgetReturn(of drop: DropID) async throws {
        try await commit { database in
            try database.execute(sql: "UPDATE requeues SET state = 'done' WHERE dropID = ?", arguments: [drop.text])
        }
    }

    /// The drop lies in `work` again: it waits as it did before it failed, with its arrival number and new attempts.
    package func endReturn(of drop: DropID, at place: WorkName) async throws {
        try await commit { database in
            let id = drop.text
            try database.execute(sql: "UPDATE requeues SET state = 'done' WHERE dropID = ?", arguments: [id])
            try database.execute(
                sql: """
                    UPDATE drops SET state = 'waiting', shelf = ?, outcome = NULL, confirmed = 0, problem = NULL,
                        duplicateOf = NULL, finishedAt = NULL, filedName = NULL WHERE id = ?
                    """, arguments: [place.shelf, id])
            try database.execute(
                sql: """
                    UPDATE requests SET counted = 0 WHERE batchID IN (SELECT id FROM batches WHERE dropID = ?1)
                        OR joint IN (SELECT joint FROM batches WHERE dropID = ?1)
                    """, arguments: [id])
        }
    }
}
