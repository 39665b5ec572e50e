import Documents
import Ledger
import Model

/// What of a document reached the API, or may have.
extension Submitter {
    /// - Parameter duration: how long others wait for an accepted document that the API may not have processed.
    /// - Returns: `nil` for an attachment, for a payment document that is a duplicate, and where nothing left or all was
    ///   refused.
    func spoken(_ job: SubmissionJob, _ ending: Ending, settlesIn duration: Duration) async throws -> Spoken? {
        guard case .document(let document) = job.content else { return nil }
        if ending.outcome == .duplicate {
            guard job.kind != .payment else { return nil }
            var spoken = Spoken(identities: .none)
            spoken.taken = job.keys
            return spoken
        }
        if ending.outcome == .accepted {
            var spoken = Spoken(identities: job.keys, settlesIn: ending.isConfirmed ? .zero : duration)
            guard job.kind == .payment else { return spoken }
            let isAsked = try await patience.persist("read the ledger") {
                try await ledger.hasPartials(for: job.drop)
            }
            if isAsked { spoken.sent = try await records(of: batches(of: job), document).joined().map(\.payment) }
            return spoken
        }
        let batches = try await batches(of: job)
        guard batches.contains(where: { $0.state.mayBeTaken }) else { return nil }
        var left: [UInt64] = []
        var taken: [UInt64] = []
        var rest: [PaymentRecord] = []
        var accepted: [TakenRecord] = []
        for (batch, records) in zip(batches, try await records(of: batches, document)) {
            let refused = ending.refusedRecords[batch.reference]
            let isUnclear = ending.unclearBatches.contains(batch.reference)
            for (index, record) in records.enumerated() {
                if batch.state.mayBeTaken { left.append(record.key) }
                guard batch.state == .accepted, refused.map({ !$0.isEmpty && !$0.contains(index) }) ?? true else {
                    rest.append(record.payment)
                    continue
                }
                taken.append(record.key)
                accepted.append(
                    TakenRecord(
                        hash: record.hash, position: record.position,
                        record: AcceptedRecord(record: record.identity, reference: batch.reference),
                        isUnclear: isUnclear))
            }
        }
        let isPayment = job.kind == .payment
        var spoken = Spoken(
            identities: IdentityKeys(left), accepted: isPayment ? accepted : [], rest: isPayment ? rest : [])
        if !isPayment { spoken.taken = IdentityKeys(taken) }
        spoken.clear = Set(accepted.lazy.filter { !$0.isUnclear }.map(\.record.reference))
            .union(ending.refusedRecords.keys)
        return spoken
    }

    /// The records of each of a drop's batches: the document's in their order, whatever made the bodies. Where an earlier run
    /// left some out they are those of the kept bodies, and have no places in the file.
    func records(of batches: [Batch], _ document: JudgedDocument) async throws -> [[SentRecord]] {
        var own = try await patience.persist("read a drop") { try document.sentRecordsIfUnchanged }[...]
        if own.count == batches.reduce(0, { $0 + $1.records }) {
            return batches.map { batch in
                defer { own = own.dropFirst(batch.records) }
                return Array(own.prefix(batch.records))
            }
        }
        var unplaced = 0
        var records: [[SentRecord]] = []
        for batch in batches {
            let body = try await patience.persist("read a kept body") { try ledger.keptBody(hash: batch.bodyHash) }
            let all = body.map { JudgedDocument.records(ofBody: $0, document.kind) } ?? []
            records.append(
                all.dropFirst(batch.joined?.firstRecord ?? 0).prefix(batch.records).map { record in
                    unplaced += 1
                    var record = record
                    record.position = -unplaced
                    return record
                })
        }
        return records
    }
}

extension SentRecord {
    fileprivate var payment: PaymentRecord { PaymentRecord(hash: hash, key: key) }
}
