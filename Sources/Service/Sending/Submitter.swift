import Delivery
import Documents
import Ledger
import Model

/// How far a drop came that may leave.
enum Submitted: Sendable {
    case ended(Ending)
    /// An attachment whose account the API does not know so far.
    case early
    /// An admin paused its inbox. What is accepted of it stays so.
    case held
    /// It was accepted, and the API is not done with it. Nothing of the drop is needed before there is a last word.
    case processing(Processing)

    struct Processing: Sendable {
        /// What is asked for.
        var subjects: [StatusSubject]
        /// What is known of its other batches, by references.
        var said: [String: Confirmation]
        /// What of the answers is kept.
        var keeping: Keeping
    }
}

/// Sends the batches of a drop one after the other and says how the drop ends.
struct Submitter: Sendable {
    let ledger: Ledger
    let delivery: DeliveryService
    let announcements: Announcements
    let patience: Patience
    let report: @Sendable (ServiceEvent) -> Void
    /// Whether a drop is done only when the API says that it was processed.
    let confirms: Bool
    /// Whether drops that fail for no reason of their own are put back once.
    let putsBack: Bool

    /// - Parameter said: the API's last words on what it accepted before, by references.
    func submit(
        _ job: SubmissionJob, _ batches: [Batch], said: [String: Confirmation] = [:]
    ) async throws -> Submitted {
        try await keepIfConverted(batches, job)
        let last = batches.last { $0.state != .accepted }?.part
        for batch in batches where batch.state != .accepted {
            if batch.state == .refused, let problem = try await refusal(of: batch, job) {
                try await keepBodies(of: job, batches)
                return .ended(try await judged(.failed(problem), job))
            }
            guard let body = try await body(of: batch, among: batches, job) else {
                return .ended(try await judged(.failed(Submitter.lostBody), job))
            }
            switch try await deliver(batch, body, job, isLast: batch.part == last && !confirms) {
            case .accepted:
                if batch.part < batch.parts { KillPoint.partAccepted.reach() }
            case .handedOver(let answer):
                var ending = Ending(outcome: .accepted)
                ending.answer = answer
                return .ended(ending)
            case .refused(let problem), .unresolved(let problem):
                try await keepBodies(of: job, batches)
                return .ended(try await judged(ending(problem), job))
            case .early: return .early
            case .held: return .held
            }
        }
        return try await confirmed(job, batches, said: said)
    }

    static let lostBody = Problem(
        .referenceConflict, "The exact body of an earlier request for this content is lost; it can't be repeated.")

    /// What the API said of a batch when the service was stopped between that and the drop's end.
    private func refusal(of batch: Batch, _ job: SubmissionJob) async throws -> Problem? {
        let refusal = try await patience.persist("read the ledger") {
            try await ledger.refusal(ofBatch: batch.reference, drop: job.drop.id)
        }
        return refusal.map { DeliveryService.problem($0.code, status: $0.status, response: $0.response) }
    }

    /// A converted body cannot be made again after the configuration has changed, nor, once a part has left, one from
    /// which records were left out: the plan stands, and the file is read as a whole. All are kept before one leaves.
    private func keepIfConverted(_ batches: [Batch], _ job: SubmissionJob) async throws {
        guard case .document(let document) = job.content, document.isConverted else { return }
        for batch in batches where batch.state != .accepted {
            try await patience.persist("keep a body") {
                // One that this document does not make was kept when it did.
                guard let body = try document.bodyIfUnchanged(of: batch) else { return }
                try ledger.keep(body: body, hash: batch.bodyHash)
            }
        }
    }

    /// The records' accounts are known to the API now: attachments that wait for one of them go.
    func announceAccounts(of document: JudgedDocument) async {
        let wanted = await announcements.wantedAccounts
        do {
            for account in try document.mentioned(of: wanted) { await announcements.announce(account: account) }
        } catch {
            // Its file cannot be read again: whatever waits is sent again within the hour.
        }
    }

    /// - Parameter isLast: what becomes of the drop follows from its acceptance at once.
    private func deliver(
        _ batch: Batch, _ body: RequestBody, _ job: SubmissionJob, isLast: Bool
    ) async throws -> Delivered {
        let submission = Submission(
            inbox: job.drop.inbox, drop: job.drop.id, kind: job.kind, reference: batch.reference, body: body,
            attempts: batch.attempts, handsOverAcceptance: isLast, keeping: job.keeping)
        return try await delivery.deliver(submission)
    }

    /// A batch's exact body: made from the drop, or kept from an earlier drop that left it unresolved, or made from the
    /// drop as an earlier configuration took it.
    private func body(of batch: Batch, among batches: [Batch], _ job: SubmissionJob) async throws -> RequestBody? {
        switch job.content {
        case .attachment(let attachment, let file, let size):
            let form = attachment.form
            return .multipart(
                boundary: form.boundary, head: form.head, file: file, size: size, tail: form.tail, sha256: job.sha256)
        case .document(let document):
            if let long = try await patience.persist("read a drop", { try document.longBodyIfUnchanged(of: batch) }) {
                return .long(long, of: batch)
            }
            if let body = try await patience.persist("read a drop", { try document.bodyIfUnchanged(of: batch) }) {
                return .json(body)
            }
            let kept = try await patience.persist("read a kept body") { try ledger.keptBody(hash: batch.bodyHash) }
            if let kept { return .json(kept) }
            let before = batches.prefix { $0.part < batch.part }.reduce(0) { $0 + $1.records }
            guard document.isHeld else {
                return try await patience.persist("read a drop") {
                    try document.originalBodyIfUnchanged(of: batch, recordsBefore: before).map { .long($0, of: batch) }
                }
            }
            let text = try await patience.persist("read a drop", job.readAgain)
            return OriginalBody.make(text, job.kind, batch, recordsBefore: before).map { .json($0) }
        }
    }

    /// As the ledger has them by now.
    func batches(of job: SubmissionJob) async throws -> [Batch] {
        try await patience.persist("read the ledger") { try await ledger.batches(of: job.drop.id) }
    }

    /// What the API may or may not have taken has to be repeated to the letter when its drop comes back.
    private func keepBodies(of job: SubmissionJob, _ batches: [Batch]) async throws {
        guard case .document(let document) = job.content else { return }
        let all = try await self.batches(of: job)
        // Where a part was accepted, a drop that comes back sends the others as they are.
        guard all.contains(where: { $0.state.mayBeTaken }) else {
            return try await forgetBodies(of: batches)
        }
        for batch in all where batch.state != .accepted {
            try await patience.persist("keep a body") {
                guard let body = try document.bodyIfUnchanged(of: batch) else { return }
                try ledger.keep(body: body, hash: batch.bodyHash)
            }
        }
    }

    /// Nobody sends them again. To be called when the ledger knows why.
    func forgetBodies(of batches: [Batch]) async throws {
        try await patience.persist("remove a kept body") {
            for batch in batches {
                // Others may come back to what they share.
                if let joint = batch.joined?.joint, try await !ledger.isSettled(joint: joint) { continue }
                try ledger.forgetBody(hash: batch.bodyHash)
            }
        }
    }
}

extension RequestBody {
    fileprivate static func long(_ body: LongBody, of batch: Batch) -> RequestBody {
        .longJSON(
            head: body.head, size: body.size, tail: body.tail, sha256: body.isHeld ? nil : batch.bodyHash,
            read: body.read)
    }
}
