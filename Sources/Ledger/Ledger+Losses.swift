import GRDB
import Model

/// Drops that wait and whose files, or whose inbox, are gone.
extension Ledger {
    /// Nobody waits any more for a drop whose file is gone. What of it may have been taken keeps its references, parts and
    /// exact bodies: whoever comes with the same content or bytes goes on with them. Else its content is free. Should its
    /// file come back, it goes on where it was, unless another did in its place.
    package func giveUp(_ drop: DropID) async throws {
        try await commit { try Ledger.giveUp(drop.text, $0) }
    }

    /// The same for all drops that wait in an inbox that is there no more.
    ///
    /// - Returns: which these are.
    package func giveUp(inbox: String) async throws -> [DropID] {
        try await commit { database in
            let drops = try database.all("SELECT id FROM drops WHERE inbox = ? AND state = 'waiting'", inbox) {
                $0.text("id")
            }
            for drop in drops { try Ledger.giveUp(drop, database) }
            return drops.map { DropID(text: $0) }
        }
    }

    private static func giveUp(_ id: String, _ database: Database) throws {
        let mayBeTaken = try batches(of: id, database).contains { $0.state.mayBeTaken }
        try database.run(
            mayBeTaken
                ? "UPDATE holds SET state = 'unresolved' WHERE dropID = ? AND state = 'pending'"
                : "DELETE FROM holds WHERE dropID = ? AND state = 'pending'", id)
    }

    /// The inboxes with drops that have not come to their end.
    package func unfinishedInboxes() async throws -> [String: Int] {
        try await pool.read { database in
            let counts = try database.all(
                "SELECT inbox, COUNT(*) AS drops FROM drops WHERE state <> 'filed' GROUP BY inbox"
            ) { ($0.text("inbox"), $0.number("drops")) }
            return Dictionary(uniqueKeysWithValues: counts)
        }
    }
}
