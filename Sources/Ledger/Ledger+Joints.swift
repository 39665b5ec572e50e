import GRDB
import Model

/// A batch that several drops of one inbox and kind share, to be written down before it leaves.
package struct JointBatch: Sendable, Hashable {
    package struct Member: Sendable, Hashable {
        package var drop: DropID
        package var records: Int

        package init(drop: DropID, records: Int) {
            self.drop = drop
            self.records = records
        }
    }

    package var reference: String
    package var bytes: Int64
    /// SHA-256 of the exact body.
    package var bodyHash: [UInt8]
    /// In the order of their records in the body.
    package var members: [Member]

    package init(reference: String, bytes: Int64, bodyHash: [UInt8], members: [Member]) {
        self.reference = reference
        self.bytes = bytes
        self.bodyHash = bodyHash
        self.members = members
    }
}

extension Ledger {
    /// Writes down that drops leave in one batch, whose body is kept: a crash from here on repeats exactly that one.
    ///
    /// Each has one batch that never left, by its latest ``admit(_:queued:)``.
    package func join(_ joint: JointBatch) async throws {
        try await commit { database in
            try database.run(
                """
                INSERT INTO joints (reference, drops, records, bytes, bodyHash, state) VALUES (?, ?, ?, ?, ?, 'waiting')
                """, joint.reference, joint.members.count, joint.members.reduce(0) { $0 + $1.records }, joint.bytes,
                joint.bodyHash)
            let id = database.lastInsertedRowID
            var records = 0
            for (index, member) in joint.members.enumerated() {
                try database.run(
                    """
                    UPDATE batches SET joint = ?, place = ?, firstRecord = ?
                    WHERE dropID = ? AND parts = 1 AND state = 'waiting' AND joint IS NULL
                    """, id, index + 1, records, member.drop.text)
                guard database.changesCount == 1 else { throw LedgerCorruption(column: "batches.joint") }
                records += member.records
            }
        }
    }

    /// The API refused a joint batch for what is in it: its drops go on apart.
    ///
    /// Those that failed when it was not known whether it was taken have nothing open any more.
    package func dissolve(_ reference: String, of drop: DropID) async throws {
        try await commit { database in
            let joint = try database.first(
                "SELECT joint FROM sentBatches WHERE dropID = ? AND reference = ? AND joint IS NOT NULL", drop.text,
                reference
            ) { $0.integer("joint") }
            guard let joint else { return }
            try database.run("UPDATE joints SET state = 'refused' WHERE id = ?", joint)
            // What is closed stays as it was said when it was.
            try database.run(
                """
                DELETE FROM holds WHERE state <> 'pending' AND dropID IN (SELECT dropID FROM batches WHERE joint = ?)
                """, joint)
            try database.run(
                """
                UPDATE batches SET joint = NULL, place = NULL, firstRecord = NULL, state = 'waiting'
                WHERE joint = ? AND dropID IN (SELECT id FROM drops WHERE state = 'waiting')
                """, joint)
        }
    }
}
