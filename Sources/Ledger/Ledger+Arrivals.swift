import GRDB
import Model

extension Ledger {
    /// When the last drop came to an inbox, as far as drops have been judged; `nil`: none ever did.
    package func lastArrival(inbox: String) async throws -> Timestamp? {
        try await pool.read { database in
            try Int64.fetchOne(
                database, sql: "SELECT receivedAt FROM drops WHERE inbox = ? ORDER BY arrival DESC LIMIT 1",
                arguments: [inbox]
            ).map { Timestamp(milliseconds: $0) }
        }
    }
}
