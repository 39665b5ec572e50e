import Delivery
import Ledger
import Model

/// Asks the API whether it processed an accepted document, for those that wait for that.
struct ProcessingReader: Sendable {
    let ledger: Ledger
    let delivery: DeliveryService
    let patience: Patience

    /// Reads the statuses of a document's batches until each has its last word.
    ///
    /// - Returns: `false` where the API gives none: it is waited for `orderWait` then.
    /// - Throws: `CancellationError`.
    func isProcessed(_ drop: DropID) async throws -> Bool {
        let found = try await patience.persist("read the ledger") { try await ledger.result(of: drop) }
        guard let result = found, let kind = result.kind else { return false }
        var isRejected = false
        for report in result.batches {
            guard let location = report.statusURI else { return false }
            let subject = StatusSubject(
                inbox: result.drop.inbox, drop: drop, kind: kind, reference: report.batch.reference,
                location: location)
            // The document is not at hand that says what of the answer is for nobody's eyes, and its result is written.
            switch try await delivery.confirm(subject, keeping: .nothing).part(of: report.batch) {
            case .completed: continue
            case .refused: isRejected = true
            case .pending, .unreadable: return false
            }
        }
        let isWithoutAWord = isRejected
        try await patience.persist("write the ledger") {
            try await ledger.settled(drop, isRejected: isWithoutAWord)
        }
        return true
    }
}
