import GRDB
import Model

extension Ledger {
    /// The batches of a drop.
    package func batches(of drop: DropID) async throws -> [Batch] {
        try await pool.read { database in try Ledger.batches(of: drop.text, database) }
    }

    /// The batches of a drop that are neither accepted nor refused.
    package func openBatches(of drop: DropID) async throws -> [Batch] {
        try await pool.read { database in
            try Ledger.batches(of: drop.text, database).filter { $0.state == .waiting || $0.state == .unresolved }
        }
    }

    /// The final answer that refused a batch.
    package func refusal(ofBatch reference: String, drop: DropID) async throws -> (
        code: Code, status: Int?, response: String?
    )? {
        try await pool.read { database in
            try database.first(
                """
                SELECT requests.error, requests.status, sent.response FROM sentBatches AS sent
                    JOIN requests ON requests.batchID = sent.id OR requests.joint = sent.joint
                WHERE sent.dropID = ? AND sent.reference = ? AND sent.state = 'refused'
                    AND requests.error IS NOT NULL ORDER BY requests.id DESC LIMIT 1
                """, drop.text, reference
            ) { row in
                (
                    try known(Code(rawValue: row.text("error")), "requests.error"),
                    row.optionalNumber("status"), row.optionalText("response")
                )
            }
        }
    }

    /// Keeps the exact body of an unresolved batch; it is on disk when this returns.
    package func keep(body: [UInt8], hash: [UInt8]) throws {
        try bodies.keep(body, hash: hash)
    }

    /// - Returns: `nil` where no such body is kept.
    package func keptBody(hash: [UInt8]) throws -> [UInt8]? {
        try bodies.body(hash: hash)
    }

    /// Removes bodies that nobody will send again: those of documents whose rest came another way, and shared ones that
    /// never left, for their drops are decided anew. One that was accepted stays for a drop on its way, of which another may
    /// be refused, or which of its records are not known, and a shared one for those who come back to it.
    /// To be called before anything is taken up.
    package func sweepBodies() throws {
        let wanted = try pool.read { database in
            try database.all(
                """
                SELECT bodyHash FROM sentBatches WHERE dropID IN (SELECT dropID FROM holds)
                    AND CASE WHEN joint IS NOT NULL THEN state <> 'waiting' ELSE state <> 'accepted'
                        OR dropID IN (SELECT dropID FROM holds WHERE state = 'pending')
                        OR reference IN (SELECT reference FROM partialRecords WHERE unclear) END
                """
            ) { $0.bytes("bodyHash") }
        }
        let names = Set(wanted.map(\.hex))
        for name in bodies.hashes where !names.contains(name) { try bodies.remove(name) }
    }

    /// The batch is resolved: nobody needs its body any more.
    package func forgetBody(hash: [UInt8]) throws {
        try bodies.forget(hash: hash)
    }
}
