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
    /// - Returns: which these are, and how many drops of it have not come to their end in all.
    package func giveUp(inbox: String) async throws -> (waiting: [DropID], unfinished: Int) {
        try await commit { database in
            let drops = try database.all("SELECT id, state FROM drops WHERE inbox = ? AND state <> 'filed'", inbox) {
                (id: $0.text("id"), state: $0.text("state"))
            }
            let waiting = drops.filter { $0.state == "waiting" }.map(\.id)
            for drop in waiting { try Ledger.giveUp(drop, database) }
            return (waiting.map { DropID(text: $0) }, drops.count)
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
    package func unfinishedInboxes() async throws -> [String] {
        try await pool.read { database in
            try database.all("SELECT DISTINCT inbox FROM drops WHERE state <> 'filed' ORDER BY inbox") {
                $0.text("inbox")
            }
        }
    }
}
