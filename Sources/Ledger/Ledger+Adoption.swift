import GRDB
import Model

/// A drop that has not come to its end, and the hash of its file.
package struct Orphan: Sendable {
    package let drop: Drop
    package let sha256: [UInt8]

    package init(drop: Drop, sha256: [UInt8]) {
        self.drop = drop
        self.sha256 = sha256
    }
}

extension Ledger {
    /// The drops of all other inboxes that have not come to their end and whose files were read.
    package func unfinished(notOf inbox: String) async throws -> [Orphan] {
        try await pool.read { database in
            try database.all(
                "SELECT * FROM drops WHERE state <> 'filed' AND inbox <> ? AND sha256 IS NOT NULL ORDER BY arrival",
                inbox
            ) { Orphan(drop: Drop(&$0), sha256: $0.bytes("sha256")) }
        }
    }

    /// Makes a drop and what is known by it those of another inbox: its folder has that name now.
    ///
    /// - Returns: `false` where it has come to its end meanwhile.
    package func adopt(_ drop: Drop, by inbox: String, scope: String) async throws -> Bool {
        try await commit { database in
            let id = drop.id.text
            try database.run(
                "UPDATE drops SET inbox = ? WHERE id = ? AND inbox = ? AND state <> 'filed'", inbox, id, drop.inbox)
            if database.changesCount == 0 { return false }
            try database.run("UPDATE partials SET inbox = ?, scope = ? WHERE dropID = ?", inbox, scope, id)
            // What it holds, and what was accepted of one that is to be filed.
            for table in ["holds", "contents"] {
                for stem in HoldKey.scopedStems {
                    // Another of the new inbox may have brought the same bytes: it keeps its key.
                    try database.run(
                        """
                        UPDATE OR IGNORE \(table) SET key = ?2 || ?3 || substr(key, length(?2 || scope) + 1)
                        WHERE dropID = ?1 AND substr(key, 1, length(?2 || scope) + 1) = ?2 || scope || ':'
                        """, id, stem, scope)
                }
                try database.run("UPDATE \(table) SET inbox = ?2, scope = ?3 WHERE dropID = ?1", id, inbox, scope)
            }
            return true
        }
    }
}
