import Delivery
import Documents
import Ledger
import Model
import Synchronization

/// A drop that may leave, by itself or with others.
extension InboxPipeline {
    /// How far it came.
    enum Sent: Sendable {
        case ended(Ending)
        case waits(for: Wait)
    }

    func send(_ job: SubmissionJob, _ batches: [Batch], _ berth: Berth) async throws -> Sent {
        switch job.content {
        case .attachment(let attachment, _, _): return try await send(job, attachment, batches, berth)
        case .document(let document):
            guard try await mayGo(job, batches[0]) else { return .waits(for: .turn(.leaving)) }
            switch try await shared(job, document, batches, berth) {
            case .accepted(let confirmation):
                let batches = try await current(batches, of: job)
                return .ended(try await parts.submitter.ending(confirmation, of: batches[0], job))
            case .ended(let ending): return .ended(ending)
            case .anew: return .waits(for: .nothing)
            case .held: return .waits(for: .resumption)
            case .alone:
                switch try await submit(job, batches, berth) {
                case .ended(let ending): return .ended(ending)
                case .held: return .waits(for: .resumption)
                case .processing(let processing): return .waits(for: .processing(processing))
                case .early: preconditionFailure("only attachments are early")
                }
            }
        }
    }

    func submit(_ job: SubmissionJob, _ batches: [Batch], _ berth: Berth) async throws -> Submitted {
        try await parts.submitter.submit(job, batches, said: berth.said.withLock(\.self))
    }

    /// Whether nothing stands before a document that may leave: nothing else before what it repeats with others, and no
    /// such repetition before it.
    private func mayGo(_ job: SubmissionJob, _ batch: Batch) async throws -> Bool {
        guard settings.order.rule != .none else { return true }
        guard let joint = batch.joined?.joint, batch.state.mayBeTaken else {
            return await parts.order.depart(job.drop.id)
        }
        guard batch.state == .unresolved else { return true }
        return try await parts.joiner.mayRepeat(batch, of: job, joint: joint, in: parts.order)
    }

    /// Sends a document with others, where it is to be or was before.
    private func shared(
        _ job: SubmissionJob, _ document: JudgedDocument, _ batches: [Batch], _ berth: Berth
    ) async throws -> Joiner.Fate {
        let joiner = parts.joiner
        if let joint = batches[0].joined?.joint {
            switch batches[0].state {
            case .unresolved:
                let fate = try await joiner.repeat(
                    batches[0], of: job, joint: joint, isOrdered: settings.order.rule != .none)
                // Where another drop has repeated it, that one ends it.
                if case .anew = fate, try await parts.submitter.batches(of: job).first?.joined == nil {
                    await parts.order.end(repeating: joint)
                }
                return fate
            case .accepted: return try await joiner.fate(ofAccepted: batches[0], job, joint: joint)
            case .waiting, .refused: return .alone
            }
        }
        guard try await mayShare(job, batches),
            let records = try await parts.patience.persist("read a drop", { try document.recordTextIfUnchanged })
        else { return .alone }
        await leavePlace(berth)
        let member = Joiner.Member(job: job, batch: batches[0], records: records)
        let fate = try await joiner.join(member) { await self.countWaiting() <= $0 }
        try await takePlace(berth)
        return fate
    }

    /// Whether a document goes well with others, and more wait than the rate can carry.
    private func mayShare(_ job: SubmissionJob, _ batches: [Batch]) async throws -> Bool {
        guard parts.joiner.limits != nil, settings.order.rule != .strict, batches.count == 1, !job.bringsReference,
            job.leftOut?.isEmpty ?? true, batches[0].state == .waiting, batches[0].attempts == 0
        else { return false }
        let (used, limit) = await parts.submitter.delivery.usage
        return Gathering.isBacklog(waiting: await countWaiting(), used: used, limit: limit)
    }

    /// A drop's batches as the ledger has them by now; those that it was admitted with do where nobody asks for more.
    private func current(_ batches: [Batch], of job: SubmissionJob) async throws -> [Batch] {
        guard parts.submitter.confirms else { return batches }
        return try await parts.submitter.batches(of: job)
    }
}
