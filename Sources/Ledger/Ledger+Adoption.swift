import Foundation
import GRDB
import Model

extension Ledger {
    /// A drop that has not come to its end, and the hash of its file.
    package struct Orphan: Sendable {
        package let drop: Drop
        package let sha256: [UInt8]
    }

    /// The drops of all other inboxes that have not come to their end and whose files were read.
    package func unfinished(notOf inbox: String) async throws -> [Orphan] {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM drops WHERE state <> 'filed' AND inbox <> ? AND sha256 IS NOT NULL ORDER BY arrival
                    """, arguments: [inbox])
            return rows.map { Orphan(drop: Drop(row: $0), sha256: Array($0["sha256"] as Data)) }
        }
    }

    /// Makes a drop and what it holds those of another inbox: its folder has that name now.
    package func adopt(_ drop: DropID, by inbox: String) async throws {
        try await commit { database in
            try database.execute(sql: "UPDATE drops SET inbox = ? WHERE id = ?", arguments: [inbox, drop.text])
            try database.execute(sql: "UPDATE contents SET inbox = ? WHERE dropID = ?", arguments: [inbox, drop.text])
        }
    }
}
