import Foundation
import GRDB
import Model

// Payment documents that went through in part (contract, section 5, *Failed in part*).

/// A record that the API took with a document that went through in part.
package struct TakenRecord: Sendable, Hashable {
    package var hash: RecordHash
    /// Its place among the records of the file, from 0; one of its own below 0 where that is not known.
    package var position: Int
    package var record: AcceptedRecord
    /// Whether it may be one that the API refused: it is neither sent again nor taken for accepted.
    package var isUnclear: Bool

    package init(hash: RecordHash, position: Int, record: AcceptedRecord, isUnclear: Bool = false) {
        self.hash = hash
        self.position = position
        self.record = record
        self.isUnclear = isUnclear
    }
}

/// A record of a payment document, by its content and by whom it is about.
package struct PaymentRecord: Sendable, Hashable {
    package var hash: RecordHash
    package var key: UInt64

    package init(hash: RecordHash, key: UInt64) {
        self.hash = hash
        self.key = key
    }
}

/// The records that are to be left out of a document.
package struct RecordsToLeaveOut: Sendable, Hashable {
    /// Equal ones, as many as were taken of each: those of other files, and those whose places in this one are not known.
    package var byHash: [RecordHash: [AcceptedRecord]] = [:]
    /// Where the file has the same bytes: its records are the same, whatever they are converted to by now.
    package var byPosition: [Int: AcceptedRecord] = [:]
    /// Those among them that the API may have refused.
    package var unclear: Set<AcceptedRecord> = []
}

/// A payment document, as those are found that went through in part and may have brought its records: all of its inbox, and
/// of the others in its scope those with its content or its bytes.
package struct PaymentFile: Sendable, Hashable {
    package var inbox: String
    /// `nil`: it is not known, and only its inbox's are found.
    package var scope: String?
    package var content: String
    package var sha256: [UInt8]

    package init(inbox: String, scope: String?, content: String, sha256: [UInt8]) {
        self.inbox = inbox
        self.scope = scope
        self.content = content
        self.sha256 = sha256
    }

    init(_ admission: Admission) {
        self.init(
            inbox: admission.drop.inbox, scope: admission.scope, content: admission.content, sha256: admission.sha256)
    }

    /// What is true of a row of `partials`, with ``inbox``, ``scope``, ``content`` and ``sha256`` as `?1` to `?4`.
    static let isRelated =
        "(partials.inbox = ?1 OR partials.scope = ?2 AND (partials.content = ?3 OR partials.sha256 = ?4))"
}

extension Ledger {
    /// What the API took, with documents that went through in part, of the records of another.
    package func recordsToLeaveOut(of hashes: Set<RecordHash>, _ file: PaymentFile) async throws -> RecordsToLeaveOut {
        try await pool.read { database in
            var found = RecordsToLeaveOut()
            try database.each(
                """
                SELECT partialRecords.* FROM partialRecords JOIN partials ON partials.id = partialRecords.partial
                WHERE \(PaymentFile.isRelated) AND partials.sha256 = ?4 AND position >= 0
                """, file.inbox, file.scope, file.content, file.sha256
            ) { row in
                let record = AcceptedRecord(&row)
                found.byPosition[row.number("position")] = record
                if row.flag("unclear") { found.unclear.insert(record) }
            }
            for hash in hashes {
                let records = try database.all(
                    """
                    SELECT partialRecords.record, partialRecords.reference, unclear FROM partialRecords
                        JOIN partials ON partials.id = partialRecords.partial
                    WHERE \(PaymentFile.isRelated) AND partialRecords.hash = ?5
                        AND CASE WHEN partials.sha256 IS ?4 THEN position < 0 ELSE NOT used END
                    """, file.inbox, file.scope, file.content, file.sha256, hash.bytes
                ) { row in
                    let record = AcceptedRecord(&row)
                    if row.flag("unclear") { found.unclear.insert(record) }
                    return record
                }
                if !records.isEmpty { found.byHash[hash] = records }
            }
            return found
        }
    }

    /// Whether payment documents that a drop on its way may bring records of went through in part and have a rest.
    package func hasPartials(for drop: Drop) async throws -> Bool {
        try await pool.read { database in
            let file = try Ledger.paymentFile(of: drop, database)
            return try file.map { try Ledger.hasPartials(for: $0, database) } ?? false
        }
    }

    static func hasPartials(for file: PaymentFile, _ database: Database) throws -> Bool {
        try database.holds(
            "SELECT 1 FROM partials WHERE \(PaymentFile.isRelated)", file.inbox, file.scope, file.content, file.sha256)
    }

    /// - Returns: `nil` for a drop that was never decided.
    static func paymentFile(of drop: Drop, _ database: Database) throws -> PaymentFile? {
        try database.first(
            """
            SELECT content, sha256, (SELECT scope FROM holds WHERE holds.dropID = drops.id) AS scope FROM drops
            WHERE id = ? AND content IS NOT NULL
            """, drop.id.text
        ) { row in
            PaymentFile(
                inbox: drop.inbox, scope: row.optionalText("scope"), content: row.text("content"),
                sha256: row.optionalBytes("sha256") ?? [])
        }
    }

    /// Whether payments with this content went through in part in whatever inbox.
    static func isTakenInPart(_ content: String, _ database: Database) throws -> Bool {
        try database.holds("SELECT 1 FROM partials WHERE content = ?", content)
    }

    /// A payment document went through in part: what was accepted is left out of those to come.
    static func keepPart(_ drop: Drop, _ file: PaymentFile, _ spoken: Spoken, _ database: Database) throws {
        try forgetDoubts(about: file.content, clear: spoken.clear, database)
        // Of others these may be the rest.
        for accepted in spoken.accepted where !accepted.isUnclear {
            try database.run(
                """
                UPDATE partialRest SET mayBeGone = 1
                WHERE identity = ? AND partial IN (SELECT id FROM partials WHERE inbox = ? AND content <> ?)
                """, Int64(bitPattern: accepted.record.key), file.inbox, file.content)
        }
        let new = try notKept(spoken.accepted, file, database)
        if new.isEmpty { return }
        try database.run(
            "INSERT INTO partials (dropID, inbox, scope, content, sha256) VALUES (?, ?, ?, ?, ?)", drop.id.text,
            file.inbox, file.scope, file.content, file.sha256)
        let id = database.lastInsertedRowID
        for accepted in new {
            try database.run(
                """
                INSERT INTO partialRecords (hash, partial, position, record, reference, unclear)
                VALUES (?, ?, ?, ?, ?, ?)
                """, accepted.hash.bytes, id, accepted.position, accepted.record.record, accepted.record.reference,
                accepted.isUnclear)
        }
        for record in spoken.rest {
            try database.run(
                "INSERT INTO partialRest (partial, hash, identity) VALUES (?, ?, ?)", id, record.hash.bytes,
                Int64(bitPattern: record.key))
        }
        // What is not known is a record that nobody brings.
        if spoken.rest.isEmpty || spoken.accepted.contains(where: \.isUnclear) {
            try database.run("INSERT INTO partialRest (partial) VALUES (?)", id)
        }
    }

    /// A document of which it was not known what the API had refused came back, and what is known by now is written down
    /// anew, once that is all of it.
    ///
    /// - Parameter clear: the references of batches of which it is known.
    private static func forgetDoubts(
        about content: String, clear: Set<String>, _ database: Database
    ) throws {
        var doubts: [Int64: Set<String>] = [:]
        try database.each(
            """
            SELECT partial, reference FROM partialRecords JOIN partials ON partials.id = partialRecords.partial
            WHERE content = ? AND unclear
            """, content
        ) { doubts[$0.integer("partial"), default: []].insert($0.text("reference")) }
        for (partial, references) in doubts where references.isSubset(of: clear) { try forget(partial, database) }
    }

    /// Whoever sent all the same what was in doubt has settled that.
    private static func endDoubts(
        of partial: Int64, about sent: [PaymentRecord], _ database: Database
    ) throws {
        guard try database.holds("SELECT 1 FROM partialRecords WHERE partial = ? AND unclear", partial) else { return }
        for record in sent {
            try database.run(
                "UPDATE partialRecords SET used = 1 WHERE partial = ? AND unclear AND hash = ?", partial,
                record.hash.bytes)
        }
    }

    /// Whether it is not known which records of one of these batches the API refused.
    package func isInDoubt(_ references: [String]) async throws -> Bool {
        let references = String(decoding: try JSONEncoder().encode(references), as: UTF8.self)
        return try await pool.read { database in
            try database.holds(
                "SELECT 1 FROM partialRecords WHERE unclear AND reference IN (SELECT value FROM json_each(?))",
                references)
        }
    }

    /// A drop that went on with an earlier one's parts brings what that one left behind, too: as many of each record as
    /// were kept of it under the same reference are none of its own. Several documents may share a reference.
    private static func notKept(
        _ accepted: [TakenRecord], _ file: PaymentFile, _ database: Database
    ) throws -> [TakenRecord] {
        var kept: [String: [RecordHash: Int]] = [:]
        let references = String(
            decoding: try JSONEncoder().encode(Set(accepted.map(\.record.reference))), as: UTF8.self)
        try database.each(
            """
            SELECT reference, hash, COUNT(*) AS records FROM partialRecords
                JOIN partials ON partials.id = partialRecords.partial
            WHERE \(PaymentFile.isRelated) AND reference IN (SELECT value FROM json_each(?5)) GROUP BY reference, hash
            """, file.inbox, file.scope, file.content, file.sha256, references
        ) { row in
            kept[row.text("reference"), default: [:]][RecordHash(bytes: row.bytes("hash"))] = row.number("records")
        }
        return accepted.filter { record in
            let left = kept[record.record.reference]?[record.hash] ?? 0
            if left > 0 { kept[record.record.reference]?[record.hash] = left - 1 }
            return left == 0
        }
    }

    /// A payment document was accepted, or all of it was before: where it was the rest of another, or that with its rest,
    /// nothing is left out any more, and the other is as good as accepted.
    static func completeParts(
        _ drop: Drop, _ file: PaymentFile, isAccepted: Bool, sent: [PaymentRecord], leftOut: [AcceptedRecord],
        word: Int64, _ database: Database
    ) throws {
        for partial in try partials(file, database) {
            if isAccepted && partial.content == file.content {
                try forget(partial.id, database)
                continue
            }
            try endDoubts(of: partial.id, about: sent, database)
            // Where nothing was left out, it does not matter what was accepted, which may be much.
            let remainder = try Remainder(partial.id, restAlone: leftOut.isEmpty, database)
            switch remainder.take(sent: sent, leftOut: leftOut) {
            case .isComplete:
                try settle(partial, with: drop, word: word, database)
                try forget(partial.id, database)
            case .stays(let change): try write(change, of: partial.id, database)
            }
        }
    }

    private static func write(_ change: Remainder.Change, of partial: Int64, _ database: Database) throws {
        for row in change.gone { try database.run("DELETE FROM partialRest WHERE id = ?", row) }
        for row in change.mayBeGone { try database.run("UPDATE partialRest SET mayBeGone = 1 WHERE id = ?", row) }
        for record in change.used {
            try database.run(
                "UPDATE partialRecords SET used = 1 WHERE partial = ? AND record = ? AND reference = ?", partial,
                record.record, record.reference)
        }
    }

    private struct Partial {
        var id: Int64
        var dropID: String
        var content: String
    }

    private static func partials(_ file: PaymentFile, _ database: Database) throws -> [Partial] {
        try database.all(
            "SELECT id, dropID, content FROM partials WHERE \(PaymentFile.isRelated)", file.inbox, file.scope,
            file.content, file.sha256
        ) { row in
            Partial(id: row.integer("id"), dropID: row.text("dropID"), content: row.text("content"))
        }
    }

    /// A document whose rest came with another is a duplicate of that one from here on.
    private static func settle(_ partial: Partial, with drop: Drop, word: Int64, _ database: Database) throws {
        // The document may have come back since, and what is known of it stand under another drop.
        let drops = try Set(
            [partial.dropID]
                + database.all(
                    "SELECT dropID FROM contents WHERE key = ?1 UNION SELECT dropID FROM holds WHERE content = ?1",
                    partial.content
                ) { $0.text("dropID") })
        for other in drops {
            let isUnderWay = try database.holds("SELECT 1 FROM holds WHERE dropID = ? AND state = 'pending'", other)
            if isUnderWay { continue }
            try Taken.keepHolds(of: other, .accepted, word: word, database)
            try database.run(
                "UPDATE contents SET state = 'accepted', dropID = ?, name = ?, word = ? WHERE dropID = ?", drop.id.text,
                drop.name, word, other)
        }
    }

    private static func forget(_ partial: Int64, _ database: Database) throws {
        try database.run("DELETE FROM partialRecords WHERE partial = ?", partial)
        try database.run("DELETE FROM partialRest WHERE partial = ?", partial)
        try database.run("DELETE FROM partials WHERE id = ?", partial)
    }
}

extension Remainder {
    fileprivate init(_ partial: Int64, restAlone: Bool, _ database: Database) throws {
        if !restAlone {
            try database.each(
                """
                SELECT record, reference, COUNT(*) AS records FROM partialRecords
                WHERE partial = ? AND NOT used GROUP BY record, reference
                """, partial
            ) { accepted[AcceptedRecord(&$0)] = $0.number("records") }
        }
        rest = try database.all("SELECT * FROM partialRest WHERE partial = ? ORDER BY id", partial) { row in
            Record(
                row: row.integer("id"), hash: row.optionalBytes("hash").map { RecordHash(bytes: $0) },
                key: row.optionalInteger("identity").map { UInt64(bitPattern: $0) }, mayBeGone: row.flag("mayBeGone"))
        }
    }
}

extension AcceptedRecord {
    /// Whom a payment is about.
    var key: UInt64 { IdentityKeys.key(clientReferenceId: record) }

    /// - Parameter row: of `partialRecords`.
    fileprivate init(_ row: inout Columns) {
        self.init(record: row.text("record"), reference: row.text("reference"))
    }
}
