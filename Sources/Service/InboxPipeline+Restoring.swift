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
    /// Brings every drop back to the place where the ledger has it, before anything is claimed.
    func restorePlaces(in work: WorkFolder) async throws {
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
        for standing in standings {
            switch standing.place {
            case .work: _ = try await returnToWork(standing, in: work)
            case .leaving(let result, let name): try await restore(leaving: result, FiledName(name), standing, in: work)
            case .folder(let result, let name): try await restore(filed: result, FiledName(name), standing, in: work)
            }
        }
    }

    /// A drop whose outcome stands and that may or may not have got to its folder.
    private func restore(
        leaving result: DropResult, _ name: FiledName, _ standing: Standing, in work: WorkFolder
    ) async throws {
        let folder = result.outcome.folder
        let isThere = try await parts.patience.persist("look into \(settings.path(of: folder))") {
            try settings.withFiling(folder) { (target) throws(SystemCallError) in
                guard try target.holds(name, bytes: standing.drop.bytes, sha256: standing.sha256) else { return false }
                // Another drop may have its old place in `.work` by now: nothing is moved from there.
                try target.clearOriginal(standing.drop.name, in: work.folder(of: standing.drop.workName), as: name)
                return true
            }
        }
        guard isThere else {
            _ = try await returnToWork(standing, in: work)
            return
        }
        try await writeResult(result, name)
        try settings.withFiling(folder) { (target) throws(SystemCallError) in target.release(name) }
        try await close(result, name)
    }

    /// A drop that was filed shortly before the service ended.
    private func restore(
        filed result: DropResult, _ name: FiledName, _ standing: Standing, in work: WorkFolder
    ) async throws {
        let folder = result.outcome.folder
        var name = name
        let isThere = try await parts.patience.persist("look into \(settings.path(of: folder))") {
            try settings.withFiling(folder) { (target) throws(SystemCallError) in
                try target.holds(name, bytes: standing.drop.bytes, sha256: nil)
            }
        }
        if isThere {
            try await writeResult(result, name)
        } else if try await returnToWork(standing, in: work) {
            name = try await place(result, name, in: work)
        }
        // Where it is nowhere, somebody took it.
        await syncs.note(standing.filings, folder, name)
    }

    private func writeResult(_ result: DropResult, _ name: FiledName) async throws {
        var result = result
        result.isFull = settings.hasFullResults
        let folder = result.outcome.folder
        try await parts.patience.persist("file a drop in \(settings.path(of: folder))") {
            _ = try settings.withFiling(folder) { (target) throws(SystemCallError) in
                try target.place(sidecar: result.sidecar, name, drop: result.drop.id)
            }
        }
    }

    /// Looks for a drop's file where the renames since its claim may have begun, and brings it to its place in `.work`.
    ///
    /// - Returns: `false` where it is nowhere.
    private func returnToWork(_ standing: Standing, in work: WorkFolder) async throws -> Bool {
        let drop = standing.drop
        return try await parts.patience.persist("look for a drop of \(settings.folder.path)") {
            let place = try work.folder(of: drop.workName)
            if try place.status(of: drop.name)?.size != drop.bytes {
                guard try await moveBack(standing, to: place) else { return false }
            }
            // The copy in a foreign file's place may be undone as well. One that waits is copied when it is read.
            if case .work = standing.place { return true }
            if let status = try place.status(of: drop.name), settings.copies(status), status.size <= reader.longestDrop
            {
                _ = try work.adopt(drop.workName)
            }
            return true
        }
    }

    private func moveBack(_ standing: Standing, to place: Directory) async throws -> Bool {
        let drop = standing.drop
        let inbox = try Directory(opening: settings.folder.path)
        if try isUndone(standing, drop.name, in: inbox), try inbox.moveHere(drop.name, to: place) {
            await folder.wasClaimedBefore(drop.name)
            return true
        }
        // It may have been put back from `failed` before it was claimed.
        guard let sha256 = standing.sha256 else { return false }
        for name in try await parts.ledger.failedNames(inbox: settings.name, sha256: sha256) {
            let failed = try Directory(opening: settings.failed)
            guard try isUndone(standing, name, in: failed), try failed.moveHere(name, to: place, as: drop.name) else {
                continue
            }
            try settings.withFiling(.failed) { (target) throws(SystemCallError) in try target.withdraw(FiledName(name))
            }
            return true
        }
        return false
    }

    /// Whether an entry is the drop's own file, in a place where it was before.
    private func isUndone(_ standing: Standing, _ name: FileName, in folder: Directory) throws -> Bool {
        guard let status = try folder.status(of: name), status.form != .directory, status.size == standing.drop.bytes
        else { return false }
        // What was put there after the drop was filed, by its sender or an admin, is to be tried once more.
        if case .folder(let result, _) = standing.place, status.changedAt > result.finishedAt { return false }
        guard let sha256 = standing.sha256 else { return true }
        return try status.form == .regular && FileCopy.hash(of: OpenFile(reading: name, in: folder)) == sha256
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
