import Documents
import Ledger
import Model

/// What of a document reached the API, or may have.
extension Submitter {
    /// - Parameter duration: how long others wait for an accepted document that the API may not have processed.
    /// - Returns: `nil` for an attachment, and where nothing left or all was refused.
    func spoken(_ job: SubmissionJob, _ ending: Ending, settlesIn duration: Duration) async throws -> Spoken? {
        guard case .document(let document) = job.content else { return nil }
        if ending.outcome == .accepted {
            return Spoken(identities: job.keys, settlesIn: ending.isConfirmed ? .zero : duration)
        }
        let batches = try await patience.persist("read the ledger") { try await ledger.batches(of: job.drop.id) }
        guard batches.contains(where: { $0.state == .accepted || $0.state == .unresolved }) else { return nil }
        var left: [UInt64] = []
        var rest: [UInt64] = []
        var accepted: [TakenRecord] = []
        let own = try await patience.persist("read a drop") { try document.sentRecordsIfUnchanged }
        for batch in batches {
            let isOwn =
                try await patience.persist("read a drop") { try document.bodyIfUnchanged(of: batch.alone) } != nil
            let records = isOwn ? own.filter { $0.part == batch.part } : try await records(of: batch, job.kind)
            let refused = ending.refusedRecords[batch.reference]
            for (index, record) in records.enumerated() {
                if batch.state == .accepted || batch.state == .unresolved { left.append(record.key) }
                guard batch.state == .accepted, refused.map({ !$0.isEmpty && !$0.contains(index) }) ?? true else {
                    rest.append(record.key)
                    continue
                }
                accepted.append(
                    TakenRecord(
                        // A body that this file does not make has no places in it.
                        hash: record.hash, position: isOwn ? record.position : -1 - accepted.count,
                        record: AcceptedRecord(record: record.identity, reference: batch.reference)))
            }
        }
        return Spoken(
            identities: IdentityKeys(left), accepted: job.kind == .payment ? accepted : [], rest: IdentityKeys(rest))
    }

    /// The records of a batch that an earlier drop or another configuration made.
    private func records(of batch: Batch, _ kind: Kind) async throws -> [SentRecord] {
        let body = try await patience.persist("read a kept body") { try ledger.keptBody(hash: batch.bodyHash) }
        let records = body.map { JudgedDocument.records(ofBody: $0, kind) } ?? []
        guard let first = batch.joined?.firstRecord else { return records }
        return Array(records.dropFirst(first).prefix(batch.records))
    }
}
