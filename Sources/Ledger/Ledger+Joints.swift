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
            try database.cachedStatement(
                sql: """
                    INSERT INTO joints (reference, drops, records, bytes, bodyHash, state)
                    VALUES (?, ?, ?, ?, ?, 'waiting')
                    """
            ).execute(arguments: [
                joint.reference, joint.members.count, joint.members.reduce(0) { $0 + $1.records }, joint.bytes,
                joint.bodyHash.blob,
            ])
            let id = database.lastInsertedRowID
            let statement = try database.cachedStatement(
                sql: """
                    UPDATE batches SET joint = ?, place = ?, firstRecord = ?
                    WHERE dropID = ? AND parts = 1 AND state = 'waiting' AND joint IS NULL
                    """)
            var records = 0
            for (index, member) in joint.members.enumerated() {
                try statement.execute(arguments: [id, index + 1, records, member.drop.text])
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
            guard
                let joint = try Int64.fetchOne(
                    database.cachedStatement(
                        sql: "SELECT joint FROM sentBatches WHERE dropID = ? AND reference = ? AND joint IS NOT NULL"),
                    arguments: [drop.text, reference])
            else { return }
            try database.cachedStatement(sql: "UPDATE joints SET state = 'refused' WHERE id = ?")
                .execute(arguments: [joint])
            // What is closed stays as it was said when it was.
            try database.cachedStatement(
                sql: """
                    DELETE FROM holds WHERE state <> 'pending' AND dropID IN (SELECT dropID FROM batches WHERE joint = ?)
                    """
            ).execute(arguments: [joint])
            try database.cachedStatement(
                sql: """
                    UPDATE batches SET joint = NULL, place = NULL, firstRecord = NULL, state = 'waiting'
                    WHERE joint = ? AND dropID IN (SELECT id FROM drops WHERE state = 'waiting')
                    """
            ).execute(arguments: [joint])
        }
    }
}
