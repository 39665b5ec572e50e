import Documents
import Inbox
import Ledger
import Model
import Synchronization

/// Attachments that may be early for their accounts (contract, section 4, 404).
extension InboxPipeline {
    /// An early attachment is sent again this often, in case its account came some other way.
    private static let earlyInterval = Duration.seconds(3600)

    /// Attachments that are under way at the same time. The rest wait in the folder, and documents go before them there:
    /// what they wait for may be among those.
    private static let mostAttachments = 4096
    /// When there are so few again, more are taken: to go through a folder of thousands costs too much for each.
    private static let fewAttachments = mostAttachments / 4 * 3

    /// Whether a name is that of an attachment, which may be under way for days. With `once` none is.
    func isAttachment(_ name: FileName) -> Bool {
        !settings.folder.once && settings.attachments.allows(name)
    }

    func countAttachments(_ change: Int) async {
        let count = attachments.add(change, ordering: .relaxed).newValue
        let isMore = change > 0
        guard count == (isMore ? InboxPipeline.mostAttachments : InboxPipeline.fewAttachments) else { return }
        await folder.leaveAside { [settings] in
            settings.attachments.allows($0)
        } if: {
            attachments.load(ordering: .relaxed) > InboxPipeline.fewAttachments
        }
    }

    func send(
        _ job: SubmissionJob, _ attachment: JudgedAttachment, _ batches: [Batch], _ berth: Berth
    ) async throws -> Sent {
        let account = attachment.fields.clientReferenceId
        // Asked for before it is sent: an account that is accepted meanwhile counts.
        let seen = await parts.announcements.want(account)
        let submitted: Submitted
        do {
            submitted = try await submit(job, batches, berth)
        } catch {
            await parts.announcements.doNotWant(account)
            throw error
        }
        guard case .early = submitted, case let left = timeLeft(for: job.drop), left > .zero else {
            await parts.announcements.doNotWant(account)
            switch submitted {
            case .held: return .waits(for: .resumption)
            case .processing(let processing): return .waits(for: .processing(processing))
            case .ended, .early:
                waitEnds.withLock { $0[job.drop.id] = nil }
                if case .ended(let ending) = submitted { return .ended(ending) }
                return .ended(tooEarly)
            }
        }
        KillPoint.waitsForAccount.reach()
        parts.report(.waitsForAccount(inbox: job.drop.inbox, job.drop.id))
        await parts.order.stepAside(job.drop.id)
        if settings.folder.once {
            await parts.announcements.doNotWant(account)
            throw CancellationError()
        }
        return .waits(for: .account(account, since: seen, atMost: min(left, InboxPipeline.earlyInterval)))
    }

    private var tooEarly: Ending {
        .failed(
            Problem(
                .submitNotFound, "The API did not know the attachment's account within \(settings.attachmentWait)."))
    }

    /// Counted by the clock on the wall from run to run, and within one by that which nobody sets.
    private func timeLeft(for drop: Drop) -> Duration {
        let now = parts.time.moment
        // It is asked for since it was claimed: while nobody took drops, no account came to the API, either.
        let age = max(.zero, (drop.id.time ?? drop.receivedAt).duration(to: parts.time.timestamp))
        return waitEnds.withLock { ends in
            let end = ends[drop.id] ?? now + (settings.attachmentWait - age)
            ends[drop.id] = end
            return end - now
        }
    }

    func waitForAccount(_ account: String, since: Int, atMost longest: Duration) async throws {
        let announcements = parts.announcements
        let time = parts.time
        let deadline = time.moment + longest
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await announcements.waitForAccount(account, since: since) }
                group.addTask { try await time.sleep(until: deadline) }
                try await group.next()
                group.cancelAll()
            }
        } catch {
            await announcements.doNotWant(account)
            throw error
        }
        await announcements.doNotWant(account)
    }
}
