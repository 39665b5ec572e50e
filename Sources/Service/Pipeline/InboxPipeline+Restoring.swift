import Delivery
import FileSystem
import Filing
import Inbox
import Ledger
import Model
import SystemPackage

/// What a power loss undid. Claims and filings are renames without an fsync of their own, so the disk may have an older
/// state of the folders than the ledger: a file that was filed lies in `.work` again, or in the inbox. It is the drop
/// that the ledger knows, and no new one (`docs/durability.md`).
extension InboxPipeline {
    /// Drops that have not come to their end and whose files are not here. What lies in their places in `.work` is
    /// another's.
    struct Absent {
        var drops: Set<DropID> = []
        /// Those of them that another inbox has.
        var orphans: Set<DropID> = []
    }

    /// Brings every drop back to the place where the ledger has it, before anything is claimed.
    func restorePlaces(in work: WorkFolder) async throws -> Absent {
        let standings = try await parts.patience.persist("read the ledger") {
            let standings = try await parts.ledger.standings(inbox: settings.name)
            for case .leaving(let result, let name) in standings.map(\.place) {
                try settings.withFiling(result.outcome.folder) { (folder) throws(SystemCallError) in
                    folder.hold(FiledName(name))
                }
            }
            return standings
        }
        // The earlier first: the place of a later one in `.work` may have been an earlier one's.
        var absent: [Standing] = []
        for standing in standings {
            let isThere: Bool
            switch standing.place {
            case .work: isThere = try await returnToWork(standing, in: work) != nil
            case .leaving(let result, let name):
                isThere = try await restore(leaving: result, FiledName(name), standing, in: work)
            case .folder(let result, let name):
                try await restore(filed: result, FiledName(name), standing, in: work)
                isThere = true
            }
            if !isThere { absent.append(standing) }
        }
        return try await parts.patience.persist("look for drops of \(settings.folder.path)") {
            let orphans = absent.compactMap { standing in
                standing.sha256.map { Orphan(drop: standing.drop, sha256: $0) }
            }
            return Absent(drops: Set(absent.map(\.drop.id)), orphans: try await self.orphans(among: orphans))
        }
    }

    /// A drop whose outcome stands and that may or may not have got to its folder.
    ///
    /// - Returns: `false` where it is nowhere.
    private func restore(
        leaving result: DropResult, _ name: FiledName, _ standing: Standing, in work: WorkFolder
    ) async throws -> Bool {
        let folder = result.outcome.folder
        let isThere = try await persist("look into \(settings.path(of: folder))", in: work) {
            try settings.withFiling(folder) { (target) throws(SystemCallError) in
                guard try target.holds(name, bytes: standing.drop.bytes, sha256: standing.sha256) else { return false }
                // Another drop may have its old place in `.work` by now: nothing is moved from there.
                try target.clearOriginal(standing.drop.name, in: work.folder(of: standing.drop.workName), as: name)
                return true
            }
        }
        if isThere {
            try await writeResult(result, name)
            try settings.withFiling(folder) { (target) throws(SystemCallError) in target.release(name) }
            try await close(result, name)
            return true
        }
        switch try await returnToWork(standing, in: work) {
        case .asItWas: return true
        case .younger:
            guard let name = try await fileForGood(result, name, in: work) else { return false }
            try await close(result, name)
            return true
        case nil: return try await endIfPutBack(standing, result, name)
        }
    }

    /// A failed drop that was filed, and put back into the inbox before the ledger knew that it was filed: it has ended, and
    /// what lies in the inbox is a new one.
    ///
    /// - Returns: `false` where nothing like that happened.
    private func endIfPutBack(_ standing: Standing, _ result: DropResult, _ name: FiledName) async throws -> Bool {
        guard result.outcome == .failed, let sha256 = standing.sha256 else { return false }
        return try await parts.patience.persist("look for a drop of \(settings.folder.path)") {
            let inbox = try Directory(opening: settings.folder.path)
            let isPutBack = try [standing.drop.name, name.drop].contains { candidate in
                guard let status = try inbox.status(of: candidate), status.size == standing.drop.bytes,
                    standing.isOlder(than: status)
                else { return false }
                return try inbox.isFile(candidate, sha256: sha256)
            }
            guard isPutBack else { return false }
            try settings.withFiling(.failed) { (target) throws(SystemCallError) in target.release(name) }
            try await parts.ledger.close(standing.drop.id)
            return true
        }
    }

    /// A drop that was filed shortly before the service ended.
    private func restore(
        filed result: DropResult, _ name: FiledName, _ standing: Standing, in work: WorkFolder
    ) async throws {
        let folder = result.outcome.folder
        var name = name
        var filings = standing.filings
        let isThere = try await parts.patience.persist("look into \(settings.path(of: folder))") {
            try settings.withFiling(folder) { (target) throws(SystemCallError) in
                try target.holds(name, bytes: standing.drop.bytes, sha256: nil)
            }
        }
        if isThere {
            try await writeResult(result, name)
        } else if try await returnToWork(standing, in: work) != nil,
            let placed = try await fileForGood(result, name, in: work)
        {
            name = placed
            filings.append(
                try await parts.patience.persist("write the ledger") { try await parts.ledger.close(result.drop.id) })
        }
        // Where it is nowhere, somebody took it.
        await syncs.note(filings, folder, name)
    }

    /// Files a drop whose file was brought back. The disk has it before the ledger says so: if another power loss undid
    /// that, it could not be told from a later drop.
    ///
    /// - Returns: `nil` where its file is gone.
    private func fileForGood(
        _ result: DropResult, _ name: FiledName, in work: WorkFolder
    ) async throws -> FiledName? {
        let folder = result.outcome.folder
        guard let name = try await place(result, name, in: work) else { return nil }
        try await parts.patience.persist("file a drop in \(settings.path(of: folder))") {
            _ = try settings.withFiling(folder) { (target) throws(SystemCallError) in
                try target.sync([name], while: { true })
            }
        }
        return name
    }

    private func writeResult(_ result: DropResult, _ name: FiledName) async throws {
        let result = shown(result)
        let folder = result.outcome.folder
        try await parts.patience.persist("file a drop in \(settings.path(of: folder))") {
            _ = try settings.withFiling(folder) { (target) throws(SystemCallError) in
                try target.place(sidecar: result.sidecar, name, drop: result.drop.id)
            }
        }
    }

    /// Where a drop's own file may be that is not where the ledger has it.
    private enum Origin {
        case work, inbox
        case failed(FileName)
    }

    /// How a drop's file lies in `.work`.
    private enum Found {
        case asItWas
        /// By its change time it came there after the drop's end.
        case younger
    }

    /// Brings a drop's file to its place in `.work`, from where the renames since its claim may have begun.
    ///
    /// - Returns: `nil` where it is nowhere.
    private func returnToWork(_ standing: Standing, in work: WorkFolder) async throws -> Found? {
        let drop = standing.drop
        let looked = "look for a drop of \(settings.folder.path)"
        guard let origin = try await persist(looked, in: work, { try await origin(of: standing, in: work) }) else {
            return nil
        }
        if case .folder = standing.place {
            // Every rename and copy makes the file look younger than its end: only the ledger tells it from then on.
            try await parts.patience.persist("write the ledger") { try await parts.ledger.reopen(drop.id) }
        }
        guard try await persist(looked, in: work, { try move(drop, from: origin, to: work) }) else { return nil }
        switch origin {
        case .work: break
        case .inbox: await folder.wasClaimedBefore(drop.name)
        case .failed(let name):
            try await parts.patience.persist("look into \(settings.failed)") {
                try settings.withFiling(.failed) { (target) throws(SystemCallError) in
                    try target.withdraw(FiledName(name))
                }
            }
        }
        // The copy in a foreign file's place may be undone as well. One that waits is copied when it is read.
        if case .work = standing.place { return .asItWas }
        return try await persist(looked, in: work) {
            let place = try work.folder(of: drop.workName)
            guard let status = try place.status(of: drop.name) else { return nil }
            let isCopied = settings.copies(status) && status.size <= reader.longestDrop
            if isCopied { _ = try work.adopt(drop.workName, for: drop.id) }
            return isCopied || standing.isOlder(than: status) ? .younger : .asItWas
        }
    }

    private func origin(of standing: Standing, in work: WorkFolder) async throws -> Origin? {
        let drop = standing.drop
        let place = try work.folder(of: drop.workName)
        if !standing.isContested, let status = try place.status(of: drop.name), status.size == drop.bytes {
            switch standing.place {
            // Nothing else gets there before its file leaves.
            case .work where status.changedAt <= drop.id.time ?? drop.receivedAt: return .work
            case .work where status.form != .regular: return .work
            case .leaving where !standing.isOlder(than: status): return .work
            case .work, .leaving, .folder: break
            }
        }
        do {
            if try isUndone(standing, drop.name, in: place, isWork: true) { return .work }
        } catch {
            guard await !isReadable(drop, in: place) else { throw error }
            // It is waited for behind nobody's back.
            if case .work = standing.place, !standing.isContested { return .work }
            // Only its bytes could tell whose it is: until they do it is a new drop, that waits. None goes before it with
            // `strict`.
            guard settings.order.rule != .strict else { throw error }
            return nil
        }
        guard try place.status(of: drop.name) == nil else { return nil }
        if try isUndone(standing, drop.name, in: Directory(opening: settings.folder.path)) { return .inbox }
        // It may have been put back from `failed` before it was claimed.
        guard let sha256 = standing.sha256 else { return nil }
        for name in try await parts.ledger.failedNames(inbox: settings.name, sha256: sha256)
        where try isUndone(standing, name, in: Directory(opening: settings.failed)) {
            return .failed(name)
        }
        return nil
    }

    private func move(_ drop: Drop, from origin: Origin, to work: WorkFolder) throws -> Bool {
        let place = try work.folder(of: drop.workName)
        switch origin {
        case .work: return true
        case .inbox: return try Directory(opening: settings.folder.path).moveHere(drop.name, to: place)
        case .failed(let name): return try Directory(opening: settings.failed).moveHere(name, to: place, as: drop.name)
        }
    }

    /// Whether an entry is the drop's own file, in a place where it was before.
    private func isUndone(
        _ standing: Standing, _ name: FileName, in folder: Directory, isWork: Bool = false
    ) throws -> Bool {
        guard let status = try folder.status(of: name), status.form != .directory, status.size == standing.drop.bytes
        else { return false }
        // What was put there after the drop's end, by its sender or an admin, is to be tried once more. Only into `.work`
        // does a start that was stopped bring it back itself.
        let isLater = standing.isOlder(than: status)
        if isLater {
            guard case .leaving = standing.place, isWork else { return false }
        }
        guard let sha256 = standing.sha256 else { return !isLater }
        return try folder.isFile(name, sha256: sha256)
    }
}

extension Standing {
    /// Whether the drop had ended when a file got its name or its bytes.
    fileprivate func isOlder(than status: FileStatus) -> Bool {
        switch place {
        case .work: false
        case .leaving(let result, _), .folder(let result, _): status.changedAt > result.finishedAt
        }
    }
}

extension Directory {
    /// - Returns: `false` where the place is taken, or is on another file system: no rename led there.
    fileprivate func moveHere(
        _ name: FileName, to place: Directory, as newName: FileName? = nil
    ) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            return try move(name, to: place, as: newName ?? name)
        } catch {
            if error.errno == .improperLink { return false }
            throw error
        }
    }
}
