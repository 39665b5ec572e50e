import GRDB
import Model

extension Ledger {
    /// Where the status of each of a drop's accepted batches can be read, by its reference.
    package func statusURIs(of drop: DropID) async throws -> [String: String] {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT reference, statusURI FROM sentBatches
                    WHERE dropID = ? AND state = 'accepted' AND statusURI IS NOT NULL
                    """, arguments: [drop.text])
            return Dictionary(rows.map { ($0["reference"], $0["statusURI"]) }, uniquingKeysWith: { _, last in last })
        }
    }
}
