import FileSystem
import GRDB
import Model
import SystemPackage

/// A ledger that is lost or corrupt is never guessed at (contract, section 11).
///
/// ```
/// damage is found ──▶ it is written down ──▶ the ledger's files are kept aside ──▶ a new one, paused ──▶ the note goes
/// ```
///
/// Stopped anywhere on the way, the next start begins it again: the note is the first to be written and the last to go.
/// An admin may put a backup in the ledger's place before that: then the note is of the ledger that was there.
extension Ledger {
    /// Written beside the ledger where damage is found while the service runs, for the next start to act upon.
    private static let note = FileName("ledger.damaged")

    /// Says that the ledger in this folder is damaged, and why.
    package static func noteDamage(_ damage: String, state: FilePath) throws(SystemCallError) {
        try write(note: "corrupt " + damage, in: Directory(opening: state))
    }

    /// Whether the next start has damage to act upon.
    static func isNoted(in state: FilePath) throws(SystemCallError) -> Bool {
        try Directory(opening: state).status(of: note) != nil
    }

    /// Opens the ledger in the state folder; a new one, which is paused, in the place of one that is damaged or lost.
    ///
    /// - Parameter evidence: what shows that the service has run before, looked for where there is no ledger.
    /// - Throws: ``NewerLedger``; GRDB's `DatabaseError`; ``SystemCallError``.
    package static func open(
        state: FilePath, boot: String, time: any TimeSource, evidence: () throws(SystemCallError) -> String?
    ) throws -> Ledger {
        let file = try LedgerFile(state: state)
        let directory = try Directory(opening: state)
        try file.setForeignLogAside(at: time.timestamp)
        if let note = try read(directory) {
            guard try isReplaced(file) else { return try renew(note, file, directory, boot, time) }
            try removeNote(from: directory)
        }
        switch try file.examine() {
        case .sound: return try openSound(state: state, boot: boot, time: time)
        case .newer: throw NewerLedger(state: state)
        case .damaged(let damage):
            let note = "corrupt " + damage
            try write(note: note, in: directory)
            return try renew(note, file, directory, boot, time)
        case .missing:
            guard let evidence = try evidence() else { return try Ledger(state: state, boot: boot, time: time) }
            let note = "lost " + evidence
            try write(note: note, in: directory)
            return try renew(note, file, directory, boot, time)
        }
    }

    /// Opens a ledger that was looked through, with its log.
    static func openSound(state: FilePath, boot: String, time: any TimeSource) throws -> Ledger {
        let ledger = try Ledger(state: state, boot: boot, time: time)
        try ledger.beginLogAnew()
        return ledger
    }

    private static func renew(
        _ note: String, _ file: LedgerFile, _ directory: Directory, _ boot: String, _ time: any TimeSource
    ) throws -> Ledger {
        let place = try file.setAside(at: time.timestamp)
        let words = note.split(separator: " ", maxSplits: 1).map(String.init)
        let cause = words.count == 2 ? words[1] : "it is not known why"
        let isLost = words.first == "lost"
        let ledger = try Ledger(state: directory.path, boot: boot, time: time)
        let now = time.timestamp.milliseconds
        let reason = isLost ? LedgerWords.lost(cause) : LedgerWords.corrupt(cause, keptAs: place)
        try ledger.pool.write { try pause(because: reason, at: now, $0) }
        try removeNote(from: directory)
        return ledger
    }

    /// Whether a backup is in the place of the ledger that was damaged.
    private static func isReplaced(_ file: LedgerFile) throws -> Bool {
        guard try file.isCopy else { return false }
        return switch try file.examine() {
        case .sound, .newer: true
        case .missing, .damaged: false
        }
    }

    /// Whatever is behind the log's end goes: what a power loss left of a commit there would look, behind those that
    /// follow, like one that is broken, and the next that is cut off like damage. A reader may keep the log for now.
    private func beginLogAnew() throws {
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    }

    private static func removeNote(from directory: Directory) throws(SystemCallError) {
        try directory.remove(note)
        try directory.sync()
    }

    private static func write(note text: String, in directory: Directory) throws(SystemCallError) {
        // The first word counts: what was found first is what happened.
        if try directory.status(of: note)?.size ?? 0 > 0 { return }
        let temporary = FileName(".ledger.damaged.tmp")
        let file = try OpenFile(creating: temporary, in: directory, .overwriting(mode: 0o600))
        try file.write(Array(text.utf8))
        try file.sync()
        try directory.replace(note, with: temporary)
        try directory.sync()
    }

    private static func read(_ directory: Directory) throws(SystemCallError) -> String? {
        guard let status = try directory.status(of: note) else { return nil }
        let file = try OpenFile(reading: note, in: directory)
        return try String(decoding: file.bytes(at: 0, count: Int(min(status.size, 4096))), as: UTF8.self)
    }
}

/// The ledger was written by a later version of Sluice.
package struct NewerLedger: Error, CustomStringConvertible {
    let state: FilePath

    package var description: String {
        """
        the ledger in \(state) was written by a newer version of Sluice, and this one cannot know what it says. Install \
        that version again; or move ledger.sqlite, ledger.sqlite-wal and ledger.sqlite-shm out of that folder, and put \
        a backup from before the update there as ledger.sqlite
        """
    }
}
