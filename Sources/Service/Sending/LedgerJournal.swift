import Delivery
import Ledger
import Model

/// The delivery's journal, kept in the ledger.
struct LedgerJournal: RequestJournal {
    let ledger: Ledger
    let patience: Patience

    func begin(_ purpose: RequestPurpose, requestID: String) async throws -> RequestEntry {
        try await patience.persist("write the ledger") {
            switch purpose {
            case .token:
                return RequestEntry(id: try await ledger.beginTokenRequest(requestID: requestID))
            case .status(let drop, let reference):
                let id = try await ledger.beginStatusRequest(batch: reference, of: drop, requestID: requestID)
                return RequestEntry(id: id)
            case .batch(let drop, let reference):
                let (id, before) = try await ledger.begin(batch: reference, of: drop, requestID: requestID)
                return RequestEntry(id: id, before: before)
            }
        }
    }

    func withdraw(_ request: RequestEntry) async throws {
        try await patience.persist("write the ledger") {
            try await ledger.withdraw(request: request.id, batch: request.before)
        }
    }

    func end(_ request: RequestEnd) async throws {
        try await patience.persist("write the ledger") { try await ledger.end(request) }
    }
}
