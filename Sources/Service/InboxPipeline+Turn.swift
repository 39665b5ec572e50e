import Delivery
import Documents
import FileSystem
import Inbox
import Ledger
import Model

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
    }

    /// Returns when what a drop waits for has come.
    func wait(for wait: Wait, _ drop: Drop) async throws {
        switch wait {
        case .drop(let other):
            try await parts.patience.persist("read the ledger") {
                try await parts.announcements.waitForFinal(other)
            }
        case .turn(let step): try await parts.order.wait(for: step, drop.id)
        case .account(let account, let since, let longest):
            try await waitForAccount(account, since: since, atMost: longest)
        }
    }

    func submit(
        _ job: SubmissionJob, _ status: FileStatus, _ ticket: ArrivalGate.Ticket, in work: WorkFolder
    ) async throws -> Step {
        await gate.enter(ticket)
        await parts.order.enlist(place(of: job))
        guard await parts.order.take(job.drop.id) else {
            try await parts.patience.persist("write the ledger") {
                try await parts.ledger.enlist(
                    job.drop, kind: job.kind, sha256: job.sha256, content: job.content.reference)
            }
            KillPoint.enlisted.reach()
            return .waits(job.drop, status, for: .turn(.decision))
        }
        let (turn, job) = try await decide(job)
        await gate.leave(ticket)
        let ending: Ending
        var spoken: Spoken?
        switch turn {
        case .wait(let other): return .waits(job.drop, status, for: .drop(other))
        case .remake: preconditionFailure("a document is made anew where it is decided")
        case .refused(let problem): ending = .failed(problem)
        case .duplicate(let first):
            if job.kind != .payment, let rival = await parts.order.rival(of: job.drop.id) {
                return .waits(job.drop, status, for: .drop(rival))
            }
            ending = Ending(outcome: .duplicate, duplicateOf: first, alreadyAccepted: job.leftOut ?? [])
        case .submit(let batches):
            guard await parts.order.mayLeave(job.drop.id) else {
                return .waits(job.drop, status, for: .turn(.leaving))
            }
            switch try await send(job, batches) {
            case .early(let wait): return .waits(job.drop, status, for: wait)
            case .ended(let end): ending = end
            }
            let settling = settings.order.rule == .none ? .zero : settings.order.wait
            spoken = try await parts.submitter.spoken(job, ending, settlesIn: settling)
        }
        try await conclude(job.drop, kind: job.kind, sha256: job.sha256, ending, spoken: spoken, in: work)
        if ending.outcome == .accepted, case .document(let document) = job.content {
            await parts.submitter.announceAccounts(of: document)
        }
        return .ended
    }

    private func place(of job: SubmissionJob) -> DropOrder.Place {
        DropOrder.Place(
            drop: job.drop.id, inbox: settings.name, arrival: job.drop.arrival, rule: settings.order.rule,
            kind: job.kind, keys: job.keys)
    }

    /// Asks the ledger what a drop is, with other bodies where it wants them.
    private func decide(_ job: SubmissionJob) async throws -> (Turn, SubmissionJob) {
        var job = job
        while true {
            let asked = job
            let admission = try await parts.patience.persist("read a drop in \(settings.folder.work)") {
                try await Workbench.run(bytes: asked.drop.bytes) { [settings] in
                    try asked.admission(scope: settings.scope, isOrdered: settings.order.rule != .none)
                }
            }
            KillPoint.admissionBegins.reach()
            let turn = try await parts.patience.persist("write the ledger") {
                try await parts.ledger.admit(admission)
            }
            KillPoint.admitted.reach()
            guard case .remake(let round) = turn, case .document(let document) = job.content else {
                return (turn, job)
            }
            job.round = round
            switch try await remake(document, &job) {
            case .document(let document): try job.replace(document)
            case .problem(_, let problem), .unfinished(let problem): return (.refused(problem), job)
            case nil: return (.duplicate(of: nil), job)
            }
        }
    }

    /// A document under the references of another round; a payment document without what was accepted before.
    ///
    /// - Returns: `nil` where nothing of it is left.
    private func remake(_ document: JudgedDocument, _ job: inout SubmissionJob) async throws -> Judgement? {
        guard job.kind == .payment else { return document.remade(round: job.round) }
        let hashes = try await parts.patience.persist("read a drop") { try document.recordHashes }
        let sha256 = job.sha256
        let taken = try await parts.patience.persist("read the ledger") {
            try await parts.ledger.recordsToLeaveOut(of: hashes, sha256: sha256, inbox: settings.name)
        }
        let round = job.round
        let (rest, leftOut) = try await parts.patience.persist("keep what is left of a drop") {
            try document.leavingOut(taken.byHash, at: taken.byPosition, round: round) { try .file(in: parts.spools) }
        }
        job.leftOut = leftOut
        return rest
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
