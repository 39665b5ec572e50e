import FileSystem
import Filing
import Inbox
import Ledger
import Model
import Synchronization
import SystemPackage

/// A failed drop on its way back from `failed` to `.work`. Each step is in the ledger before it is taken, so that a stop
/// at any instant leaves the drop in one place, and the next run knows which.
extension InboxPipeline {
    /// Has a failed drop moved back and go its way again, with its arrival number. Nobody else waits for that.
    ///
    /// - Returns: `false` where the inbox is not at work: ask again later.
    func putBack(_ requeue: Requeue) -> Bool {
        guard isTakingUp.withLock({ $0 }), case .enqueued = returns.yield(requeue) else { return false }
        return true
    }

    /// Puts back what it is told to and takes it up, until nothing more is taken.
    func putBackWhatReturns(in work: WorkFolder) async {
        isTakingUp.withLock { $0 = !isStopping }
        await withDiscardingTaskGroup { group in
            do {
                for await requeue in returning {
                    if let (place, file) = try await moveBack(requeue, in: nil) {
                        try await start(.known(.waiting(requeue.drop.at(place)), file), in: work, &group)
                    } else if isStopping {
                        parts.requeuer.note(filed: requeue.drop.id)
                    }
                }
            } catch {
                group.cancelAll()
            }
        }
    }

    /// What an earlier run was putting back when it stopped; with `once`, also what has waited long enough.
    func finishReturns(in work: WorkFolder) async throws {
        let now = parts.time.timestamp
        let requeues = try await parts.patience.persist("read the ledger") { try await parts.ledger.requeues() }
        for requeue in requeues where requeue.drop.inbox == settings.name {
            let age = requeue.finishedAt.duration(to: now)
            let isDue = settings.folder.once && age >= RequeueSchedule.longest
            if requeue.target != nil || isDue { _ = try await moveBack(requeue, in: work) }
        }
    }

    /// - Parameter work: `nil`: the folder that is there by now, however long that takes.
    /// - Returns: where it lies now; `nil` where somebody took it from `failed`, or the inbox was told to stop before it
    ///   was moved.
    private func moveBack(
        _ requeue: Requeue, in work: WorkFolder?
    ) async throws -> (place: WorkName, file: FileStatus)? {
        let (drop, name) = (requeue.drop, FiledName(requeue.filedName))
        guard let hash = requeue.sha256 else { return nil }
        // Where it is by now, if an earlier try moved it.
        var target = requeue.target
        var isWithdrawn = false
        return try await parts.patience.persist("put a drop back from \(settings.failed)") {
            if isStopping { return nil }
            let work = try work ?? WorkFolder(at: settings.folder.work)
            if let place = target, case let folder = try work.folder(of: place),
                try isBack(drop, from: isWithdrawn ? nil : name, hash: hash, in: folder)
            {
                // Its name in `failed` may be another's by now.
                if !isWithdrawn {
                    try settings.withFiling(.failed) { (failed) throws(SystemCallError) in
                        try failed.clearAfterReturn(name, of: drop.id, hash: hash, to: folder)
                    }
                }
                isWithdrawn = true
                return try await end(drop, at: place, in: work)
            }
            while true {
                let place = try work.freePlace(for: drop.name)
                KillPoint.returnBegins.reach()
                guard try await parts.ledger.beginReturn(of: drop.id, to: place) else { return nil }
                KillPoint.returnIntended.reach()
                let folder = try work.folder(of: place)
                // Even if the answer is an error.
                target = place
                let moved = try settings.withFiling(.failed) { (failed) throws(SystemCallError) in
                    let moved = try failed.giveBack(name, hash: hash, to: folder, as: drop.name)
                    guard moved == .moved else { return moved }
                    KillPoint.returnMoved.reach()
                    try failed.withdraw(name)
                    KillPoint.returnWithdrawn.reach()
                    return moved
                }
                switch moved {
                case .moved:
                    isWithdrawn = true
                    return try await end(drop, at: place, in: work)
                case .taken: target = nil
                case .gone:
                    try work.clear(place)
                    try await parts.ledger.forgetReturn(of: drop.id)
                    return nil
                }
            }
        }
    }

    /// Whether an earlier try brought a drop to its new place.
    ///
    /// - Parameter name: the one that it had in `failed`; `nil`: it may be another's by now.
    private func isBack(
        _ drop: Drop, from name: FiledName?, hash: [UInt8], in folder: Directory
    ) throws(SystemCallError) -> Bool {
        guard let name else { return try folder.isFile(drop.name, sha256: hash) }
        return try settings.withFiling(.failed) { (failed) throws(SystemCallError) in
            try failed.hasGivenBack(name, hash: hash, to: folder, as: drop.name)
        }
    }

    private func end(
        _ drop: Drop, at place: WorkName, in work: WorkFolder
    ) async throws -> (place: WorkName, file: FileStatus)? {
        // From here on the ledger does not know where it came from: the way back has to be on disk.
        try work.folder(of: place).sync()
        try settings.withFiling(.failed) { (failed) throws(SystemCallError) in try failed.syncNames() }
        try await parts.ledger.endReturn(of: drop.id, at: place)
        KillPoint.returnCommitted.reach()
        parts.report(.putBack(drop))
        return try work.folder(of: place).status(of: drop.name).map { (place, $0) }
    }
}

extension Drop {
    fileprivate func at(_ place: WorkName) -> Drop {
        Drop(
            id: id, arrival: arrival, inbox: inbox, name: name, workName: place, bytes: bytes, receivedAt: receivedAt)
    }
}
