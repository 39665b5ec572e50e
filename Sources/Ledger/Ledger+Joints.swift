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

    /// What the API says of a body as a whole, though only a record of it is wrong (contract, section 8, `batching`).
    private static let splitting: Set<Int> = [400, 413, 422]

    /// What an answer makes of a batch; `nil`: it stays what it was.
    ///
    /// One that may have been taken before is not refused by an answer that says nothing of its content: it could go under
    /// another reference later, and be taken twice. One that does is the API's word on this reference; had it taken an
    /// earlier request under it, it would have said so.
    static func state(after end: RequestEnd, of sender: Sender, _ database: Database) throws -> BatchState? {
        guard end.batch == .refused, !(end.status.map(splitting.contains) ?? false),
            try mayHaveBeenTaken(sender, before: end.request, database)
        else { return end.batch }
        return .unresolved
    }

    /// Whether a request for a batch before this one had no final answer, and the API has not spoken of its content since.
    private static func mayHaveBeenTaken(
        _ sender: Sender, before request: Int64, _ database: Database
    ) throws -> Bool {
        try database.holds(
            """
            WITH earlier AS (
                SELECT id, status FROM requests
                WHERE (batchID = ?1 OR joint = ?2) AND id < ?3 AND purpose = 'batch'),
            judged AS (SELECT MAX(id) AS id FROM earlier WHERE status IN (400, 413, 422))
            SELECT 1 FROM earlier WHERE (status IS NULL OR status IN (408, 429) OR status >= 500)
                AND id > COALESCE((SELECT id FROM judged), 0)
            UNION ALL
            SELECT 1 FROM batches WHERE id = ?1 AND isInherited AND (SELECT id FROM judged) IS NULL
            """, sender.batch, sender.joint, request)
    }

    /// The API refused a joint batch: nothing of it was taken. Refused for what is in it, its drops go on apart.
    static func refuse(joint: Int64, status: Int?, _ database: Database) throws {
        guard let status, splitting.contains(status) else { return try release(joint: joint, database) }
        try takeApart(joint: joint, database)
    }

    /// Those that failed when it was not known whether a joint batch was taken have nothing open any more.
    private static func release(joint: Int64, _ database: Database) throws {
        try database.run(
            "DELETE FROM holds WHERE state <> 'pending' AND dropID IN (SELECT dropID FROM batches WHERE joint = ?)",
            joint)
    }

    private static func takeApart(joint: Int64, _ database: Database) throws {
        try release(joint: joint, database)
        // What is closed stays as it was said when it was.
        try database.run(
            """
            UPDATE batches SET joint = NULL, place = NULL, firstRecord = NULL, state = 'waiting'
            WHERE joint = ? AND dropID IN (SELECT id FROM drops WHERE state = 'waiting')
            """, joint)
    }

    /// The API accepted a joint batch, and refused it as a whole when it processed it: its drops go on apart.
    package func dissolve(joint: Int64) async throws {
        try await commit { database in
            try Sender.joint(joint).become(.refused, database)
            try Ledger.takeApart(joint: joint, database)
        }
    }

    /// Whether nobody can come back to a joint batch any more: each of its drops was accepted, or failed for certain.
    package func isSettled(joint: Int64) async throws -> Bool {
        try await pool.read { database in
            // The last ones are the last to be settled.
            try !database.holds(
                """
                SELECT 1 FROM batches WHERE joint = ? AND EXISTS (SELECT 1 FROM holds WHERE dropID = batches.dropID)
                ORDER BY id DESC
                """, joint)
        }
    }

    /// Whether what a joint batch says of one of its drops' records is out of date, so that it is not to be repeated: a
    /// later document of its inbox about one of them was accepted. Where an admin lets the drop go all the same, its own
    /// records are not asked about; those of payments, whose order does not matter, are not at all.
    ///
    /// - Parameter keys: what each record of its body is about, in their order.
    package func isSuperseded(joint: Int64, keys: [UInt64], for drop: Drop, _ kind: Kind) async throws -> Bool {
        try await pool.read { database in
            let isStale = try database.holds("SELECT 1 FROM retries WHERE usedBy = ? AND stale", drop.id.text)
            if isStale && kind == .payment { return false }
            // A drop that came back has its place twice; the first to have it says how old it is.
            let members = try database.all(
                """
                SELECT firstRecord, records, inbox, MIN(arrival) AS arrival
                FROM batches JOIN drops ON drops.id = batches.dropID
                WHERE joint = ?1 AND (NOT ?3 OR place IS NOT (SELECT place FROM batches WHERE joint = ?1 AND dropID = ?2))
                GROUP BY place
                """, joint, drop.id.text, isStale
            ) { row in
                (
                    first: row.number("firstRecord"), records: row.number("records"), inbox: row.text("inbox"),
                    arrival: row.integer("arrival")
                )
            }
            return try members.contains { member in
                let own = keys.dropFirst(member.first).prefix(member.records)
                return try Ledger.isSuperseded(
                    IdentityKeys(Array(own)), inbox: member.inbox, arrival: member.arrival, database)
            }
        }
    }
}
