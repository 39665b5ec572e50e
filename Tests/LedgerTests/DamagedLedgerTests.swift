import FileSystem
import Foundation
import GRDB
import Model
import SystemPackage
import Testing
import TestSupport

@testable import Ledger

/// A ledger that is lost or corrupt is kept aside, and the one in its place is paused.
@Suite struct DamagedLedgerTests {
    /// What can happen to a ledger's files.
    enum Damage: CaseIterable {
        case headerOverwritten, pagesGarbled, noDatabase, anotherDatabase, logGarbled, logHeaderGarbled
    }

    private let folder: TemporaryFolder
    private var file: URL { folder.url.appendingPathComponent("ledger.sqlite") }
    private var log: URL { folder.url.appendingPathComponent("ledger.sqlite-wal") }

    init() throws {
        folder = try TemporaryFolder()
    }

    private func open(evidence: String? = nil) throws -> Ledger { try Self.open(folder.path, evidence: evidence) }

    private static func open(_ state: FilePath, evidence: String? = nil) throws -> Ledger {
        try Ledger.open(state: state, boot: "boot", time: ManualTime()) { () throws(SystemCallError) in evidence }
    }

    /// A ledger of many pages, left as a kill leaves it: with a log of many commits.
    private func fill() async throws {
        let below = try TemporaryFolder()
        let ledger = try Ledger(state: below.path, boot: "boot", time: ManualTime())
        for _ in 0..<5 {
            for number in 0..<200 { try await ledger.pause("inbox \(number) \(String(repeating: "x", count: 200))") }
            try await ledger.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        }
        for number in 0..<20 { try await ledger.pause("last \(number)") }
        for name in ["ledger.sqlite", "ledger.sqlite-wal"] {
            try FileManager.default.copyItem(
                at: below.url.appendingPathComponent(name), to: folder.url.appendingPathComponent(name))
        }
        try folder.subfolder("bodies").write("{}", as: "0123")
    }

    private func overwrite(_ url: URL, at offset: UInt64, with bytes: [UInt8]) throws {
        let handle = try FileHandle(forUpdating: url)
        defer { try? handle.close() }
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: bytes)
    }

    private func cause(_ damage: Damage) throws {
        let noise = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        switch damage {
        case .headerOverwritten: try overwrite(file, at: 0, with: Array(noise[..<100]))
        case .pagesGarbled:
            let size = try Data(contentsOf: file).count
            for page in stride(from: 10 * 4096, to: size - 4096, by: 3 * 4096) {
                try overwrite(file, at: UInt64(page), with: noise)
            }
        case .noDatabase: try Data("accounts and payments\n".utf8).write(to: file)
        case .anotherDatabase:
            try FileManager.default.removeItem(at: file)
            try FileManager.default.removeItem(at: log)
            try DatabaseQueue(path: file.path).write { try $0.execute(sql: "CREATE TABLE songs (name TEXT)") }
        case .logGarbled:
            let size = try Data(contentsOf: log).count
            try overwrite(log, at: UInt64(size / 3), with: Array(noise[..<64]))
        case .logHeaderGarbled: try overwrite(log, at: 8, with: Array(noise[..<8]))
        }
    }

    /// A new ledger has a journal until it has a log.
    @Test func aStepThatWasCutOffBeforeThereWasALogIsUndone() async throws {
        let below = try TemporaryFolder()
        try Ledger(state: below.path, boot: "boot", time: ManualTime()).pool.close()
        let queue = try DatabaseQueue(path: below.url.appendingPathComponent("ledger.sqlite").path)
        try await queue.writeWithoutTransaction {
            try $0.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1")
        }
        try await queue.write { database in
            for number in 0..<200 {
                try database.execute(
                    sql: "INSERT INTO pauses (inbox, since) VALUES (?, 0)",
                    arguments: ["\(number) \(String(repeating: "x", count: 1000))"])
            }
            for name in ["ledger.sqlite", "ledger.sqlite-journal"] {
                try FileManager.default.copyItem(
                    at: below.url.appendingPathComponent(name), to: folder.url.appendingPathComponent(name))
            }
        }
        #expect(try LedgerFile(state: folder.path).examine() == .sound)
        #expect(try await open().pauses().isEmpty)
    }

    @Test(arguments: Damage.allCases) func aDamagedLedgerIsKeptAsideAndTheNewOneIsPaused(damage: Damage) async throws {
        try await fill()
        try cause(damage)
        let before = try Data(contentsOf: file)
        let ledger = try open()
        let reason = try #require(try await ledger.pauseReason())
        #expect(reason.hasPrefix("The ledger was corrupt: "))
        #expect(reason.contains("sluice resume"))
        #expect(try await ledger.pauses() == [""])
        let aside = try #require(try folder.url.names.first { $0.hasPrefix("ledger.sqlite.corrupt-") })
        #expect(reason.contains(folder.url.appendingPathComponent(aside).path))
        #expect(try Data(contentsOf: folder.url.appendingPathComponent(aside)) == before)
        if damage != .anotherDatabase { #expect(try folder.url.names.contains(aside + "-wal")) }
        // The bodies that the old ledger knows stay with it.
        #expect(try folder.url.names.contains { $0.hasPrefix("bodies.corrupt-") })
        #expect(try folder.url.appendingPathComponent("bodies").names == [])
        #expect(try !folder.url.names.contains("ledger.damaged"))
    }

    @Test func aSoundLedgerStaysAsItIs() async throws {
        try await fill()
        let ledger = try open(evidence: "there are files")
        #expect(try await ledger.pauses().count == 220)
        #expect(try await ledger.pauseReason() == nil)
        #expect(try folder.url.names.allSatisfy { !$0.contains("corrupt") })
    }

    /// The last commit may have been cut off by a power loss, and nobody was told of it.
    @Test func aLogWhoseLastCommitIsCutOffIsSound() async throws {
        try await fill()
        let size = try Data(contentsOf: log).count
        try overwrite(log, at: UInt64(size - 100), with: Array(repeating: 7, count: 100))
        let ledger = try open()
        #expect(try await ledger.pauses().count == 219)
        #expect(try await ledger.pauseReason() == nil)
    }

    /// The last two commits; of the one before the last a whole block of the disk is broken, in two frames of the log.
    @Test func aBlockThatIsBrokenInTheLastCommitsButOneIsDamage() async throws {
        try await fill()
        let size = try Data(contentsOf: log).count
        try overwrite(log, at: UInt64(size - 2 * 4120 - 2000), with: Array(repeating: 7, count: 4096))
        #expect(try await open().pauseReason()?.hasPrefix("The ledger was corrupt: its write-ahead log") == true)
    }

    /// Of a long commit that a power loss cut off, the end is on the disk. A short one follows, and a third is cut off
    /// that ends before the first did.
    @Test func whatALaterCommitLeftOfOneThatWasCutOffIsNoDamage() async throws {
        try await fill()
        let first = try await leftByKill(of: folder.url, records: 60)
        let second = try await leftByKill(of: first.url, records: 10)
        let ledger = try Self.open(second.path)
        #expect(try await ledger.pauseReason() == nil)
        let pauses = try await ledger.pauses()
        #expect(pauses.count == 222 && pauses.isSuperset(of: ["short 60", "short 10"]))
    }

    /// Starts on a ledger, commits little and then so many records at once; what is left of it where the power goes before
    /// the last commit is on the disk, but for its end.
    private func leftByKill(of state: URL, records: Int) async throws -> TemporaryFolder {
        let ledger = try Self.open(FilePath(state.path))
        try await ledger.pause("short \(records)")
        let log = state.appendingPathComponent("ledger.sqlite-wal")
        let before = try Data(contentsOf: log)
        try await ledger.pool.write { database in
            for number in 0..<records {
                try database.execute(
                    sql: "INSERT INTO pauses (inbox, since) VALUES (?, 0)",
                    arguments: ["long \(records) \(number) \(String(repeating: "x", count: 3000))"])
            }
        }
        let left = try TemporaryFolder()
        for name in ["ledger.sqlite", "ledger.sqlite-wal"] {
            try FileManager.default.copyItem(
                at: state.appendingPathComponent(name), to: left.url.appendingPathComponent(name))
        }
        let after = try Data(contentsOf: log)
        let start = zip(before, after).enumerated().first { $1.0 != $1.1 }?.offset ?? before.count
        try overwrite(
            left.url.appendingPathComponent("ledger.sqlite-wal"), at: UInt64(start + 1000),
            with: Array(repeating: 7, count: 100))
        return left
    }

    @Test(arguments: [true, false]) func aLostLedgerIsNotTakenForAFirstStart(isTruncated: Bool) async throws {
        try await fill()
        try FileManager.default.removeItem(at: log)
        try FileManager.default.removeItem(at: file)
        if isTruncated { try Data().write(to: file) }
        let ledger = try open(evidence: "/srv/done holds a.json")
        let reason = try #require(try await ledger.pauseReason())
        #expect(reason.hasPrefix("There was no ledger, and yet the service has run before: /srv/done holds a.json."))
        #expect(try await ledger.pauses() == [""])
    }

    @Test func aFirstStartIsNotPaused() async throws {
        let ledger = try open()
        #expect(try await ledger.pauses() == [])
        #expect(try folder.url.names.allSatisfy { !$0.contains("corrupt") })
    }

    /// The machine may stop anywhere between the note and its end.
    @Test func aRenewalThatWasCutOffIsBegunAgain() async throws {
        try await fill()
        try Ledger.noteDamage("page 7 is not what it was", state: folder.path)
        // As far as it came: the log is aside already, and what is left looks sound.
        try FileManager.default.moveItem(at: log, to: folder.url.appendingPathComponent("ledger.sqlite.corrupt-x-wal"))
        for round in 1...2 {
            let ledger = try open()
            let reason = try #require(try await ledger.pauseReason())
            #expect(reason.contains("The ledger was corrupt: page 7 is not what it was.") == (round <= 2))
            #expect(try await ledger.pauses() == [""])
        }
    }

    @Test func aLedgerOfANewerVersionIsRefused() async throws {
        try await fill()
        try await DatabaseQueue(path: file.path).write {
            try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 from the future')")
        }
        #expect(throws: NewerLedger.self) { try open() }
        #expect(throws: NewerLedger.self) { try Ledger(state: folder.path, boot: "boot", time: ManualTime()) }
        #expect(try folder.url.names.allSatisfy { !$0.contains("corrupt") })
    }

    @Test func aBackupIsPausedWhereverItIsPut() async throws {
        try await fill()
        let copy = folder.path.appending("copy")
        do {
            let ledger = try open()
            #expect(try await ledger.pauseReason() == nil)
            try LedgerReader(state: folder.path).backup(to: copy, at: Timestamp(milliseconds: 1_800_000_000_000))
        }
        let other = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: copy.string, toPath: other.path.appending("ledger.sqlite").string)
        let restored = try Ledger.open(state: other.path, boot: "boot", time: ManualTime()) {
            () throws(SystemCallError) in
            nil
        }
        let reason = try #require(try await restored.pauseReason())
        #expect(reason.contains("made at 2027-01-15T08:00:00.000Z"))
        #expect(try await restored.pauses().contains(""))
        try await restored.resume(nil)
        #expect(try await restored.pauseReason() == nil)
    }

    /// A ledger as a kill leaves it, with a log that has forgotten what a backup of it knows; then that backup in its place,
    /// as an admin puts it there who was told of no log.
    private func replaceByBackup() async throws {
        let below = try TemporaryFolder()
        let copy = folder.path.appending("copy")
        let ledger = try Ledger(state: below.path, boot: "boot", time: ManualTime())
        for number in 0..<50 { try await ledger.pause("inbox \(number)") }
        try LedgerReader(state: below.path).backup(to: copy, at: Timestamp(milliseconds: 1_800_000_000_000))
        for number in 0..<50 { try await ledger.resume("inbox \(number)") }
        for name in ["ledger.sqlite-wal", "ledger.sqlite-shm"] {
            try FileManager.default.copyItem(
                at: below.url.appendingPathComponent(name), to: folder.url.appendingPathComponent(name))
        }
        try FileManager.default.moveItem(atPath: copy.string, toPath: file.path)
    }

    @Test(arguments: [true, false]) func theLogOfTheLedgerThatABackupReplacesIsKeptAside(isNoted: Bool) async throws {
        try await replaceByBackup()
        if isNoted { try Ledger.noteDamage("page 7 is not what it was", state: folder.path) }
        let old = try Data(contentsOf: log)
        let ledger = try open()
        #expect(try await ledger.pauses().count == 51)
        #expect(try await ledger.pauseReason()?.hasPrefix("This ledger is a copy") == true)
        let names = try folder.url.names
        let aside = try #require(names.first { $0.hasPrefix("ledger.sqlite.replaced-") && $0.hasSuffix("-wal") })
        #expect(try Data(contentsOf: folder.url.appendingPathComponent(aside)) == old)
        #expect(names.contains { $0.hasPrefix("ledger.sqlite.replaced-") && $0.hasSuffix("-shm") })
        #expect(names.allSatisfy { !$0.contains("corrupt") && $0 != "ledger.damaged" })
    }

    @Test func aBackupThatIsDamagedItselfIsSetAside() async throws {
        try await replaceByBackup()
        try Ledger.noteDamage("page 7 is not what it was", state: folder.path)
        try overwrite(file, at: 4096 + 5, with: Array(repeating: 0xFF, count: 2000))
        let ledger = try open()
        #expect(try await ledger.pauseReason()?.hasPrefix("The ledger was corrupt") == true)
        #expect(try folder.url.names.contains { $0.hasPrefix("ledger.sqlite.corrupt-") })
    }

    // MARK: commands

    private func openForCommand(isServed: Bool = false, evidence: String? = nil) throws -> Ledger {
        try Ledger.openForCommand(state: folder.path, isServed: isServed, boot: "boot", time: ManualTime()) {
            () throws(SystemCallError) in
            evidence
        }
    }

    /// Opened by a command, it would not be known as a backup any more, and be set aside for the one before it.
    @Test(arguments: [true, false]) func aBackupInThePlaceOfADamagedLedgerIsForTheStart(isServed: Bool) async throws {
        try await replaceByBackup()
        for name in ["ledger.sqlite-wal", "ledger.sqlite-shm"] {
            try FileManager.default.removeItem(at: folder.url.appendingPathComponent(name))
        }
        try Ledger.noteDamage("page 7 is not what it was", state: folder.path)
        #expect(throws: UndecidedLedger.noted) { try openForCommand(isServed: isServed) }
        let ledger = try open()
        #expect(try await ledger.pauseReason()?.hasPrefix("This ledger is a copy") == true)
        #expect(try folder.url.names.allSatisfy { !$0.contains("corrupt") && $0 != "ledger.damaged" })
    }

    @Test(arguments: Damage.allCases) func aDamagedLedgerIsForTheStart(damage: Damage) async throws {
        try await fill()
        try cause(damage)
        let before = try Data(contentsOf: file)
        let log = try? Data(contentsOf: log)
        let error = #expect(throws: UndecidedLedger.self) { try openForCommand() }
        #expect(error?.description.hasPrefix("it is damaged: ") == true)
        #expect(try Data(contentsOf: file) == before)
        #expect((try? Data(contentsOf: self.log)) == log)
        #expect(try await open().pauseReason()?.hasPrefix("The ledger was corrupt: ") == true)
    }

    @Test(arguments: [true, false]) func aLostLedgerIsForTheStart(isServed: Bool) async throws {
        #expect(throws: UndecidedLedger.lost) { try openForCommand(isServed: isServed, evidence: "it holds a token") }
        #expect(try folder.url.names == [])
    }

    @Test func aLedgerOfANewerVersionIsLeftByACommand() async throws {
        try await fill()
        try await DatabaseQueue(path: file.path).write {
            try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 from the future')")
        }
        #expect(throws: NewerLedger.self) { try openForCommand() }
    }

    @Test func aCommandMakesTheFirstLedgerAndOpensASoundOne() async throws {
        try await openForCommand().pause("first")
        #expect(try await openForCommand().pauses() == ["first"])
    }

    @Test func aBackupBesideAForeignLogIsForTheStart() async throws {
        try await replaceByBackup()
        #expect(throws: UndecidedLedger.foreignLog) { try openForCommand() }
    }

    /// SQLite says in a file's header that there is a log, before there is one.
    @Test func aLedgerThatWasOpenedIsNoCopy() throws {
        let file = try LedgerFile(state: folder.path)
        #expect(try !file.isCopy)
        let ledger = try open()
        #expect(try !file.isCopy && !file.hasForeignLog)
        try ledger.pool.close()
        #expect(try !file.isCopy)
    }

    /// What one writer does to the transaction is told to all in it: none is told that its part is on disk.
    @Test func aFullLedgerFailsTheWholeGroupByName() async throws {
        let ledger = try open()
        let pages = try await ledger.pool.write { try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0 }
        try await ledger.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = \(pages + 1)") }
        let results = await withTaskGroup(of: (Int, LedgerTrouble?).self) { group in
            for number in 0..<50 {
                group.addTask {
                    do {
                        try await ledger.pause("inbox \(number) \(String(repeating: "x", count: 2000))")
                        return (number, nil)
                    } catch {
                        return (number, LedgerTrouble(error) ?? .damaged)
                    }
                }
            }
            return await group.reduce(into: [Int: LedgerTrouble?]()) { $0[$1.0] = $1.1 }
        }
        let kept = try await ledger.pauses()
        for (number, trouble) in results {
            #expect(kept.contains { $0.hasPrefix("inbox \(number) ") } == (trouble == nil))
            #expect(trouble == nil || trouble == .full)
        }
        #expect(results.values.contains(.full))
        try await ledger.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        try await ledger.pause("again")
        #expect(try await ledger.pauses().contains("again"))
    }
}
