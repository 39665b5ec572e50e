import Delivery
import Ledger
import Model

/// The delivery's journal, kept in the ledger.
struct LedgerJournal: RequestJournal {
    let ledger: Ledger
    let patience: Patience

    func begin(_ purpose: RequestPurpose, requestID: String) async throws -> Int64 {
        try await patience.persist("write the ledger") {
            switch purpose {
            case .token:
                try await ledger.beginTokenRequest(requestID: requestID)
            case .status(let drop, let reference):
                try await ledger.beginStatusRequest(batch: reference, of: drop, requestID: requestID)
            case .batch(let drop, let reference):
                try await ledger.begin(batch: reference, of: drop, requestID: requestID)
            }
        }
    }

    func end(_ request: Int64, _ ending: RequestEnding) async throws {
        try await patience.persist("write the ledger") {
            try await ledger.end(
                request: request, status: ending.status, duration: ending.duration, error: ending.error,
                batch: ending.batch, statusURI: ending.statusURI, response: ending.response,
                isCounted: ending.isCounted)
        }
    }
}
