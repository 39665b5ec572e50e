import Foundation
import GRDB
import Model

extension LedgerReader {
    /// What is on its way in an inbox.
    package struct Queue: Sendable, Hashable {
        package var drops: Int
        /// When the oldest of them arrived.
        package var oldest: Timestamp
        /// When the oldest document did; `nil`: they are attachments, which may wait for their account.
        package var oldestDocument: Timestamp?
    }

    /// The queues of the inboxes that have one.
    package func queues() throws -> [String: Queue] {
        try queue.read { database in
            let queues = try database.all(
                """
                SELECT inbox, COUNT(*) AS drops, MIN(receivedAt) AS oldest,
                    MIN(CASE WHEN kind IS NOT 'attachment' THEN receivedAt END) AS oldestDocument
                FROM drops WHERE state <> 'filed' GROUP BY inbox
                """
            ) { ($0.text("inbox"), Queue(&$0)) }
            return Dictionary(uniqueKeysWithValues: queues)
        }
    }

    /// The drops whose outcome was known last, the newest first.
    package func lastEnded(_ limit: Int) throws -> [DropEntry] {
        try queue.read { database in
            try database.all(
                "SELECT * FROM drops WHERE outcome IS NOT NULL ORDER BY finishedAt DESC, arrival DESC LIMIT ?", limit
            ) { try DropEntry(&$0) }
        }
    }

    /// Another drop that is on its way with the content of this one; `nil`: there is none.
    package func dropOnSameContent(as drop: DropID) throws -> DropID? {
        try queue.read { database in
            try database.first(
                """
                SELECT holds.dropID FROM drops JOIN holds ON holds.key = drops.content
                WHERE drops.id = ?1 AND holds.state = 'pending' AND holds.dropID <> ?1
                """, drop.text
            ) { DropID(text: $0.text("dropID")) }
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
    fileprivate init(_ row: inout Columns) {
        drops = row.number("drops")
        oldest = Timestamp(milliseconds: row.integer("oldest"))
        oldestDocument = row.optionalInteger("oldestDocument").map { Timestamp(milliseconds: $0) }
    }
}
