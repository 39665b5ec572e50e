extension SandboxState {
    /// Takes a batch that is in order, and answers it.
    mutating func submit(_ batch: Batch, at now: Duration) -> Answer {
        memory.settle(upTo: now)
        if let refusal = refusalOfEarlyAttachment(batch) { return refusal }

        let isNew = memory.acceptance(kind: batch.kind, reference: batch.reference) == nil
        let delay = isNew ? options.faults.applyDelay.map { generator.duration(in: $0) } ?? .zero : .zero
        let rejections = isNew ? rejections(of: batch) : [:]
        switch memory.receive(batch, at: now, applyAfter: delay, rejections: rejections) {
        case .mismatch:
            return .problem(
                409, "Another body was accepted under this reference",
                errors: [BodyError(pointer: "/batchReferenceId", message: "is taken by other content")])
        case .accepted(let identifier):
            let receipt = Receipt(batchReferenceId: batch.reference, status: "Queued")
            return .json(202, receipt, headers: [("Location", Endpoint.statusPath + identifier)])
        }
    }

    private func refusalOfEarlyAttachment(_ batch: Batch) -> Answer? {
        guard batch.kind == .attachment, options.attachmentsNeedAccount else { return nil }
        guard let owner = batch.identities.first?.name, !memory.knowsAccount(owner) else { return nil }
        return .problem(
            404, "No account has this clientReferenceId",
            errors: [BodyError(pointer: "clientReferenceId", message: "is not known")])
    }

    /// The records of a new batch that will be refused: those of the identities set apart, and some by chance.
    private mutating func rejections(of batch: Batch) -> [Int: String] {
        var rejections: [Int: String] = [:]
        for (index, identity) in batch.identities.enumerated() {
            if let message = refusedIdentities[identity.name] {
                rejections[index] = message
            } else if options.faults.rejectedPercent > 0,
                Double.random(in: 0..<100, using: &generator) < options.faults.rejectedPercent
            {
                rejections[index] = "Refused by chance"
            }
        }
        return rejections
    }

    private struct Receipt: Encodable {
        var batchReferenceId: String
        var status: String
    }
}
