import FileSystem
import Filing
import Inbox
import Ledger
import Model
import SystemPackage

/// A file's way from its folder back into its inbox, under its first name; where that is taken a document gets a number.
struct RetryWay {
    let entry: DropEntry
    /// Its name in the folder.
    let filed: FileName
    let folder: Directory
    let inbox: Directory
    let paths: InboxPaths

    /// What was accepted stays where it is, as the evidence that it was.
    var staysInDone: Bool { entry.outcome?.folder == .done }

    /// - Returns: the name that it has in the inbox.
    func go() throws -> FileName {
        var number = 1
        while true {
            let name = try candidate(number)
            if let isMoved = try move(as: name) {
                if isMoved { return name }
            } else if try copy(as: name) {
                return name
            }
            number += 1
        }
    }

    /// The same for a file that has to be told from any other: what tells it is noted before it has its name.
    ///
    /// - Parameters:
    ///   - earlier: what was noted of it by a retry that may have been cut off.
    ///   - note: is given the file's name and number in the inbox.
    ///   - withdraw: what was noted came to nothing.
    func go(
        after earlier: RetryOrder?, note: (FileName, UInt64) async throws -> Void, withdraw: () async throws -> Void
    ) async throws -> FileName {
        var noted: (name: FileName, inode: UInt64)?
        let note = { (name: FileName, inode: UInt64) in
            noted = (name, inode)
            try await note(name, inode)
        }
        do {
            var number = 1
            while true {
                let name = try candidate(number)
                if let earlier, earlier.name == name, try isThere(name, earlier.inode) {
                    // Its copy is there, and the original was not gone.
                    _ = try folder.remove(filed)
                    return name
                }
                if let isMoved = try await move(as: name, note) {
                    if isMoved { return name }
                } else if try await copy(as: name, note) {
                    return name
                }
                number += 1
            }
        } catch {
            if let noted, try isThere(noted.name, noted.inode) { throw error }
            try await withdraw()
            throw error
        }
    }

    /// Puts a marker beside the file in an inbox that asks for one: it would wait for ever. Never before the file is
    /// there, for it would vouch for the next upload of the name.
    func mark(_ name: FileName) throws(SystemCallError) {
        guard let marker = paths.ready?.marker(of: name), marker.bytes.count <= FileName.longest else { return }
        do throws(SystemCallError) {
            _ = try OpenFile(creating: marker, in: inbox, .exclusive(mode: 0o640))
        } catch {
            guard error.errno == .fileExists else { throw error }
        }
    }

    /// The same for a file that a retry before this one put back.
    func markEarlier() throws(SystemCallError) {
        let name = entry.drop.name
        if let sha256 = entry.sha256, try inbox.isFile(name, sha256: sha256) { try mark(name) }
    }

    private func candidate(_ number: Int) throws(Administration.Refusal) -> FileName {
        let name = entry.drop.name
        if number > 1, paths.isAttachment(entry) {
            throw Administration.Refusal(
                description:
                    "\(paths.inbox) has another \(name), and an attachment's name says which account it is of; "
                    + "put it back when that one was taken")
        }
        return FiledName.candidate(name, number: number).drop
    }

    private func isThere(_ name: FileName, _ inode: UInt64) throws(SystemCallError) -> Bool {
        try inbox.status(of: name)?.inode == inode
    }

    // MARK: Within a file system

    /// - Returns: `nil` where no rename leads there, `false` where the name is taken.
    private func move(as name: FileName) throws(SystemCallError) -> Bool? {
        do throws(SystemCallError) {
            return try folder.move(filed, toShared: inbox, as: name)
        } catch {
            guard error.errno == .improperLink else { throw error }
            return nil
        }
    }

    private func move(as name: FileName, _ note: (FileName, UInt64) async throws -> Void) async throws -> Bool? {
        guard !staysInDone, try folder.status().device == inbox.status().device,
            let status = try folder.status(of: filed)
        else { return nil }
        try await note(name, status.inode)
        return try move(as: name)
    }

    // MARK: Between two

    /// A verified copy under a name that is ignored, which is renamed when it is whole.
    private func copy(as name: FileName) throws -> Bool {
        let source = try OpenFile(reading: filed, in: folder)
        // A retry before this one may have been cut off when its copy was there and the original was not gone.
        if try isCopy(name, of: source) { return try folder.remove(filed) }
        let part = try makePart(of: source)
        return try place(part, as: name)
    }

    private func copy(as name: FileName, _ note: (FileName, UInt64) async throws -> Void) async throws -> Bool {
        let part = try makePart(of: OpenFile(reading: filed, in: folder))
        guard let status = try inbox.status(of: part) else { return false }
        try await note(name, status.inode)
        return try place(part, as: name)
    }

    private func makePart(of source: OpenFile) throws(SystemCallError) -> FileName {
        let name = entry.drop.name.bytes.prefix(FileName.longest - 12)
        let part = FileName(bytes: Array(".".utf8) + name + Array(".sluice".utf8))
        _ = try inbox.remove(part)
        try FileCopy.make(of: source, in: inbox, as: part, mode: 0o644)
        KillPoint.retryCopyMade.reach()
        return part
    }

    private func place(_ part: FileName, as name: FileName) throws(SystemCallError) -> Bool {
        guard try inbox.move(part, toShared: inbox, as: name) else {
            _ = try inbox.remove(part)
            return false
        }
        KillPoint.retryCopyPlaced.reach()
        if !staysInDone { _ = try folder.remove(filed) }
        return true
    }

    private func isCopy(_ name: FileName, of source: OpenFile) throws(SystemCallError) -> Bool {
        guard try inbox.status(of: name)?.size == source.status().size else { return false }
        return try inbox.isFile(name, sha256: FileCopy.hash(of: source))
    }
}
