import Delivery
import Documents
import Ledger
import Model

/// What follows from the API's last word on a drop.
extension Submitter {
    /// A drop that failed; one that failed for no reason of its own is put back once.
    func ending(_ problem: Problem) -> Ending {
        var ending = Ending.failed(problem)
        ending.isPutBack = putsBack && problem.code.isTransient
        return ending
    }

    /// The end of a drop whose batches were all accepted: with `confirm: completed` their statuses have the last word.
    func confirmed(_ job: SubmissionJob, _ batches: [Batch]) async throws -> Ending {
        guard confirms else { return Ending(outcome: .accepted) }
        let locations = try await patience.persist("read the ledger") {
            try await ledger.statusURIs(of: job.drop.id)
        }
        var isConfirmed = true
        var refusals: [Finding] = []
        var refusedRecords: [String: Set<Int>] = [:]
        for batch in batches {
            guard let location = locations[batch.reference] else {
                reportUnconfirmed(job.drop, batch, "the API did not say where its status can be read")
                isConfirmed = false
                continue
            }
            let subject = StatusSubject(
                inbox: job.drop.inbox, drop: job.drop.id, kind: job.kind, reference: batch.reference,
                location: location)
            switch try await delivery.confirm(subject) {
            case .completed: break
            case .refused(let records):
                refusals += try await findings(records, of: batch, in: job)
                refusedRecords[batch.reference] = Set(records.map(\.index))
            case .pending:
                reportUnconfirmed(job.drop, batch, "the API was still at it")
                isConfirmed = false
            case .unreadable(let reason):
                reportUnconfirmed(job.drop, batch, reason)
                isConfirmed = false
            }
        }
        if !refusals.isEmpty {
            let message =
                refusals.count == 1
                ? "The API refused a record while it processed the document."
                : "The API refused \(refusals.count) records while it processed the document."
            var ending = Ending.failed(Problem(.submitRejected, message, findings: refusals))
            ending.isConfirmed = isConfirmed
            ending.refusedRecords = refusedRecords
            return ending
        }
        return Ending(outcome: .accepted, isConfirmed: isConfirmed)
    }

    private func findings(
        _ records: [RecordRefusal], of batch: Batch, in job: SubmissionJob
    ) async throws -> [Finding] {
        if records.isEmpty {
            return [Finding(message: "The API refused part \(batch.part) of \(batch.parts) as a whole.")]
        }
        var places: [String: RecordPlace] = [:]
        if case .document(let document) = job.content {
            let identities = Set(records.compactMap(\.identity))
            places = try await patience.persist("read a drop") { try document.placesIfUnchanged(of: identities) }
        }
        return records.map { record in
            let place = record.identity.flatMap { places[$0] }
            let words = record.message.map { "\(record.word): \($0)" } ?? record.word
            return Finding(
                pointer: place?.pointer, line: place?.line, column: place?.column, message: words,
                record: record.identity)
        }
    }

    private func reportUnconfirmed(_ drop: Drop, _ batch: Batch, _ reason: String) {
        report(.unconfirmed(inbox: drop.inbox, drop.id, reference: batch.reference, reason: reason))
    }
}

extension Code {
    /// Whether it says nothing about the drop: the API was out of reach, in trouble or too busy.
    var isTransient: Bool {
        switch self {
        case .submitNetwork, .submitServerError, .submitRateLimited: true
        default: false
        }
    }
}
