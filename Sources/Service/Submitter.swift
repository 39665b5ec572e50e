import Delivery
import Documents
import FileSystem
import Ledger
import Model

/// A judged drop on its way to the API.
struct SubmissionJob: Sendable {
    enum Content: Sendable {
        case document(JudgedDocument)
        case attachment(JudgedAttachment, file: OpenFile, size: Int64)
    }

    let drop: Drop
    let kind: Kind
    let sha256: [UInt8]
    let content: Content

    func admission(scope: String) -> Admission {
        switch content {
        case .document(let document):
            Admission(
                drop: drop, kind: kind, sha256: sha256, content: document.content,
                ownReference: document.ownReference, scope: scope, batches: document.batches)
        case .attachment(let attachment, _, let size):
            // The frame around the file follows from the reference, so the file's hash stands for the body's.
            Admission(
                drop: drop, kind: kind, sha256: sha256, content: attachment.content, scope: scope,
                batches: [
                    Batch(
                        reference: attachment.content, records: 0, bytes: attachment.form.length(ofFile: size),
                        bodyHash: sha256)
                ])
        }
    }
}

/// Sends the batches of a drop one after the other and says how the drop ends.
struct Submitter: Sendable {
    let ledger: Ledger
    let delivery: DeliveryService
    let announcements: Announcements
    let patience: Patience
    let time: any TimeSource
    let report: @Sendable (ServiceEvent) -> Void
    /// With `once`, an early attachment is left for the next run.
    let once: Bool
    /// Whether a drop is done only when the API says that it was processed.
    let confirms: Bool
    /// Whether drops that fail for no reason of their own are put back once.
    let putsBack: Bool

    /// An early attachment is sent again this often, in case its account came some other way.
    static let earlyInterval = Duration.seconds(3600)

    func submit(_ job: SubmissionJob, _ batches: [Batch], _ inbox: InboxSettings) async throws -> Ending {
        for batch in batches where batch.state != .accepted {
            guard let body = try await body(of: batch, job) else {
                let message = "The exact body of an earlier request for this content is lost; it can't be repeated."
                return .failed(Problem(.referenceConflict, message))
            }
            try await keepIfConverted(body, batch, job)
            switch try await deliver(batch, body, job, inbox) {
            case .accepted:
                continue
            case .refused(let problem), .unresolved(let problem):
                try await keepBodies(of: job, batches)
                return ending(problem)
            case .early:
                preconditionFailure("an early attachment waits or fails")
            }
        }
        try await forgetBodies(of: batches)
        return try await confirmed(job, batches)
    }

    /// A converted body cannot be made again after the configuration has changed: it is kept before it leaves.
    private func keepIfConverted(_ body: RequestBody, _ batch: Batch, _ job: SubmissionJob) async throws {
        guard case .document(let document) = job.content, document.isConverted, case .json(let bytes) = body else {
            return
        }
        try await patience.persist("keep a body") { try ledger.keep(body: bytes, hash: batch.bodyHash) }
    }

    /// The records' accounts are known to the API now: attachments that wait for one of them go.
    func announceAccounts(of document: JudgedDocument) async {
        for account in document.mentioned(of: await announcements.wantedAccounts) {
            await announcements.announce(account: account)
        }
    }

    private func deliver(
        _ batch: Batch, _ body: RequestBody, _ job: SubmissionJob, _ inbox: InboxSettings
    ) async throws -> Delivered {
        let attempts = try await patience.persist("read the ledger") {
            try await ledger.attempts(ofBatch: batch.reference, drop: job.drop.id)
        }
        let submission = Submission(
            inbox: job.drop.inbox, drop: job.drop.id, kind: job.kind, reference: batch.reference, body: body,
            attempts: attempts)
        guard case .attachment(let attachment, _, _) = job.content else {
            return try await delivery.deliver(submission)
        }
        return try await deliverWhenKnown(submission, attachment.fields.clientReferenceId, job.drop, inbox)
    }

    /// Sends an attachment until the API knows its account, or for as long as `attachments.wait` says.
    private func deliverWhenKnown(
        _ submission: Submission, _ account: String, _ drop: Drop, _ inbox: InboxSettings
    ) async throws -> Delivered {
        while true {
            let seen = await announcements.want(account)
            let delivered: Delivered
            do {
                delivered = try await delivery.deliver(submission)
                if delivered == .early { try await waitForAccount(account, since: seen, drop, inbox) }
            } catch is TooEarly {
                await announcements.doNotWant(account)
                return .refused(
                    Problem(
                        .submitNotFound, "The API did not know the attachment's account within \(inbox.attachmentWait)."
                    ))
            } catch {
                await announcements.doNotWant(account)
                throw error
            }
            await announcements.doNotWant(account)
            if delivered != .early { return delivered }
        }
    }

    private struct TooEarly: Error {}

    private func waitForAccount(
        _ account: String, since: Int, _ drop: Drop, _ inbox: InboxSettings
    ) async throws {
        let left = inbox.attachmentWait - drop.receivedAt.duration(to: time.timestamp)
        if left <= .zero { throw TooEarly() }
        report(.waitsForAccount(inbox: drop.inbox, drop.id))
        if once { throw CancellationError() }
        let deadline = time.moment + min(left, Submitter.earlyInterval)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await announcements.waitForAccount(account, since: since) }
            group.addTask { try await time.sleep(until: deadline) }
            try await group.next()
            group.cancelAll()
        }
    }

    /// A batch's exact body: made from the drop, or kept from an earlier drop that left it unresolved.
    private func body(of batch: Batch, _ job: SubmissionJob) async throws -> RequestBody? {
        switch job.content {
        case .attachment(let attachment, let file, let size):
            let form = attachment.form
            return .multipart(
                boundary: form.boundary, head: form.head, file: file, size: size, tail: form.tail, sha256: job.sha256)
        case .document(let document):
            if let body = document.body(of: batch) { return .json(body) }
            return try await patience.persist("read a kept body") {
                try ledger.keptBody(hash: batch.bodyHash).map { .json($0) }
            }
        }
    }

    /// What the API may or may not have taken has to be repeated to the letter when its drop comes back.
    private func keepBodies(of job: SubmissionJob, _ batches: [Batch]) async throws {
        guard case .document(let document) = job.content else { return }
        let open = try await patience.persist("read the ledger") {
            try await ledger.openBatches(of: job.drop.id)
        }
        guard open.contains(where: { $0.state == .unresolved }) else { return try await forgetBodies(of: batches) }
        for batch in open {
            guard let body = document.body(of: batch) else { continue }
            try await patience.persist("keep a body") { try ledger.keep(body: body, hash: batch.bodyHash) }
        }
    }

    private func forgetBodies(of batches: [Batch]) async throws {
        try await patience.persist("remove a kept body") {
            for batch in batches { try ledger.forgetBody(hash: batch.bodyHash) }
        }
    }
}
