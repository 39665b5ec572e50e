import Delivery
import Documents
import FileSystem
import Inbox
import Ledger
import Model
import Synchronization

/// A judged drop's turn: when it may be decided, what it is, and when it may leave (contract, sections 5 and 7).
extension InboxPipeline {
    /// What a drop waits for without its place, its memory and its content.
    enum Wait: Sendable {
        /// Another drop's outcome.
        case drop(DropID)
        /// Those before it.
        case turn(OrderKeeper.Step)
        /// An attachment's account, from when it was asked for, and no longer than this.
        case account(String, since: Int, atMost: Duration)
        /// That its file can be read.
        case file
        /// The end of an admin's pause.
        case resumption
        /// That the API is done with what it accepted.
        case processing(Submitted.Processing)
        /// Nothing: it is decided anew.
        case nothing
    }

    /// Returns when what a drop waits for has come.
    func wait(for wait: Wait, _ drop: Drop, _ berth: Berth, in work: WorkFolder) async throws {
        waits.withLock { $0[drop.id] = wait }
        defer { waits.withLock { $0[drop.id] = nil } }
        switch wait {
        case .drop(let other):
            try await parts.patience.persist("read the ledger") {
                try await parts.announcements.waitForFinal(other)
            }
        case .turn(let step): try await parts.order.wait(for: step, drop.id)
        case .account(let account, let since, let longest):
            try await waitForAccount(account, since: since, atMost: longest)
        case .file: try await waitForFile(drop, in: work)
        case .resumption: try await parts.pauses.pass(settings.name)
        case .processing(let processing):
            let said = try await parts.submitter.waitUntilProcessed(processing)
            berth.said.withLock { $0 = said }
        case .nothing: return
        }
    }

    func submit(
        _ job: SubmissionJob, _ status: FileStatus, _ berth: Berth, in work: WorkFolder
    ) async throws -> Step {
        do {
            return try await decideAndSend(job, status, berth, in: work)
        } catch is DocumentHasChanged {
            gate.leave(berth.ticket)
            return try await hasChanged(job.drop, job.kind, sha256: job.sha256, in: work)
        }
    }

    private func decideAndSend(
        _ job: SubmissionJob, _ status: FileStatus, _ berth: Berth, in work: WorkFolder
    ) async throws -> Step {
        try await gate.enter(berth.ticket)
        await parts.order.enlist(place(of: job))
        guard await parts.order.take(job.drop.id) else {
            try await parts.patience.persist("write the ledger") {
                try await parts.ledger.enlist(
                    job.drop, kind: job.kind, sha256: job.sha256, content: job.content.reference, inode: job.inode)
            }
            KillPoint.enlisted.reach()
            return .waits(job.drop, status, for: .turn(.decision))
        }
        let (turn, job) = try await decide(job, berth)
        gate.leave(berth.ticket)
        let ending: Ending
        var spoken: Spoken?
        var sent: [Batch] = []
        switch turn {
        case .wait(let other): return .waits(job.drop, status, for: .drop(other))
        case .remake, .anew: preconditionFailure("a drop is made anew where it is decided")
        case .refused(let problem): ending = .failed(problem)
        case .duplicate(let first):
            if job.kind != .payment, let rival = await parts.order.rival(of: job.drop.id) {
                return .waits(job.drop, status, for: .drop(rival))
            }
            ending = Ending(outcome: .duplicate, duplicateOf: first, alreadyAccepted: job.leftOut ?? [])
            spoken = try await parts.submitter.spoken(job, ending, settlesIn: .zero)
        case .submit(let batches):
            if let unfit = job.unfit, batches.allSatisfy({ $0.state == .waiting }) {
                // Nothing of it is open any more.
                ending = .failed(unfit)
                break
            }
            guard await parts.order.mayLeave(job.drop.id) else {
                return .waits(job.drop, status, for: .turn(.leaving))
            }
            switch try await send(job, batches, berth) {
            case .waits(let wait): return .waits(job.drop, status, for: wait)
            case .ended(let end): ending = end
            }
            if try await isOutdated(job, batches, ending) {
                return .waits(job.drop, status, for: .nothing)
            }
            sent = batches
            let settling = settings.order.rule == .none ? .zero : settings.order.wait
            spoken = try await spokenOrAnswered(job, ending, settlesIn: settling)
            spoken?.isRepetition = batches.contains { $0.state.mayBeTaken }
        }
        try await conclude(job.drop, kind: job.kind, sha256: job.sha256, ending, sent: sent, spoken: spoken, in: work)
        if ending.outcome == .accepted, case .document(let document) = job.content {
            await parts.submitter.announceAccounts(of: document)
        }
        return .ended
    }

    /// What of a document reached the API. A stop that comes before its end does not lose the answer.
    private func spokenOrAnswered(
        _ job: SubmissionJob, _ ending: Ending, settlesIn settling: Duration
    ) async throws -> Spoken? {
        do {
            return try await parts.submitter.spoken(job, ending, settlesIn: settling)
        } catch {
            if let answer = ending.answer { try await parts.ledger.end(answer) }
            throw error
        }
    }

    /// Whether what was accepted is what an earlier drop left open, and others have spoken of its records since: the same
    /// content is news then.
    private func isOutdated(_ job: SubmissionJob, _ batches: [Batch], _ ending: Ending) async throws -> Bool {
        guard ending.outcome == .accepted, batches.contains(where: { $0.state != .waiting }),
            case .document(let document) = job.content
        else { return false }
        let isOutdated = try await parts.patience.persist("write the ledger") {
            try await parts.ledger.outdate(
                job.drop, job.kind, job.keys, ownReference: document.ownReference, answer: ending.answer)
        }
        if isOutdated { try await parts.submitter.forgetBodies(of: batches) }
        return isOutdated
    }

    private func place(of job: SubmissionJob) -> DropOrder.Place {
        DropOrder.Place(
            drop: job.drop.id, inbox: settings.name, arrival: job.drop.arrival, rule: settings.order.rule,
            kind: job.kind, keys: job.keys)
    }

    /// Asks the ledger what a drop is, with other bodies where it wants them. The next in line asks as soon as this one
    /// has: the ledger answers in turn, and many at once.
    private func decide(_ job: SubmissionJob, _ berth: Berth) async throws -> (Turn, SubmissionJob) {
        var job = job
        while true {
            let asked = job
            let admission = try await parts.patience.persist("read a drop in \(settings.folder.work)") {
                try await Workbench.run(bytes: asked.drop.bytes) { [settings] in
                    var admission = try asked.admission(
                        scope: settings.scope, isOrdered: settings.order.rule != .none)
                    admission.isLate = berth.isLate.load(ordering: .relaxed)
                    return admission
                }
            }
            KillPoint.admissionBegins.reach()
            let turn = try await parts.patience.persist("write the ledger") {
                try await parts.ledger.admit(admission) { gate.leave(berth.ticket) }
            }
            KillPoint.admitted.reach()
            if let problem = follow(turn, &job) { return (.refused(problem), job) }
            let judgement: Judgement?
            switch (turn, job.content) {
            case (.remake(let round), .document(let document)):
                job.round = round
                judgement = try await remake(document, &job)
            case (.anew(let round), .document(let document)):
                job.round = round
                if job.kind == .payment { job.leftOut = [] }
                judgement = document.remade(round: round)
            case (.anew, .attachment): continue
            default: return (turn, job)
            }
            switch judgement {
            case .document(let document): try job.replace(document)
            case .problem(_, let problem), .unfinished(let problem): return (.refused(problem), job)
            case nil: return (.duplicate(of: nil), job)
            }
        }
    }

    /// Has an attachment's body say the reference that it is sent under.
    ///
    /// - Returns: why it cannot.
    private func follow(_ turn: Turn, _ job: inout SubmissionJob) -> Problem? {
        guard case .attachment(let attachment, let file, let size) = job.content else { return nil }
        let judge = reader.attachments
        let remade: Result<JudgedAttachment, AttachmentRefusal>
        switch turn {
        case .anew(let round):
            job.round = round
            remade = judge.remade(attachment, round: round, size: size)
        case .submit(let batches):
            guard let reference = batches.first?.reference, reference != attachment.reference else { return nil }
            remade = judge.remade(attachment, reference: reference, size: size)
        default: return nil
        }
        switch remade {
        case .success(let remade): job.replace(remade, file: file, size: size)
        case .failure(let refusal): return refusal.problem
        }
        return nil
    }

    /// A document under the references of another round; a payment document without what was accepted before.
    ///
    /// - Returns: `nil` where nothing of it is left.
    private func remake(_ document: JudgedDocument, _ job: inout SubmissionJob) async throws -> Judgement? {
        guard job.kind == .payment else { return document.remade(round: job.round) }
        let hashes = try await parts.patience.persist("read a drop") { try document.recordHashes }
        let file = PaymentFile(
            inbox: settings.name, scope: settings.scope, content: document.content, sha256: job.sha256)
        let taken = try await parts.patience.persist("read the ledger") {
            try await parts.ledger.recordsToLeaveOut(of: hashes, file)
        }
        if !taken.unclear.isEmpty { return .problem(.payment, InboxPipeline.unclear(taken.unclear)) }
        let round = job.round
        let (rest, leftOut) = try await parts.patience.persist("keep what is left of a drop") {
            try document.leavingOut(taken.byHash, at: taken.byPosition, round: round) { try .file(in: parts.spools) }
        }
        job.leftOut = leftOut
        return rest
    }

    /// Sent again, payments that the API took would be paid twice; left out, those that it refused would be lost.
    private static func unclear(_ records: Set<AcceptedRecord>) -> Problem {
        let names = Set(records.map(\.record)).sorted()
        let some = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
        return Problem(
            .referenceConflict,
            "An earlier document brought the same payments (\(some)), of which the API refused some without saying which. Drop "
                + "that document again to have the API asked again; to send these payments whatever became of them: "
                + "sluice retry --as-new --send-twice.")
    }

    /// Documents of earlier runs that were accepted and may not be processed still hold back others.
    func restoreOrder() async throws {
        let wait = settings.order.wait
        guard wait > .zero, settings.order.rule != .none else { return }
        let now = parts.time.timestamp
        let settling = try await parts.patience.persist("read the ledger") {
            try await parts.ledger.settling(
                inbox: settings.name, since: Timestamp(milliseconds: now.milliseconds - wait.wholeMilliseconds))
        }
        for drop in settling {
            // A clock that was set back makes nobody wait longer than anew.
            let left = min(wait, wait - drop.acceptedAt.duration(to: now))
            await parts.order.restore(
                DropOrder.Place(
                    drop: drop.drop, inbox: settings.name, arrival: drop.arrival, rule: settings.order.rule,
                    kind: drop.kind, keys: drop.keys), settlesIn: max(.zero, left))
        }
    }
}
