import FileSystem
import Model
import SystemPackage

/// Claims where `.work` is on another file system than the inbox, so that no rename leads there.
///
/// ```
/// inbox/NAME ──rename──▶ inbox/.sluice-claim/NAME ──copy, fsync, verify──▶ .work/NAME ──▶ the original is removed
/// ```
///
/// The first rename makes the entry the service's: what its sender puts under the same name meanwhile is another one.
/// What cannot cross goes back under its name. A stop in between, or a sender who has put another file under the name,
/// leaves the entry in the passage: the next start goes on from there, and the next listing of the inbox.
extension WorkFolder {
    /// A dot: it is nobody's drop.
    static let passage = FileName(".sluice-claim")

    func takeAcross(_ name: FileName, from inbox: Directory) throws(SystemCallError) -> WorkName {
        let passage = try inbox.subdirectory(WorkFolder.passage, makingWith: 0o700)
        defer { removePassage(of: inbox) }
        guard try inbox.move(name, to: passage, as: name) else {
            throw SystemCallError("renameat2", inbox.describe(name), .fileExists)
        }
        KillPoint.crossingBegins.reach()
        let workName = try cross(name, from: passage, backTo: inbox)
        KillPoint.crossingDone.reach()
        return workName
    }

    /// What is in the passage of an inbox.
    static func crossings(of inbox: Directory) throws(SystemCallError) -> [FileName] {
        guard try inbox.status(of: passage)?.form == .directory else { return [] }
        return try inbox.subdirectory(passage).list()
    }

    /// Brings what a stop of the service left in the passage to the end of its way. They are drops that the ledger does
    /// not know, and are found by ``contents()``. One that cannot cross is the inbox's again, and keeps nobody waiting.
    package func finishCrossings(from inbox: Directory) throws(SystemCallError) {
        for name in try WorkFolder.crossings(of: inbox).sorted() { _ = try? finishCrossing(of: name, from: inbox) }
        // One without entries may be all that a stop left.
        removePassage(of: inbox)
    }

    /// Goes on with an entry of the passage.
    ///
    /// - Returns: `nil` where its copy has been made before; only the original was left to be removed.
    func finishCrossing(of name: FileName, from inbox: Directory) throws(SystemCallError) -> WorkName? {
        let passage = try inbox.subdirectory(WorkFolder.passage)
        defer { removePassage(of: inbox) }
        guard try isHere(name, from: passage) else { return try cross(name, from: passage, backTo: inbox) }
        try passage.remove(name)
        return nil
    }

    private func removePassage(of inbox: Directory) {
        // One that stays is in nobody's way.
        _ = try? inbox.removeDirectory(WorkFolder.passage)
    }

    private func cross(
        _ name: FileName, from passage: Directory, backTo inbox: Directory
    ) throws(SystemCallError) -> WorkName {
        do throws(SystemCallError) {
            return try bring(name, from: passage)
        } catch {
            // Where it cannot go back, it is found in the passage.
            _ = try? putBack(name, from: passage, to: inbox)
            throw error
        }
    }

    private func bring(_ name: FileName, from passage: Directory) throws(SystemCallError) -> WorkName {
        guard let status = try passage.status(of: name) else {
            throw SystemCallError("statx", passage.describe(name), .noSuchFileOrDirectory)
        }
        switch status.form {
        case .directory: throw SystemCallError("open", passage.describe(name), .isDirectory)
        case .regular: return try copy(name, from: passage)
        case .link, .other:
            return try place(name, isThere: { () throws(SystemCallError) in try passage.status(of: name) != nil }) {
                (target) throws(SystemCallError) in try passage.recreate(name, in: target, as: name)
            }
        }
    }

    private func copy(_ name: FileName, from passage: Directory) throws(SystemCallError) -> WorkName {
        let directory = try directory
        let source = try OpenFile(reading: name, in: passage)
        let before = try source.status()
        let temporary = WorkFolder.nameOfCopy(before)
        // What has other names may be somebody else's, and its copy is for nobody's eyes.
        let mode: UInt32 = before.isLinked ? 0o600 | FileStatus.linkedMark : 0o640
        try FileCopy.make(of: source, in: directory, as: temporary, mode: mode)
        var place: WorkName?
        do throws(SystemCallError) {
            guard try source.status().isSameContent(as: before) else {
                // Its writer was not done.
                throw SystemCallError("copy", passage.describe(name), .resourceBusy)
            }
            let workName = try rename(temporary, from: directory, as: name)
            place = workName
            try directory.sync()
            KillPoint.crossingCopied.reach()
            try passage.remove(name)
            // On another disk: after a power loss it would be there again, long after the ledger has done with it.
            _ = try? passage.sync()
            return workName
        } catch {
            // The original is whole and goes its way: of two, one would be doubled.
            _ = try? directory.remove(temporary)
            if let place {
                _ = try? folder(of: place).remove(name)
                _ = try? clear(place)
            }
            throw error
        }
    }

    /// A file goes back under its own name and stays where that is taken: under another, it could be another's. A folder
    /// that took a file's name between the look at it and its claim goes back under any.
    private func putBack(
        _ name: FileName, from passage: Directory, to inbox: Directory
    ) throws(SystemCallError) {
        if try passage.move(name, toShared: inbox, as: name) { return }
        guard try passage.status(of: name)?.form == .directory else { return }
        for number in 2... {
            let mark = Array(".\(number)".utf8)
            let other = FileName(bytes: Array(name.bytes.prefix(FileName.longest - mark.count)) + mark)
            if try passage.move(name, toShared: inbox, as: other) { return }
        }
    }

    /// Whether an entry's copy has been made, and only the original is left to be removed.
    private func isHere(_ name: FileName, from passage: Directory) throws(SystemCallError) -> Bool {
        guard let status = try passage.status(of: name), status.form == .regular else { return false }
        let fingerprint = try FileCopy.fingerprint(of: OpenFile(reading: name, in: passage))
        for shelf in [nil] + (try shelves()) {
            let folder = try folder(of: WorkName(shelf: shelf, name: name))
            guard let other = try folder.status(of: name), other.form == .regular, other.size == status.size else {
                continue
            }
            if try FileCopy.fingerprint(of: OpenFile(reading: name, in: folder)) == fingerprint { return true }
        }
        return false
    }
}
