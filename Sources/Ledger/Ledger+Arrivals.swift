import GRDB
import Model

extension Ledger {
    /// When the last drop came to an inbox, as far as drops have been judged; `nil`: none ever did.
    package func lastArrival(inbox: String) async throws -> Timestamp? {
        try await pool.read { database in
            try database.first("SELECT receivedAt FROM drops WHERE inbox = ? ORDER BY arrival DESC LIMIT 1", inbox) {
                Timestamp(milliseconds: $0.integer("receivedAt"))
            }
        }
    }
}
