import GRDB
import Model

extension Ledger {
    /// What an admin paused: inboxes by name, and everything where the name is empty.
    package func pauses() async throws -> Set<String> {
        try await pool.read { try Ledger.pauses($0) }
    }

    static func pauses(_ database: Database) throws -> Set<String> {
        try Set(database.all("SELECT inbox FROM pauses") { $0.text("inbox") })
    }

    /// - Parameter inbox: `nil` for everything.
    package func pause(_ inbox: String?) async throws {
        let now = time.timestamp.milliseconds
        try await commit { database in
            try database.run(
                "INSERT INTO pauses (inbox, since) VALUES (?, ?) ON CONFLICT DO NOTHING", inbox ?? "", now)
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
        try database.run("INSERT OR REPLACE INTO pauses (inbox, since, reason) VALUES ('', ?, ?)", time, reason)
    }

    /// Why the service paused by itself; `nil`: it did not.
    package func pauseReason() async throws -> String? {
        try await pool.read { try Ledger.pauseReason($0) }
    }

    /// A ledger of an earlier version has no reasons.
    static func pauseReason(_ database: Database) throws -> String? {
        try database.first("SELECT * FROM pauses WHERE inbox = ''") { $0.optionalText("reason") } ?? nil
    }

    /// - Parameter inbox: `nil` ends every pause, those of single inboxes too.
    package func resume(_ inbox: String?) async throws {
        try await commit { database in
            if let inbox {
                try database.run("DELETE FROM pauses WHERE inbox = ?", inbox)
            } else {
                try database.run("DELETE FROM pauses")
            }
        }
    }
}
