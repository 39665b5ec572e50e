import Foundation
import GRDB
import Model

extension LedgerReader {
    /// What is on its way in an inbox.
    package struct Queue: Sendable, Hashable {
        package var drops: Int
        /// When the oldest of them was claimed.
        package var oldest: Timestamp
        /// When the oldest document was; `nil`: they are attachments, which may wait for their account.
        package var oldestDocument: Timestamp?
    }

    /// The queues of the inboxes that have one.
    package func queues() throws -> [String: Queue] {
        try queue.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT inbox, COUNT(*) AS drops, MIN(receivedAt) AS oldest,
                        MIN(CASE WHEN kind IS NOT 'attachment' THEN receivedAt END) AS oldestDocument
                    FROM drops WHERE state <> 'filed' GROUP BY inbox
                    """)
            return Dictionary(uniqueKeysWithValues: rows.map { ($0["inbox"] as String, Queue(row: $0)) })
        }
    }

    /// The drops whose outcome was known last, the newest first.
    package func lastEnded(_ limit: Int) throws -> [DropEntry] {
        try queue.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM drops WHERE outcome IS NOT NULL ORDER BY finishedAt DESC, arrival DESC LIMIT ?",
                arguments: [limit]
            ).map(DropEntry.init(row:))
        }
    }

    /// Another drop that is on its way with the content of this one; `nil`: there is none.
    package func dropOnSameContent(as drop: DropID) throws -> DropID? {
        try queue.read { database in
            try String.fetchOne(
                database,
                sql: """
                    SELECT holds.dropID FROM drops JOIN holds ON holds.key = drops.content
                    WHERE drops.id = ?1 AND holds.state = 'pending' AND holds.dropID <> ?1
                    """, arguments: [drop.text]
            ).map(DropID.init(text:))
        }
    }

    /// How many bytes the ledger's files have.
    package func bytes() throws -> Int64 {
        let file = queue.path
        return ["", "-wal"].reduce(into: 0) { sum, suffix in
            let attributes = try? FileManager.default.attributesOfItem(atPath: file + suffix)
            sum += (attributes?[.size] as? NSNumber)?.int64Value ?? 0
        }
    }
}

extension LedgerReader.Queue {
    fileprivate init(row: Row) {
        drops = row["drops"]
        oldest = Timestamp(milliseconds: row["oldest"])
        oldestDocument = (row["oldestDocument"] as Int64?).map { Timestamp(milliseconds: $0) }
    }
}
