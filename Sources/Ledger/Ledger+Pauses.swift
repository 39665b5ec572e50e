import GRDB
import Model

extension Ledger {
    /// What an admin paused: inboxes by name, and everything where the name is empty.
    package func pauses() async throws -> Set<String> {
        try await pool.read { try Ledger.pauses($0) }
    }

    static func pauses(_ database: Database) throws -> Set<String> {
        try String.fetchSet(database, sql: "SELECT inbox FROM pauses")
    }

    /// - Parameter inbox: `nil` for everything.
    package func pause(_ inbox: String?) async throws {
        let now = time.timestamp.milliseconds
        try await commit { database in
            try database.execute(
                sql: "INSERT INTO pauses (inbox, since) VALUES (?, ?) ON CONFLICT DO NOTHING",
                arguments: [inbox ?? "", now])
        }
    }

    /// - Parameter inbox: `nil` ends every pause, those of single inboxes too.
    package func resume(_ inbox: String?) async throws {
        try await commit { database in
            if let inbox {
                try database.execute(sql: "DELETE FROM pauses WHERE inbox = ?", arguments: [inbox])
            } else {
                try database.execute(sql: "DELETE FROM pauses")
            }
        }
    }
}
