import Foundation
import GRDB
import Model

extension LedgerReader {
    /// What is on its way in an inbox.
    package struct Queue: Sendable, Hashable {
        package var drops: Int
        /// When the oldest of them was claimed.
        package var oldest: Timestamp
    }

    /// The queues of the inboxes that have one.
    package func queues() throws -> [String: Queue] {
        try queue.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT inbox, COUNT(*) AS drops, MIN(receivedAt) AS oldest FROM drops WHERE state <> 'filed'
                    GROUP BY inbox
                    """)
            return Dictionary(
                uniqueKeysWithValues: rows.map {
                    ($0["inbox"] as String, Queue(drops: $0["drops"], oldest: Timestamp(milliseconds: $0["oldest"])))
                })
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
