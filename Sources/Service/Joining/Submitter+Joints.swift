import Delivery
import Documents
import Ledger
import Model

/// Requests that several documents share.
extension Submitter {
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
        let fate = try await deliver(body.bytes, hash: body.hash, as: body.reference, attempts: 0, first)
        // Each has the document that it was made from; what the API says of its records is looked up in the body.
        if !confirms, case .accepted? = fate { try await forgetBody(body.hash) }
        return fate
    }

    private func deliver(
        _ body: [UInt8], hash: [UInt8], as reference: String, attempts: Int, _ job: SubmissionJob
    ) async throws -> Joiner.Fate? {
        let submission = Submission(
            inbox: job.drop.inbox, drop: job.drop.id, kind: job.kind, reference: reference, body: .json(body),
            attempts: attempts, keeping: job.keeping(sharing: body))
        switch try await delivery.deliver(submission) {
        case .accepted: return try await fate(ofAccepted: reference, job, sharing: body)
        case .refused(let problem): return try await fate(afterRefusal: problem, of: job, hash)
        case .unresolved(let problem): return .ended(ending(problem))
        case .held:
            // Where nothing has left, each is decided anew.
            if try await batches(of: job).first?.state == .waiting { try await forgetBody(hash) }
            return .held
        case .early: preconditionFailure("only attachments are early")
        case .handedOver: preconditionFailure("an answer for several drops is written down when it comes")
        }
    }

    /// - Returns: `nil` where the drops are apart again.
    private func fate(
        afterRefusal problem: Problem, of job: SubmissionJob, _ hash: [UInt8]
    ) async throws -> Joiner.Fate? {
        let batch = try await batches(of: job).first
        let isApart = batch?.joined == nil
        if isApart { KillPoint.dissolved.reach() }
        // Where an earlier request may have been taken, whoever comes back repeats it.
        if batch?.state != .unresolved { try await forgetBody(hash) }
        return isApart ? nil : .ended(ending(problem))
    }

    private func forgetBody(_ hash: [UInt8]) async throws {
        try await patience.persist("remove a kept body") { try ledger.forgetBody(hash: hash) }
    }

    /// Repeats a shared request that was neither accepted nor refused, to the letter.
    ///
    /// - Parameter isOrdered: whether it must not go after a later document about a record of any of its drops.
    func `repeat`(_ batch: Batch, joint: Int64, of job: SubmissionJob, isOrdered: Bool) async throws -> Joiner.Fate {
        let current = try await batches(of: job)
        // Another drop of it may have repeated it meanwhile.
        guard current.first?.state == .unresolved, current.first?.reference == batch.reference else { return .anew }
        let kept = try await patience.persist("read a kept body") { try ledger.keptBody(hash: batch.bodyHash) }
        guard let kept else { return .ended(.failed(Submitter.lostBody)) }
        if isOrdered {
            let keys = JudgedDocument.records(ofBody: kept, job.kind).map(\.key)
            let isSuperseded = try await patience.persist("read the ledger") {
                try await ledger.isSuperseded(joint: joint, keys: keys, for: job.drop, job.kind)
            }
            if isSuperseded { return .ended(.failed(Submitter.supersededWithOthers(job.kind))) }
        }
        let fate = try await deliver(
            kept, hash: batch.bodyHash, as: batch.reference, attempts: current[0].attempts, job)
        // With what the API says of them, those that came back in other bytes look up their records in it.
        if !confirms, case .accepted? = fate { try await forgetBody(batch.bodyHash) }
        return fate ?? .anew
    }

    private static func supersededWithOthers(_ kind: Kind) -> Problem {
        let way =
            kind == .payment
            ? "To repeat it with all its payments, which others sent in the meantime do not alter: sluice retry --stale."
            : "To send this document by itself: sluice retry --as-new --stale."
        return Problem(
            .orderSuperseded,
            "It shares a request with other documents that may have been taken, and a later document about a record of one "
                + "of those was accepted since: the request is not repeated. " + way)
    }

    /// What the records of a shared request are about; `nil`: its body is lost.
    func keys(ofShared batch: Batch, _ kind: Kind) async throws -> IdentityKeys? {
        let kept = try await patience.persist("read a kept body") { try ledger.keptBody(hash: batch.bodyHash) }
        return kept.map { IdentityKeys(JudgedDocument.records(ofBody: $0, kind).map(\.key)) }
    }

    // MARK: Confirmation

    /// How a drop ends whose shared batch was accepted.
    func ending(_ confirmation: Confirmation?, of batch: Batch, _ job: SubmissionJob) async throws -> Ending {
        guard confirms else { return Ending(outcome: .accepted) }
        var verdict = Verdict()
        try await judge(confirmation.map { $0.part(of: batch) }, of: batch, job, &verdict)
        return verdict.ending
    }

    /// What became of a shared request that was accepted, before or just now.
    ///
    /// - Parameter body: what it sent; `nil`: it is not at hand.
    /// - Returns: `nil` where its drops are apart again: the API refused it as a whole when it processed it, which only one of
    ///   its records need be to blame for, or records of it, and nobody can tell whose.
    func fate(
        ofAccepted reference: String, _ job: SubmissionJob, sharing body: [UInt8]? = nil
    ) async throws -> Joiner.Fate? {
        guard confirms else { return .accepted(nil) }
        // Another drop of it may have learnt that meanwhile.
        guard let batch = try await batches(of: job).first, batch.reference == reference, batch.state == .accepted,
            let joint = batch.joined?.joint
        else { return nil }
        guard let location = try await locations(of: job)[reference] else { return .accepted(nil) }
        var confirmation = try await delivery.confirm(
            subject(job, reference, at: location), keeping: job.keeping(sharing: body))
        if confirmation == .held { return .held }
        if case .listed = confirmation {
            let kept = try await patience.persist("read a kept body") {
                try body ?? ledger.keptBody(hash: batch.bodyHash)
            }
            confirmation = confirmation.matched(
                with: JudgedDocument.records(ofBody: kept ?? [], job.kind).map(\.names))
        }
        // Whether an API takes nothing of what it refuses so, nobody knows: no payment is sent again by itself.
        guard job.kind != .payment, confirmation == .refused([]) || confirmation.isUnclear else {
            return .accepted(confirmation)
        }
        try await patience.persist("write the ledger") { try await ledger.dissolve(joint: joint) }
        KillPoint.dissolved.reach()
        try await forgetBody(batch.bodyHash)
        return nil
    }
}

extension Confirmation {
    fileprivate var isUnclear: Bool { if case .unclear = self { true } else { false } }

    /// What it says of one drop's records.
    func part(of batch: Batch) -> Confirmation {
        // They may be another's, whose words are not for this one's result.
        if isUnclear { return .unclear([]) }
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
