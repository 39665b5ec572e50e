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
            try database.all(
                "SELECT * FROM drops WHERE state <> 'filed' AND inbox <> ? AND sha256 IS NOT NULL ORDER BY arrival",
                inbox
            ) { Orphan(drop: Drop(&$0), sha256: $0.bytes("sha256")) }
        }
    }

    /// Makes a drop and what it holds those of another inbox: its folder has that name now.
    package func adopt(_ drop: DropID, by inbox: String) async throws {
        try await commit { database in
            try database.run("UPDATE drops SET inbox = ? WHERE id = ?", inbox, drop.text)
            try database.run("UPDATE contents SET inbox = ? WHERE dropID = ?", inbox, drop.text)
        }
    }
}
