import Delivery
import Documents
import FileSystem
import Filing
import Inbox
import Ledger
import Model
import Synchronization
import SystemPackage

/// One inbox from the claim to the filed drop: the way of the contract's section 3.
final class InboxPipeline: Sendable {
    /// Drops of one inbox that are worked on at the same time.
    static let width = 96

    let settings: InboxSettings
    let folder: InboxFolder
    let reader: DropReader
    let parts: SharedParts
    /// Failed drops that are to be put back.
    let returns: AsyncStream<Requeue>.Continuation
    let returning: AsyncStream<Requeue>
    /// Whether what lies in `.work` from earlier runs is under way, so that nothing is taken up twice.
    let isTakingUp = Mutex(false)
    /// What drops wait for that gave their place back.
    let waits = Mutex<[DropID: Wait]>([:])
    /// Until when attachments wait for their accounts.
    let waitEnds = Mutex<[DropID: Moment]>([:])
    let gate = ArrivalGate()
    let syncs: FilingSync
    private let places = Turnstile(places: width)
    private let horizon: Turnstile
    /// Attachments that were taken and are not filed.
    let attachments = Atomic<Int>(0)
    private let underWay = Mutex(UnderWay())
    private let phase = Mutex(Phase.waitsForFolders)

    private enum Phase { case waitsForFolders, atWork, stopping }

    private struct UnderWay {
        /// Those that have been started and not left.
        var drops = 0
        var documents = 0
        /// Whether the place of a document that leaves is another's.
        var isTaking = true
    }

    init(_ settings: InboxSettings, parts: SharedParts, documents: DocumentJudge) {
        self.settings = settings
        self.parts = parts
        horizon = Turnstile(places: parts.horizon)
        (returning, returns) = AsyncStream.makeStream(of: Requeue.self)
        let report = parts.report
        syncs = FilingSync(settings, ledger: parts.ledger, time: parts.time, report: report)
        folder = InboxFolder(settings.folder, time: parts.time, alarms: parts.alarms) {
            report(.inbox(settings.name, $0))
        }
        reader = DropReader(
            inbox: settings.name, documents: documents, attachments: settings.attachments,
            sizes: DocumentSizes(memory: parts.memory.limit), spools: parts.spools)
    }

    /// Whether its folders were as they have to be, and it was not told to stop.
    var isAtWork: Bool { phase.withLock { $0 == .atWork } }

    var isStopping: Bool { phase.withLock { $0 == .stopping } }

    /// Takes nothing more; ``run()`` returns when what was taken has come to its end.
    func stopTaking() async {
        phase.withLock { $0 = .stopping }
        await folder.stop()
    }

    /// Takes up what earlier runs left, then drop after drop, until it is told to stop, the service stops or, with
    /// `once`, nothing is left.
    func run() async {
        await withDiscardingTaskGroup { group in
            defer { hasTakenAll() }
            do {
                guard try await waitForFolders(), try await waitForHolder() else { return }
                parts.report(.inbox(settings.name, .available))
                guard try await waitForPause() else { return }
                for remark in settings.folderRemarks() { parts.report(.inbox(settings.name, .remark(remark))) }
                let work = try await openWork()
                phase.withLock { if $0 == .waitsForFolders { $0 = .atWork } }
                let absent = try await restorePlaces(in: work)
                try await finishReturns(in: work)
                try await restoreOrder()
                for job in try await leftovers(in: work, absent) where !isStopping {
                    try await start(job, in: work, &group)
                }
                releaseIfIdle(work)
                if !settings.folder.once { group.addTask { await self.putBackWhatReturns(in: work) } }
                for await claimed in folder.drops {
                    let drop = newDrop(claimed)
                    try await start(.new(drop, claimed), in: work, &group)
                }
            } catch {
                // Only a stop of the service ends up here; what is claimed lies in `.work` for the next run.
                group.cancelAll()
            }
            await folder.stop()
            isTakingUp.withLock { $0 = false }
            returns.finish()
        }
        await parts.order.leave(inbox: settings.name)
        await syncs.finish()
        letGo()
    }

    func openWork() async throws -> WorkFolder {
        try await parts.patience.persist("open \(settings.folder.work)") {
            let work = try WorkFolder(at: settings.folder.work)
            try work.finishCrossings(from: Directory(opening: settings.folder.path))
            return work
        }
    }

    /// Works with claimed files, for as long as this machine is in the way. After an error their folder is opened again for
    /// the next try: it may have been replaced.
    func persist<Value>(
        _ what: @autoclosure () -> String, in work: WorkFolder, _ body: () async throws -> Value
    ) async throws -> Value {
        try await parts.patience.persist(what()) {
            do {
                return try await body()
            } catch {
                work.release()
                throw error
            }
        }
    }

    func start(_ job: DropJob, in work: WorkFolder, _ group: inout DiscardingTaskGroup) async throws {
        if let drop = job.arrived { parts.report(.arrived(drop)) }
        let isAttachment = isAttachment(job.drop.name)
        if isAttachment { await countAttachments(1) } else { try await horizon.enter(lane: "") }
        let held = MemoryShare.bytes(
            for: job, limit: parts.memory.limit, body: reader.documents.rules.bodyBytes,
            inWindows: reader.documents.canJudgeInWindows)
        do {
            // In the order of arrival: whoever holds memory waits only for those who have theirs.
            try await takeRoom(held, lane: "new")
        } catch {
            await leaveHorizon(isAttachment: isAttachment)
            throw error
        }
        let berth = Berth(ticket: gate.ticket(), held: held)
        // There is room for so many documents, and none is kept for attachments.
        if isAttachment { parts.movement.begin(1) }
        underWay.withLock {
            $0.drops += 1
            if !isAttachment { $0.documents += 1 }
        }
        group.addTask {
            do {
                try await self.bringToItsEnd(job, berth, in: work)
            } catch {
                // Stopped: the drop stays where the ledger left it.
            }
            self.gate.leave(berth.ticket)
            await self.leaveHorizon(isAttachment: isAttachment)
            self.hasLeft(isAttachment: isAttachment)
            self.releaseIfIdle(work)
        }
    }

    private func leaveHorizon(isAttachment: Bool) async {
        if isAttachment { await countAttachments(-1) } else { await horizon.leave() }
    }

    private func hasLeft(isAttachment: Bool) {
        let isTaking = underWay.withLock { underWay in
            underWay.drops -= 1
            if !isAttachment { underWay.documents -= 1 }
            return underWay.isTaking
        }
        if isAttachment || !isTaking { parts.movement.end() }
    }

    /// What is under way is all there is.
    private func hasTakenAll() {
        let documents = underWay.withLock { underWay in
            underWay.isTaking = false
            return underWay.documents
        }
        parts.movement.end(parts.horizon - documents)
    }

    /// An idle inbox costs no descriptor, and keeps no file system busy.
    private func releaseIfIdle(_ work: WorkFolder) {
        guard underWay.withLock({ $0.drops }) == 0 else { return }
        work.release()
        settings.releaseFolders()
    }

    /// Waits for memory and then for a place; new drops and those that waited for others take turns. In this order, for
    /// those that gave their place away keep their memory: nobody who has a place may wait for it.
    private func takeRoom(_ held: Int, lane: String) async throws {
        try await parts.memory.take(held, lane: settings.name)
        do {
            try await places.enter(lane: lane)
        } catch {
            await parts.memory.giveBack(held)
            throw error
        }
    }

    private func leaveRoom(_ berth: Berth) async {
        await parts.memory.giveBack(berth.held)
        await leavePlace(berth)
    }

    /// Others may be worked on meanwhile; what is held of the drop stays in memory.
    func leavePlace(_ berth: Berth) async {
        if berth.hasPlace.exchange(false, ordering: .relaxed) { await places.leave() }
    }

    func takePlace(_ berth: Berth) async throws {
        try await places.enter(lane: "again")
        berth.hasPlace.store(true, ordering: .relaxed)
    }

    /// Works on a drop, and gives its room back while it waits for something.
    private func bringToItsEnd(_ job: DropJob, _ berth: Berth, in work: WorkFolder) async throws {
        var job = job
        while true {
            var step: Step
            do {
                step = try await process(job, berth, in: work)
                // From here on it may wait for others: what judging needed is gone.
                if case .judged(let judged, let status) = step {
                    step = try await submit(judged, status, berth, in: work)
                }
            } catch {
                await leaveRoom(berth)
                throw error
            }
            await leaveRoom(berth)
            guard case .waits(let drop, let status, let reason) = step else { return }
            if case .file = reason, settings.folder.once { return await leaveToTheNextRun(berth) }
            gate.leave(berth.ticket)
            if case .file = reason { berth.isLate.store(true, ordering: .relaxed) }
            job = .known(.waiting(drop), status)
            try await wait(for: reason, drop, berth, in: work)
            try await takeRoom(berth.held, lane: "again")
            berth.hasPlace.store(true, ordering: .relaxed)
        }
    }

    /// How many documents wait here to be sent, or to be read at all.
    func countWaiting() async -> Int { await folder.count + underWay.withLock { $0.drops } }

    /// How far a drop came.
    enum Step: Sendable {
        case ended
        /// It has to be decided what it is, and sent.
        case judged(SubmissionJob, FileStatus)
        /// It is looked at again when what it waits for has come.
        case waits(Drop, FileStatus, for: Wait)
    }

    /// Everything in `.work` and in the ledger that has not come to its end: known drops by arrival, then those that
    /// were claimed and never judged.
    ///
    /// - Parameter absent: those of another inbox are left to it.
    private func leftovers(in work: WorkFolder, _ absent: Absent) async throws -> [DropJob] {
        try await persist("take up what lies in \(settings.folder.work)", in: work) {
            var unfinished = try await unfinished(but: absent.orphans)
            let contents = try await asClaimed(work.contents(), in: work)
            let placed = { (unfinished: [Unfinished]) in
                Set(unfinished.lazy.filter { !absent.drops.contains($0.drop.id) }.map(\.drop.workName))
            }
            var known = placed(unfinished)
            if try await adoptOrphans(contents.filter { !known.contains($0.name) }, in: work) {
                unfinished = try await self.unfinished(but: absent.orphans)
                known = placed(unfinished)
            }
            let unknown = contents.filter { !known.contains($0.name) }
            // The marker of a known drop went with its claim: one that is there by now is the next upload's.
            await folder.removeMarkers(of: unknown)
            for case .decided(let result, let filedName) in unfinished {
                try settings.withFiling(result.outcome.folder) { (folder) throws(SystemCallError) in
                    folder.hold(FiledName(filedName))
                }
            }
            let statuses = Dictionary(uniqueKeysWithValues: contents.map { ($0.name, $0.status) })
            KillPoint.leftoversFound.reach()
            return unfinished.map { .known($0, absent.drops.contains($0.drop.id) ? nil : statuses[$0.drop.workName]) }
                + unknown.map {
                    .unknown(newDrop(ClaimedDrop(leftBehind: $0.name, $0.status)), $0.status)
                }
        }
    }

    private func unfinished(but orphans: Set<DropID>) async throws -> [Unfinished] {
        try await parts.ledger.unfinished(inbox: settings.name).filter { !orphans.contains($0.drop.id) }
    }

    private func process(_ job: DropJob, _ berth: Berth, in work: WorkFolder) async throws -> Step {
        switch job {
        case .known(.decided(let result, _), nil):
            parts.report(.missing(result.drop))
            return .ended
        case .known(.decided(let result, let filedName), _):
            gate.leave(berth.ticket)
            try await file(result, FiledName(filedName), in: work)
            return .ended
        case .known(.waiting(let drop), nil):
            return try await giveUp(drop)
        case .known(.waiting(let drop), let status?):
            return try await judge(drop, status, .whole, claimed: nil, in: work)
        case .unknown(let drop, let status):
            let claimed = ClaimedDrop(leftBehind: drop.workName, status)
            return try await judge(drop, status, claimed.condition, claimed: claimed, in: work)
        case .new(let drop, let claimed):
            return try await judge(drop, claimed.status, claimed.condition, claimed: claimed, in: work)
        }
    }

    private func newDrop(_ claimed: ClaimedDrop) -> Drop {
        let now = parts.time.timestamp
        var generator = SystemRandomNumberGenerator()
        return Drop(
            id: DropID(at: now, using: &generator), arrival: parts.ledger.nextArrival(), inbox: settings.name,
            name: claimed.name, workName: claimed.workName, bytes: claimed.status.size,
            receivedAt: claimed.arrivedAt)
    }
}
