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
        let (folder, name) = try Directory.containing(file)
        let part = FileName(bytes: name.bytes + Array(".part".utf8))
        // Of one that was cut off.
        try folder.remove(part)
        // SQLite keeps to the mode of what it finds, in the files that it makes beside it, too.
        let opened = try OpenFile(creating: part, in: folder, .exclusive(mode: 0o600))
        try copy(to: opened, at: now)
        try opened.sync()
        KillPoint.backupCopied.reach()
        guard try folder.move(part, to: folder, as: name) else {
            throw SystemCallError("rename", folder.describe(name), .fileExists)
        }
        try folder.sync()
        KillPoint.backupPlaced.reach()
    }

    private func copy(to file: OpenFile, at now: Timestamp) throws {
        // SQLite follows the link to the file's own name.
        let copy = try DatabaseQueue(path: file.textPath)
        try queue.backup(to: copy)
        try Migrations.all.migrate(copy)
        try copy.write { try Ledger.pause(because: LedgerWords.backup(of: now), at: now.milliseconds, $0) }
        // One file, whole without a log beside it.
        try copy.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
        try copy.close()
    }
}
