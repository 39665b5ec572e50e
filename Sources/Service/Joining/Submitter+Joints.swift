import Delivery
import Documents
import Ledger
import Model

/// Requests that several documents share.
extension Submitter {
    /// What the API says of a body as a whole, though only a record of it is wrong.
    private static let splitting = [400, 413, 422]

    /// Sends documents in one request.
    ///
    /// - Parameter members: at least two, each with a batch that never left.
    /// - Returns: `nil` where the API refused it for what is in it: they are apart again, and nothing has left.
    func send(_ members: [Joiner.Member]) async throws -> Joiner.Fate? {
        let first = members[0].job
        let body = JointBody(first.kind, members.map { ($0.batch.reference, $0.records) })
        try await patience.persist("keep a body") { try ledger.keep(body: body.bytes, hash: body.hash) }
        KillPoint.jointKept.reach()
        try await patience.persist("write the ledger") {
            try await ledger.join(
                JointBatch(
                    reference: body.reference, bytes: Int64(body.bytes.count), bodyHash: body.hash,
                    members: members.map { JointBatch.Member(drop: $0.drop, records: $0.batch.records) }))
        }
        KillPoint.joined.reach()
        report(
            .share(
                inbox: first.drop.inbox, reference: body.reference, drops: members.count,
                records: members.reduce(0) { $0 + $1.batch.records }))
        return try await deliver(body.bytes, hash: body.hash, as: body.reference, attempts: 0, first)
    }

    private func deliver(
        _ body: [UInt8], hash: [UInt8], as reference: String, attempts: Int, _ job: SubmissionJob
    ) async throws -> Joiner.Fate? {
        let submission = Submission(
            inbox: job.drop.inbox, drop: job.drop.id, kind: job.kind, reference: reference, body: .json(body),
            attempts: attempts)
        switch try await delivery.deliver(submission) {
        case .accepted:
            let confirmation = try await confirmation(of: reference, job)
            try await forgetBody(hash)
            return .accepted(confirmation)
        case .refused(let problem):
            let refusal = try await patience.persist("read the ledger") {
                try await ledger.refusal(ofBatch: reference, drop: job.drop.id)
            }
            guard let status = refusal?.status, Submitter.splitting.contains(status) else {
                try await forgetBody(hash)
                return .ended(ending(problem))
            }
            try await patience.persist("write the ledger") {
                try await ledger.dissolve(reference, of: job.drop.id)
            }
            KillPoint.dissolved.reach()
            try await forgetBody(hash)
            return nil
        case .unresolved(let problem): return .ended(ending(problem))
        case .early: preconditionFailure("only attachments are early")
        case .handedOver: preconditionFailure("an answer for several drops is written down when it comes")
        }
    }

    private func forgetBody(_ hash: [UInt8]) async throws {
        try await patience.persist("remove a kept body") { try ledger.forgetBody(hash: hash) }
    }

    /// Repeats a shared request that was neither accepted nor refused, to the letter.
    func `repeat`(_ batch: Batch, of job: SubmissionJob) async throws -> Joiner.Fate {
        let current = try await patience.persist("read the ledger") { try await ledger.batches(of: job.drop.id) }
        // Another drop of it may have repeated it meanwhile.
        guard current.first?.state == .unresolved, current.first?.reference == batch.reference else { return .anew }
        let kept = try await patience.persist("read a kept body") { try ledger.keptBody(hash: batch.bodyHash) }
        guard let kept else { return .ended(.failed(Submitter.lostBody)) }
        let fate = try await deliver(
            kept, hash: batch.bodyHash, as: batch.reference, attempts: current[0].attempts, job)
        return fate ?? .anew
    }

    // MARK: Confirmation

    /// How a drop ends whose shared batch was accepted.
    func ending(_ confirmation: Confirmation?, of batch: Batch, _ job: SubmissionJob) async throws -> Ending {
        guard confirms else { return Ending(outcome: .accepted) }
        var verdict = Verdict()
        try await judge(confirmation.map { $0.part(of: batch) }, of: batch, job, &verdict)
        return verdict.ending
    }

    /// - Returns: `nil` where nothing is asked for, or the API did not say where.
    func confirmation(of batch: Batch, _ job: SubmissionJob) async throws -> Confirmation? {
        try await confirmation(of: batch.reference, job)
    }

    private func confirmation(of reference: String, _ job: SubmissionJob) async throws -> Confirmation? {
        guard confirms else { return nil }
        return try await confirmation(of: reference, job, at: locations(of: job)[reference])
    }
}

extension Confirmation {
    /// What it says of one drop's records.
    fileprivate func part(of batch: Batch) -> Confirmation {
        guard case .refused(let records) = self, let first = batch.joined?.firstRecord, !records.isEmpty else {
            return self
        }
        let own = records.compactMap { record in
            var record = record
            record.index -= first
            return (0..<batch.records).contains(record.index) ? record : nil
        }
        return own.isEmpty ? .completed : .refused(own)
    }
}
