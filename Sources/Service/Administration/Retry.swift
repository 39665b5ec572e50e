import FileSystem
import Filing
import Ledger
import Model
import SystemPackage

extension Administration {
    /// Why a drop is not put back.
    package struct Refusal: Error, CustomStringConvertible {
        package let description: String
    }

    /// Puts a failed drop back into its inbox, as an admin's `mv` would; the result beside it goes. One in `done`, which is
    /// to be sent as new, stays there, and its copy goes.
    ///
    /// - Parameter writer: opens the ledger for writing, where something is to be written down before the file moves.
    /// - Returns: the name that it has in the inbox.
    /// - Throws: ``Refusal``; ``SystemCallError``; what the ledger throws.
    package func putBack(
        _ entry: DropEntry, _ terms: RetryTerms = RetryTerms(), writer: () throws -> Ledger
    ) async throws -> FileName {
        try checkRetry(of: entry, terms)
        guard let paths = inboxes[entry.drop.inbox], let filed = entry.filedName, let outcome = entry.outcome else {
            throw Refusal(description: "its inbox \(entry.drop.inbox) is configured no more")
        }
        let folder = try Directory(opening: paths.path(of: outcome.folder))
        let way = RetryWay(
            entry: entry, filed: filed, folder: folder, inbox: try Directory(opening: paths.inbox), paths: paths)
        try look(at: way)
        KillPoint.retryBegins.reach()
        let name: FileName
        if terms.areUsual {
            // What an earlier retry asked for and did not come to is not asked for any more.
            if try ledger.openRetry(of: entry.drop.id) != nil {
                try await writer().withdrawRetry(of: entry.drop.id)
            }
            name = try way.go()
        } else {
            name = try await putBack(way, terms, by: writer())
        }
        KillPoint.retryMoved.reach()
        try way.mark(name)
        if outcome.folder == .failed { _ = try folder.remove(filed.sidecar) }
        KillPoint.retryEnded.reach()
        return name
    }

    private func look(at way: RetryWay) throws {
        let (filed, folder) = (way.filed, way.folder)
        guard let status = try folder.status(of: filed) else {
            // A retry before this one may have been cut off between the two.
            if way.entry.outcome == .failed, try ResultFile(filed.sidecar, in: folder)?.drop == way.entry.drop.id {
                try way.markEarlier()
                try folder.remove(filed.sidecar)
            }
            throw Refusal(description: "\(folder.path)/\(filed) is not there any more")
        }
        guard try hasItsName(way.entry) else {
            throw Refusal(description: "\(folder.path)/\(filed) is another drop's file by now")
        }
        guard status.form == .regular else {
            throw Refusal(description: "\(folder.path)/\(filed) is no regular file; drop the file itself")
        }
        guard status.links == 1 else {
            throw Refusal(
                description: "\(folder.path)/\(filed) has another name, too, and may be somebody else's file")
        }
    }

    /// Whether what lies under a drop's name in its folder is its own: the newest drop of a name has the file there.
    private func hasItsName(_ entry: DropEntry) throws -> Bool {
        guard let name = entry.filedName, let folder = entry.outcome?.folder else { return false }
        return try ledger.drop(filedAs: name, in: folder, of: entry.drop.inbox)?.drop.id == entry.drop.id
    }

    /// Puts a file back on terms that are for this file alone.
    private func putBack(_ way: RetryWay, _ terms: RetryTerms, by writer: Ledger) async throws -> FileName {
        let (drop, folder) = (way.entry.drop, way.folder)
        let sha256 = try FileCopy.hash(of: OpenFile(reading: way.filed, in: folder))
        let open = try ledger.openRetry(of: drop.id)
        if way.staysInDone {
            guard sha256 == way.entry.sha256 else {
                throw Refusal(
                    description: "\(folder.path)/\(way.filed) is not what was accepted any more; see sluice audit")
            }
            // A retry before this one may have been cut off when its copy was there.
            if let open, open.terms == terms, try way.inbox.status(of: open.name)?.inode == open.inode {
                return open.name
            }
        } else if let successor = try ledger.successor(of: drop.id), successor.sha256 == sha256 {
            // The same, between two file systems: the copy went its way, and the original is still there.
            _ = try folder.remove(way.filed)
            _ = try folder.remove(way.filed.sidecar)
            throw Refusal(description: "it was put back before, and is the drop \(successor.drop) now")
        }
        return try await way.go(after: open) { name, inode in
            try await writer.begin(
                retry: RetryOrder(
                    drop: drop.id, inbox: drop.inbox, name: name, inode: inode, sha256: sha256, terms: terms))
            KillPoint.retryNoted.reach()
        } withdraw: {
            try await writer.withdrawRetry(of: drop.id)
        }
    }
}

extension Administration {
    /// The failed drops that lie in their folders and may well go through unchanged, in the order of their arrival.
    package func retryable() throws -> [DropEntry] {
        try ledger.drops(DropQuery(state: .ended(.failed), limit: .max)).filter { entry in
            guard entry.isFiled, entry.problem?.code.isRetryable == true, let place = place(of: entry),
                // An earlier drop of that name was put back before, whatever the later one failed for.
                try hasItsName(entry), let filed = entry.filedName
            else { return false }
            do {
                return try Directory(opening: place.removingLastComponent()).status(of: filed)?.form == .regular
            } catch {
                // Whoever puts it back is told why that cannot be.
                return true
            }
        }.reversed()
    }
}
