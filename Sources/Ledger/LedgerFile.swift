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
    private static let indexSuffix = "-shm"
    private static let journalSuffix = "-journal"
    /// What is kept aside with a ledger: its log, SQLite's index of that, and the journal that it has until it has a log.
    private static let companions = [logSuffix, indexSuffix, journalSuffix]

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

    /// Whether the ledger is a whole database without a log, as `sluice backup` makes one and a service never leaves one:
    /// SQLite says in the header that there is a log before it makes one
    /// (<https://sqlite.org/fileformat2.html#file_format_version_numbers>).
    var isCopy: Bool {
        get throws(SystemCallError) {
            guard try isThere else { return false }
            let header = try OpenFile(reading: FileName(LedgerFile.name), in: directory).bytes(at: 0, count: 20)
            return header.starts(with: Array("SQLite format 3\0".utf8)) && header.dropFirst(18).elementsEqual([1, 1])
        }
    }

    /// Whether a log lies beside a copy: that of the ledger which the copy replaces. SQLite would write it over the copy.
    package var hasForeignLog: Bool {
        get throws(SystemCallError) {
            // In this order: a service that opens the copy meanwhile changes its header before there is another log.
            let log = FileName(LedgerFile.name + LedgerFile.logSuffix)
            guard try directory.status(of: log) != nil else { return false }
            return try isCopy
        }
    }

    /// Keeps a log that lies beside a copy under another name, before anybody opens the copy.
    func setForeignLogAside(at time: Timestamp) throws(SystemCallError) {
        guard try hasForeignLog else { return }
        let log = LedgerFile.logSuffix
        let aside = try freeName("replaced", at: time, suffix: log)
        // The log itself goes last: as long as it is here, this is not done.
        for suffix in [LedgerFile.indexSuffix, log] { try move(LedgerFile.name + suffix, aside + suffix) }
        try directory.sync()
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
        let aside = try freeName("corrupt", at: time)
        // The ledger itself goes last: as long as it is here, there is something to be kept.
        for suffix in LedgerFile.companions {
            try move(LedgerFile.name + suffix, aside + suffix)
        }
        try move(BodyStore.name, BodyStore.name + aside.dropFirst(LedgerFile.name.count))
        let isThere = try move(LedgerFile.name, aside)
        try directory.sync()
        return isThere ? state.appending(aside) : nil
    }

    /// A name for a ledger that is kept, under which none is so far: `ledger.sqlite.corrupt-20261124T030000000Z`.
    private func freeName(
        _ what: String, at time: Timestamp, suffix: String = ""
    ) throws(SystemCallError) -> String {
        let moment = time.description.filter { $0.isNumber || $0 == "T" || $0 == "Z" }
        var name = "\(LedgerFile.name).\(what)-\(moment)"
        while try directory.status(of: FileName(name + suffix)) != nil { name += "+" }
        return name
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
