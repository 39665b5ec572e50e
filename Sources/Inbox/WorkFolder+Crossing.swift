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
/// A stop in between leaves the entry in the passage, and the next start goes on from there.
extension WorkFolder {
    /// A dot: it is nobody's drop.
    static let passage = FileName(".sluice-claim")

    func takeAcross(_ name: FileName, from inbox: Directory) throws(SystemCallError) -> WorkName {
        try finishCrossings(from: inbox)
        let passage = try inbox.subdirectory(WorkFolder.passage, makingWith: 0o700)
        guard try inbox.move(name, to: passage, as: name) else {
            throw SystemCallError("renameat2", inbox.describe(name), .fileExists)
        }
        KillPoint.crossingBegins.reach()
        let workName = try cross(name, from: passage, backTo: inbox)
        KillPoint.crossingDone.reach()
        try inbox.removeDirectory(WorkFolder.passage)
        return workName
    }

    /// Brings what a stop of the service left in the passage to the end of its way. They are drops that the ledger does
    /// not know, and are found by ``contents()``.
    package func finishCrossings(from inbox: Directory) throws(SystemCallError) {
        guard try inbox.status(of: WorkFolder.passage)?.form == .directory else { return }
        let passage = try inbox.subdirectory(WorkFolder.passage)
        for name in try passage.list() {
            if try passage.status(of: name)?.form == .directory {
                try putBack(folder: name, from: passage, to: inbox)
            } else if try isHere(name, from: passage) {
                try passage.remove(name)
            } else {
                _ = try cross(name, from: passage, backTo: inbox)
            }
        }
        try inbox.removeDirectory(WorkFolder.passage)
    }

    private func cross(
        _ name: FileName, from passage: Directory, backTo inbox: Directory
    ) throws(SystemCallError) -> WorkName {
        guard let status = try passage.status(of: name) else {
            throw SystemCallError("statx", passage.describe(name), .noSuchFileOrDirectory)
        }
        if status.form == .directory {
            try putBack(folder: name, from: passage, to: inbox)
            throw SystemCallError("open", inbox.describe(name), .isDirectory)
        }
        if status.form != .regular {
            return try place(name, isThere: { () throws(SystemCallError) in try passage.status(of: name) != nil }) {
                (target) throws(SystemCallError) in try passage.recreate(name, in: target, as: name)
            }
        }
        let directory = try directory
        let temporary = WorkFolder.nameOfCopy(status)
        let source = try OpenFile(reading: name, in: passage)
        let before = try source.status()
        // What has other names may be somebody else's, and its copy is for nobody's eyes.
        let mode: UInt32 = before.isLinked ? 0o600 | FileStatus.linkedMark : 0o640
        try FileCopy.make(of: source, in: directory, as: temporary, mode: mode)
        guard try source.status().isSameContent(as: before) else {
            // Its writer was not done: the whole of it is still in one place, and settles again.
            try directory.remove(temporary)
            _ = try passage.move(name, toShared: inbox, as: name)
            throw SystemCallError("copy", inbox.describe(name), .resourceBusy)
        }
        let workName = try rename(temporary, from: directory, as: name)
        try directory.sync()
        KillPoint.crossingCopied.reach()
        try passage.remove(name)
        // On another disk: after a power loss it would be there again, long after the ledger has done with it.
        try passage.sync()
        return workName
    }

    /// A folder took a file's name between the look at it and its claim: it goes back, and nobody's drop waits for that.
    private func putBack(
        folder name: FileName, from passage: Directory, to inbox: Directory
    ) throws(SystemCallError) {
        for number in 1... {
            let mark = number == 1 ? [] : Array(".\(number)".utf8)
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
