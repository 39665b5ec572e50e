import GRDB
import Model

extension Ledger {
    /// Where the status of each of a drop's accepted batches can be read, by its reference.
    package func statusURIs(of drop: DropID) async throws -> [String: String] {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT reference, statusURI FROM batches
                    WHERE dropID = ? AND state = 'accepted' AND statusURI IS NOT NULL
                    """, arguments: [drop.text])
            return Dictionary(rows.map { ($0["reference"], $0["statusURI"]) }, uniquingKeysWith: { _, last in last })
        }
    }

    /// Keeps what the status URI said last of a batch, as the API said it.
    package func keepStatus(_ response: String, ofBatch reference: String, drop: DropID) async throws {
        try await commit { database in
            try database.execute(
                sql: "UPDATE batches SET response = ? WHERE dropID = ? AND reference = ?",
                arguments: [response, drop.text, reference])
        }
    }
}
