import Delivery
import Documents
import Ledger
import Model

/// Lets documents of one inbox and kind share a request where more of them wait than the rate can carry (contract,
/// section 8, `batching`). The first to come waits for others, sends what has gathered and tells each what became of it.
actor Joiner {
    /// A document that waits to leave with others.
    struct Member: Sendable {
        let job: SubmissionJob
        let batch: Batch
        /// Its records as they go into the body.
        let records: [UInt8]

        var drop: DropID { job.drop.id }
    }

    /// What became of a document that was to leave with others.
    enum Fate: Sendable {
        /// It goes by itself.
        case alone
        /// It is decided anew, for what it shared was refused.
        case anew
        /// What it shared was accepted; with what the API says became of it, where that is asked for.
        case accepted(Confirmation?)
        /// An admin paused the inbox before that was known.
        case held
        case ended(Ending)
    }

    private struct Lane: Hashable {
        let inbox: String
        let kind: Kind
    }

    /// Those who leave together. The others wait for the first, who acts for all.
    private struct Party {
        var gathering: Gathering
        var members: [Member]
    }

    /// `nil`: every document leaves by itself.
    nonisolated let limits: Gathering.Limits?
    private let submitter: Submitter
    private let time: any TimeSource
    /// Those that others may join.
    private var open: [Lane: Int] = [:]
    private var parties: [Int: Party] = [:]
    private var next = 0
    /// Those who wait for the first of their party.
    private var waiting: [DropID: CheckedContinuation<Fate, any Error>] = [:]
    private let repetitions = SingleFlight<Int64, Fate>()
    private let openings = SingleFlight<Int64, Void>()
    private let confirmations = SingleFlight<Int64, Fate>()

    /// A gathering that nobody joined in this time leaves, unless more are on their way.
    private static let quiet = Duration.milliseconds(250)
    /// And so does one that grows on; but none before there is a slot for it.
    private static let longest = Duration.seconds(5)

    init(_ limits: Gathering.Limits?, submitter: Submitter, time: any TimeSource) {
        self.limits = limits
        self.submitter = submitter
        self.time = time
    }

    /// Waits until others have gathered and the API has answered.
    ///
    /// - Parameter isLast: whether nothing of the inbox is on its way but so many.
    /// - Returns: ``Fate/alone`` at once where documents do not share requests, or this is too large to.
    /// - Throws: `CancellationError`.
    func join(_ member: Member, isLast: @Sendable (Int) async -> Bool) async throws -> Fate {
        let lane = Lane(inbox: member.job.drop.inbox, kind: member.job.kind)
        if let party = open[lane] {
            if take(member, into: party) {
                if parties[party]?.gathering.isFull ?? true { open[lane] = nil }
                return try await wait(member.drop)
            }
            // What comes later does not go before it.
            open[lane] = nil
        }
        guard let limits else { return .alone }
        next += 1
        let party = next
        parties[party] = Party(gathering: Gathering(limits), members: [])
        guard take(member, into: party) else {
            parties[party] = nil
            return .alone
        }
        if parties[party]?.gathering.isFull == false { open[lane] = party }
        do {
            try await gather(party, lane, isLast)
            return try await send(parties.removeValue(forKey: party)?.members ?? [], first: member.drop)
        } catch {
            if open[lane] == party { open[lane] = nil }
            for other in parties.removeValue(forKey: party)?.members ?? [] { tell(other.drop, .failure(error)) }
            throw error
        }
    }

    private func take(_ member: Member, into party: Int) -> Bool {
        guard
            parties[party]?.gathering.take(
                records: member.batch.records, bytes: member.records.count, member.job.keys) == true
        else { return false }
        parties[party]?.members.append(member)
        return true
    }

    private func wait(_ drop: DropID) async throws -> Fate {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Fate, any Error>) in
                if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
                waiting[drop] = continuation
            }
        } onCancel: {
            Task { await self.tell(drop, .failure(CancellationError())) }
        }
    }

    /// Whether a document waits for what becomes of a request that it shares.
    func holds(_ drop: DropID) -> Bool { waiting[drop] != nil }

    private func tell(_ drop: DropID, _ fate: Result<Fate, any Error>) {
        waiting.removeValue(forKey: drop)?.resume(with: fate)
    }

    private func gather(_ party: Int, _ lane: Lane, _ isLast: @Sendable (Int) async -> Bool) async throws {
        let start = time.moment
        var count = 0
        while open[lane] == party {
            let members = parties[party]?.members.count ?? 0
            var isDone = time.moment - start >= Joiner.longest
            if members == count, !isDone { isDone = await isLast(members) }
            if isDone, await submitter.delivery.hasFreeSlot { break }
            count = members
            try await time.sleep(for: Joiner.quiet)
        }
        if open[lane] == party { open[lane] = nil }
    }

    /// - Returns: the first one's fate; the others are told.
    private func send(_ members: [Member], first: DropID) async throws -> Fate {
        var own = Fate.alone
        var groups = [members.sorted { $0.job.drop.arrival < $1.job.drop.arrival }]
        do {
            while let group = groups.popLast() {
                let fate: Fate
                if group.count == 1 {
                    fate = .alone
                } else if let answer = try await submitter.send(group) {
                    fate = answer
                } else {
                    let half = group.count / 2
                    groups += [Array(group[half...]), Array(group[..<half])]
                    continue
                }
                for member in group {
                    if member.drop == first { own = fate } else { tell(member.drop, .success(fate)) }
                }
            }
        } catch {
            for member in members { tell(member.drop, .failure(error)) }
            throw error
        }
        return own
    }

    // MARK: After a crash, or when an unresolved drop comes back

    /// Whether what a drop shared with others may be repeated: nobody else who is about one of its records is before it.
    func mayRepeat(
        _ batch: Batch, of job: SubmissionJob, joint: Int64, in order: OrderKeeper
    ) async throws -> Bool {
        if let mayRepeat = await order.follow(joint, job.drop.id) { return mayRepeat }
        // Its body may be long: it is read by the first to come.
        try await openings.run(joint) { [submitter] in
            guard await order.follow(joint, job.drop.id) == nil,
                let keys = try await submitter.keys(ofShared: batch, job.kind)
            else { return }
            await order.begin(repeating: joint, by: job.drop.id, about: keys)
        }
        return await order.follow(joint, job.drop.id) ?? true
    }

    /// Repeats what a drop shared with others and was neither accepted nor refused, once for all of them.
    func `repeat`(_ batch: Batch, of job: SubmissionJob, joint: Int64, isOrdered: Bool) async throws -> Fate {
        try await repetitions.run(joint) { [submitter] in
            try await submitter.repeat(batch, joint: joint, of: job, isOrdered: isOrdered)
        }
    }

    /// What became of what a drop shared, and the API accepted.
    func fate(ofAccepted batch: Batch, _ job: SubmissionJob, joint: Int64) async throws -> Fate {
        try await confirmations.run(joint) { [submitter] in
            try await submitter.fate(ofAccepted: batch.reference, job) ?? .anew
        }
    }
}
