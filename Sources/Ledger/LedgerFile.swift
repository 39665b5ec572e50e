import FileSystem
import Foundation
import GRDB
import Model
import SystemPackage

/// The ledger as files in the state folder, looked at before anything is made of them.
package struct LedgerFile: Sendable {
    package enum Condition: Sendable, Hashable {
        /// There is none, or an empty one: nothing was ever written to it, or it is lost.
        case missing
        case sound
        /// It is not what was written; why, in words.
        case damaged(String)
        /// A later version of Sluice wrote it; this one cannot know what it says.
        case newer
    }

    static let name = "ledger.sqlite"
    private static let logSuffix = "-wal"
    private static let journalSuffix = "-journal"
    /// What is kept aside with a ledger: its log, SQLite's index of that, and the journal that it has until it has a log.
    private static let companions = [logSuffix, "-shm", journalSuffix]

    /// All the names that it may have in the state folder.
    package static var names: [FileName] { ([""] + companions).map { FileName(name + $0) } }

    private let state: FilePath
    private let directory: Directory

    /// - Throws: ``SystemCallError`` where the state folder cannot be opened.
    package init(state: FilePath) throws(SystemCallError) {
        _ = SQLite.isSetUp
        self.state = state
        directory = try Directory(opening: state)
    }

    package var isThere: Bool {
        get throws(SystemCallError) { try directory.status(of: FileName(LedgerFile.name)).map { $0.size > 0 } ?? false }
    }

    /// Reads the whole ledger and its log, and says what they are. Nothing is changed, but for a step that a power loss
    /// cut off before there was a log, which is undone.
    ///
    /// - Throws: ``SystemCallError`` and GRDB's `DatabaseError`, where it cannot be read for now.
    package func examine() throws -> Condition {
        guard try isThere else { return .missing }
        if let damage = try damageOfLog() { return .damaged(damage) }
        var configuration = GRDB.Configuration()
        // Whoever only reads cannot undo it, and reads nothing.
        configuration.readonly = try directory.status(of: FileName(LedgerFile.name + LedgerFile.journalSuffix)) == nil
        configuration.busyMode = .timeout(5)
        do {
            let queue = try DatabaseQueue(path: state.appending(LedgerFile.name).string, configuration: configuration)
            return try queue.read(LedgerFile.examine)
        } catch {
            guard LedgerTrouble(error) == .damaged else { throw error }
            return .damaged((error as? DatabaseError)?.message ?? "it cannot be read")
        }
    }

    private static func examine(_ database: Database) throws -> Condition {
        let found = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "ok"
        guard found == "ok" else { return .damaged(found) }
        if try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_schema") == 0 { return .missing }
        if try Migrations.all.hasBeenSuperseded(database) { return .newer }
        // A start that was stopped before its first step was done leaves the library's own table alone.
        let steps = try Migrations.all.appliedIdentifiers(database)
        if steps.isEmpty, try !database.tableExists("drops") {
            let isOurs = try database.tableExists("grdb_migrations")
            return isOurs ? .missing : .damaged("it is a database, and not a ledger")
        }
        return .sound
    }

    /// SQLite ends its log silently where it finds it broken, as after a power loss; what was committed behind that would
    /// be forgotten.
    private func damageOfLog() throws(SystemCallError) -> String? {
        let name = FileName(LedgerFile.name + LedgerFile.logSuffix)
        guard let status = try directory.status(of: name), status.size > 0 else { return nil }
        let log = try OpenFile(reading: name, in: directory)
        return try WriteAheadLog(size: status.size) { (offset, count) throws(SystemCallError) in
            try log.bytes(at: offset, count: count)
        }.damage
    }

    /// Keeps the ledger's files as they are under other names, for an admin to look at or to restore.
    ///
    /// - Returns: where the ledger is now; `nil` where there was none.
    /// - Throws: ``SystemCallError``; done again, it goes on.
    package func setAside(at time: Timestamp) throws(SystemCallError) -> FilePath? {
        var label = "corrupt-" + time.description.filter { $0.isNumber || $0 == "T" || $0 == "Z" }
        while try directory.status(of: FileName("\(LedgerFile.name).\(label)")) != nil { label += "+" }
        let aside = "\(LedgerFile.name).\(label)"
        // The ledger itself goes last: as long as it is here, there is something to be kept.
        for suffix in LedgerFile.companions {
            try move(LedgerFile.name + suffix, aside + suffix)
        }
        try move(BodyStore.name, "\(BodyStore.name).\(label)")
        let isThere = try move(LedgerFile.name, aside)
        try directory.sync()
        return isThere ? state.appending(aside) : nil
    }

    @discardableResult
    private func move(_ name: String, _ newName: String) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            return try directory.move(FileName(name), to: directory, as: FileName(newName))
        } catch {
            if error.errno == .noSuchFileOrDirectory { return false }
            throw error
        }
    }
}
