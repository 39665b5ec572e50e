import FileSystem
import Filing
import JSONText
import Ledger
import Model
import SystemPackage

extension Administration {
    /// Why a drop is not put back.
    package struct Refusal: Error, CustomStringConvertible {
        package let description: String
    }

    /// Puts a failed drop back into its inbox, as an admin's `mv` would; the result beside it goes.
    ///
    /// - Returns: the name that it has in the inbox.
    /// - Throws: ``Refusal``; ``SystemCallError``.
    package func putBack(_ entry: DropEntry) throws -> FileName {
        try check(entry)
        guard let paths = inboxes[entry.drop.inbox], let filed = entry.filedName else {
            throw Refusal(description: "its inbox \(entry.drop.inbox) is configured no more")
        }
        let failed = try Directory(opening: paths.failed)
        guard let status = try failed.status(of: filed) else {
            // A retry before this one may have been cut off between the two.
            try removeResult(of: entry, filed, in: failed)
            throw Refusal(description: "\(paths.failed)/\(filed) is not there any more")
        }
        guard status.form == .regular else {
            throw Refusal(description: "\(paths.failed)/\(filed) is no regular file; drop the file itself")
        }
        guard status.links == 1 else {
            throw Refusal(
                description: "\(paths.failed)/\(filed) has another name, too, and may be somebody else's file")
        }
        let inbox = try Directory(opening: paths.inbox)
        KillPoint.retryBegins.reach()
        let name = try move(filed, as: entry.drop.name, from: failed, to: inbox)
        KillPoint.retryMoved.reach()
        _ = try failed.remove(filed.sidecar)
        KillPoint.retryEnded.reach()
        return name
    }

    /// Removes a result whose drop went back into the inbox, if it is that drop's.
    private func removeResult(of entry: DropEntry, _ filed: FileName, in failed: Directory) throws {
        guard let status = try failed.status(of: filed.sidecar), status.form == .regular else { return }
        let file = try OpenFile(reading: filed.sidecar, in: failed)
        let result: JSONDocument
        do {
            result = try JSONDocument(parsing: file.bytes(at: 0, count: Int(file.status().size)))
        } catch is JSONSyntaxError {
            return
        }
        if result.root["drop"]?["id"]?.string == entry.drop.id.text { try failed.remove(filed.sidecar) }
    }

    private func check(_ entry: DropEntry) throws {
        switch entry.outcome {
        case nil: throw Refusal(description: "it is on its way already")
        case .accepted: throw Refusal(description: "it was accepted; nothing is to be tried again")
        case .duplicate: throw Refusal(description: "its content was accepted before; nothing is to be tried again")
        case .failed:
            if !entry.isFiled { throw Refusal(description: "it is being filed; try again in a moment") }
        }
    }

    /// Moves the file under its first name, or one with a number where that is taken.
    private func move(
        _ filed: FileName, as name: FileName, from failed: Directory, to inbox: Directory
    ) throws -> FileName {
        var number = 1
        while true {
            let candidate = FiledName.candidate(name, number: number).drop
            if try moveOrCopy(filed, from: failed, to: inbox, as: candidate) { return candidate }
            number += 1
        }
    }

    private func moveOrCopy(
        _ filed: FileName, from failed: Directory, to inbox: Directory, as name: FileName
    ) throws -> Bool {
        do throws(SystemCallError) {
            return try failed.move(filed, to: inbox, as: name)
        } catch {
            guard error.errno == .improperLink else { throw error }
            return try copy(filed, from: failed, to: inbox, as: name)
        }
    }

    /// Across file systems: a verified copy under a name that is ignored, which is renamed when it is whole.
    private func copy(
        _ filed: FileName, from failed: Directory, to inbox: Directory, as name: FileName
    ) throws -> Bool {
        let source = try OpenFile(reading: filed, in: failed)
        // A retry before this one may have been cut off when its copy was there and the original was not gone.
        if try isCopy(name, in: inbox, of: source) { return try failed.remove(filed) }
        let part = FileName(bytes: Array(".".utf8) + name.bytes.prefix(FileName.longest - 12) + Array(".sluice".utf8))
        _ = try inbox.remove(part)
        try FileCopy.make(of: source, in: inbox, as: part, mode: 0o644)
        KillPoint.retryCopyMade.reach()
        guard try inbox.move(part, to: inbox, as: name) else {
            _ = try inbox.remove(part)
            return false
        }
        KillPoint.retryCopyPlaced.reach()
        _ = try failed.remove(filed)
        return true
    }

    private func isCopy(_ name: FileName, in inbox: Directory, of source: OpenFile) throws -> Bool {
        guard let status = try inbox.status(of: name), status.form == .regular,
            try status.size == source.status().size
        else { return false }
        return try FileCopy.hash(of: OpenFile(reading: name, in: inbox)) == FileCopy.hash(of: source)
    }
}

extension Administration {
    /// The failed drops that lie in their folders and may well go through unchanged, in the order of their arrival.
    package func retryable() throws -> [DropEntry] {
        var seen: Set<FilePath> = []
        return try ledger.drops(DropQuery(state: .ended(.failed), limit: .max)).filter { entry in
            guard entry.isFiled, entry.problem?.code.isRetryable == true, let place = place(of: entry),
                // An earlier drop of that name was put back before.
                seen.insert(place).inserted, let filed = entry.filedName
            else { return false }
            return try Directory(opening: place.removingLastComponent()).status(of: filed)?.form == .regular
        }.reversed()
    }
}
