import GRDB
import Model

extension Ledger {
    /// Where the status of each of a drop's accepted batches can be read, by its reference.
    package func statusURIs(of drop: DropID) async throws -> [String: String] {
        try await pool.read { database in
            let found = try database.all(
                """
                SELECT reference, statusURI FROM sentBatches
                WHERE dropID = ? AND state = 'accepted' AND statusURI IS NOT NULL
                """, drop.text
            ) { ($0.text("reference"), $0.text("statusURI")) }
            return Dictionary(found, uniquingKeysWith: { _, last in last })
        }
    }
}
