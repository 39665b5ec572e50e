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

    /// Everything is paused until an admin has decided something.
    ///
    /// - Parameter reason: what happened, and what there is to decide, in words.
    package func pause(because reason: String) async throws {
        let now = time.timestamp.milliseconds
        try await commit { try Ledger.pause(because: reason, at: now, $0) }
    }

    static func pause(because reason: String, at time: Int64, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO pauses (inbox, since, reason) VALUES ('', ?, ?)", arguments: [time, reason])
    }

    /// Why the service paused by itself; `nil`: it did not.
    package func pauseReason() async throws -> String? {
        try await pool.read { try Ledger.pauseReason($0) }
    }

    /// A ledger of an earlier version has no reasons.
    static func pauseReason(_ database: Database) throws -> String? {
        try Row.fetchOne(database, sql: "SELECT * FROM pauses WHERE inbox = ''")?["reason"]
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
