import GRDB
import Model

/// Drops that wait and whose files are gone.
extension Ledger {
    /// Nobody waits any more for a drop whose file is gone. What of it may have been taken keeps its references, parts and
    /// exact bodies: whoever comes with the same content or bytes goes on with them. Else its content is free. Should its
    /// file come back, it goes on where it was, unless another did in its place.
    package func giveUp(_ drop: DropID) async throws {
        try await commit { database in
            let id = drop.text
            let mayBeTaken = try Ledger.batches(of: id, database).contains { $0.state.mayBeTaken }
            try database.run(
                mayBeTaken
                    ? "UPDATE holds SET state = 'unresolved' WHERE dropID = ? AND state = 'pending'"
                    : "DELETE FROM holds WHERE dropID = ? AND state = 'pending'", id)
        }
    }
}
