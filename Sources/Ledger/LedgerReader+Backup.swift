import FileSystem
import GRDB
import Model
import SystemPackage

extension LedgerReader {
    /// Copies the ledger as it is at one moment, while a service may go on writing, into a new file, which is its owner's
    /// alone: there is in it what an API answered, and what records are called. What has the name is whole and on disk.
    ///
    /// The copy is paused: put in the place of a ledger that went on since, it may know less than the API does, and a
    /// service that starts on it waits for an admin's word.
    ///
    /// - Throws: ``SystemCallError``, EEXIST where the name is taken; GRDB's `DatabaseError`.
    package func backup(to file: FilePath, at now: Timestamp) throws {
        guard let name = file.lastComponent?.string else { throw SystemCallError("open", file.string, .isDirectory) }
        let parent = file.removingLastComponent()
        let folder = try Directory(opening: parent.isEmpty ? "." : parent)
        let part = FileName(name + ".part")
        // Of one that was cut off.
        try folder.remove(part)
        // SQLite keeps to the mode of what it finds, in the files that it makes beside it, too.
        _ = try OpenFile(creating: part, in: folder, .exclusive(mode: 0o600))
        try copy(to: folder.path.appending(name + ".part"), at: now)
        try OpenFile(reading: part, in: folder).sync()
        KillPoint.backupCopied.reach()
        guard try folder.move(part, to: folder, as: FileName(name)) else {
            throw SystemCallError("rename", file.string, .fileExists)
        }
        try folder.sync()
        KillPoint.backupPlaced.reach()
    }

    private func copy(to file: FilePath, at now: Timestamp) throws {
        let copy = try DatabaseQueue(path: file.string)
        try queue.backup(to: copy)
        try Migrations.all.migrate(copy)
        try copy.write { try Ledger.pause(because: LedgerWords.backup(of: now), at: now.milliseconds, $0) }
        // One file, whole without a log beside it.
        try copy.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
        try copy.close()
    }
}
