import Delivery
import FileSystem
import Filing
import Ledger
import Model
import SystemPackage

/// Filed drops whose time in `done` or `failed` is over go, a few at a time (contract, section 8, `retention`).
///
/// The ledger hears of it first, then drop and result go, then the ledger hears that they are gone: a kill in between is
/// found by the next round. References stay.
extension InboxPipeline {
    private static let step = 50
    /// Between two steps, so that whoever works has the disk for most of the time.
    private static let breath = Duration.milliseconds(200)

    /// Removes what is to go now.
    ///
    /// - Throws: what ledger and folders throw, worth another try at the next round; `CancellationError`.
    func removeExpired() async throws {
        guard await mayRemove() else { return }
        for drops in Dictionary(grouping: try await parts.ledger.removalsUnderWay(inbox: settings.name), by: \.folder) {
            try await remove(drops.value, from: drops.key, wasBegun: true)
        }
        for outcome in Outcome.allCases {
            guard let age = settings.retention(in: outcome.folder) else { continue }
            let end = parts.time.timestamp + (.zero - age)
            while try await removeStep(outcome, before: end) { try await parts.time.sleep(for: InboxPipeline.breath) }
        }
    }

    /// Not while an admin has something to decide, nor where he paused the inbox.
    private func mayRemove() async -> Bool {
        guard isAtWork else { return false }
        return await !parts.pauses.holds(settings.name)
    }

    /// - Returns: whether there may be more.
    private func removeStep(_ outcome: Outcome, before end: Timestamp) async throws -> Bool {
        guard await mayRemove() else { return false }
        let drops = try await parts.ledger.expired(
            inbox: settings.name, outcome, before: end, limit: InboxPipeline.step)
        let done = try await remove(drops, from: outcome.folder, wasBegun: false)
        return drops.count == InboxPipeline.step && done > 0
    }

    /// - Parameter wasBegun: a stop of the service came in between; what is there no more was removed then.
    /// - Returns: how many need not be looked at again.
    @discardableResult
    private func remove(_ drops: [ExpiredDrop], from folder: Folder, wasBegun: Bool) async throws -> Int {
        var held: [FiledName] = []
        defer {
            settings.release(held, in: folder)
            settings.releaseFolders()
        }
        var (leaving, kept): ([ExpiredDrop], [DropID]) = ([], [])
        for expired in drops {
            let name = FiledName(expired.filedName)
            guard try settings.withFiling(folder, { (target) throws(SystemCallError) in target.holdForRemoval(name) })
            else {
                continue
            }
            held.append(name)
            let remains = try await remains(of: expired, name, folder)
            switch remains {
            case .unchanged: leaving.append(expired)
            case .gone where wasBegun: leaving.append(expired)
            case .gone: kept.append(expired.drop.id)
            case .foreign(let reason):
                kept.append(expired.drop.id)
                parts.report(.notRemoved(expired.drop, at: settings.path(of: folder), name.drop, reason: reason))
            }
        }
        if !kept.isEmpty { try await parts.ledger.keep(kept) }
        try await removeForGood(leaving, folder)
        return held.count
    }

    /// Hashing a large file takes its time: not on a thread that others need.
    private func remains(
        of expired: ExpiredDrop, _ name: FiledName, _ folder: Folder
    ) async throws -> FilingFolder.Remains {
        // Another drop has the name: what lies there is that one's.
        guard expired.hasItsName else { return .gone }
        return try await Workbench.run(bytes: expired.drop.bytes) { [self] in
            try settings.withFiling(folder) { (target) throws(SystemCallError) in
                try target.remains(
                    of: expired.drop, name, sha256: expired.sha256, filedAt: expired.finishedAt)
            }
        }
    }

    private func removeForGood(_ drops: [ExpiredDrop], _ folder: Folder) async throws {
        guard !drops.isEmpty else { return }
        let ids = drops.map(\.drop.id)
        // What was filed a moment ago must not be in `.work` again after a power loss: nobody would look for it there.
        try settings.withFiling(folder) { (target) throws(SystemCallError) in try target.syncNames() }
        KillPoint.removalBegins.reach()
        try await parts.ledger.beginRemoval(of: ids)
        KillPoint.removalIntended.reach()
        try settings.withFiling(folder) { (target) throws(SystemCallError) in
            for expired in drops where expired.hasItsName {
                try target.remove(FiledName(expired.filedName), of: expired.drop.id)
            }
            try target.syncNames()
        }
        try await parts.ledger.endRemoval(of: ids)
        KillPoint.removalCommitted.reach()
        parts.report(.removed(inbox: settings.name, folder, count: ids.count))
    }

}

extension ExpiredDrop {
    var folder: Folder { outcome.folder }
}
