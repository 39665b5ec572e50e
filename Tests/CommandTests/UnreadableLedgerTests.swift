import CSQLite
import Foundation
import TestSupport
import Testing

/// A ledger that can be opened and not be read: what a command says of it is no answer.
@Suite(.timeLimit(.minutes(3))) struct UnreadableLedgerTests {
    private static let environment = ["SECRET_OF_THE_TEST": "x"]

    /// Puts noise in the place of the first pages of a table and its indices.
    private static func garble(_ table: String, _ folder: TemporaryFolder) throws {
        let file = folder.url.appendingPathComponent("state/ledger.sqlite")
        let pages = try rootPages(of: table, file)
        let handle = try FileHandle(forUpdating: file)
        defer { try? handle.close() }
        for page in pages {
            try handle.seek(toOffset: UInt64(page - 1) * 4096)
            try handle.write(contentsOf: Data(repeating: 0xFF, count: 4096))
        }
    }

    private static func rootPages(of table: String, _ file: URL) throws -> [Int] {
        var (database, statement): (OpaquePointer?, OpaquePointer?)
        defer {
            sqlite3_finalize(statement)
            sqlite3_close(database)
        }
        try #require(sqlite3_open_v2(file.path, &database, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
        // A service leaves its log, and what is in that hides what is in the file.
        try #require(sqlite3_exec(database, "PRAGMA wal_checkpoint(TRUNCATE)", nil, nil, nil) == SQLITE_OK)
        let question = "SELECT rootpage FROM sqlite_schema WHERE tbl_name = '\(table)'"
        try #require(sqlite3_prepare_v2(database, question, -1, &statement, nil) == SQLITE_OK)
        var pages: [Int] = []
        while sqlite3_step(statement) == SQLITE_ROW { pages.append(Int(sqlite3_column_int(statement, 0))) }
        try #require(!pages.isEmpty)
        return pages
    }

    @Test func noStatusIsTakenForWhatTheLedgerSays() async throws {
        try await AdministrationTests.withFiledDrops { folder, _ in
            try Self.garble("drops", folder)
            let commands = [
                ["status"], ["status", "--json"], ["status", "--watch"], ["list"], ["audit"], ["show", "bad.json"],
                ["retry", "bad.json"], ["retry", "--all-retryable"], ["pause"], ["resume"],
            ]
            for command in commands {
                let ended = try await Program.run(command, in: folder.url, environment: Self.environment)
                #expect(ended.status == 69, "\(command)")
                #expect(ended.errors.hasPrefix("sluice: the ledger in "), "\(ended.errors)")
                #expect(ended.errors.contains("malformed") || ended.errors.contains("it is damaged"))
            }
        }
    }

    /// Beside a service that runs, which has looked the ledger through.
    @Test func whatIsInTheWayOfOneDropsRetryEndsTheOthersNot() async throws {
        try await AdministrationTests.withFiledDrops { folder, _ in
            try folder.url.appendingPathComponent("erp/inbox").write("{]", as: "worse.json")
            _ = try await Program.run(["run", "--once"], in: folder.url, environment: Self.environment)
            try Self.garble("retries", folder)
            let lock = try FileHandle(forUpdating: folder.url.appendingPathComponent("state/lock"))
            defer { try? lock.close() }
            try #require(flock(lock.fileDescriptor, LOCK_EX | LOCK_NB) == 0)
            let ended = try await Program.run(
                ["retry", "bad.json", "good.json", "worse.json"], in: folder.url, environment: Self.environment)
            #expect(ended.status == 65)
            let lines = ended.errors.split(separator: "\n")
            #expect(lines.map { $0.prefix { $0 != ":" } } == ["bad.json", "good.json", "worse.json"])
            #expect(lines.filter { $0.contains("malformed") }.count == 2 && lines[1].contains("it was accepted"))
        }
    }

    /// What is the matter with a ledger about which only a start may decide.
    enum Matter: CaseIterable {
        case isNoted, isDamaged, isBackupWithForeignLog

        func cause(in folder: TemporaryFolder) async throws {
            let state = folder.url.appendingPathComponent("state")
            switch self {
            case .isNoted: try state.write("corrupt page 7", as: "ledger.damaged")
            // Of all tables the one that no retry looks into.
            case .isDamaged: try UnreadableLedgerTests.garble("pauses", folder)
            case .isBackupWithForeignLog:
                let backup = try await Program.run(
                    ["backup", "copy"], in: folder.url, environment: UnreadableLedgerTests.environment)
                try #require(backup.status == 0)
                let ledger = state.appendingPathComponent("ledger.sqlite")
                try FileManager.default.removeItem(at: ledger)
                try FileManager.default.moveItem(at: folder.url.appendingPathComponent("copy"), to: ledger)
                try #require(try state.names.contains("ledger.sqlite-wal"))
            }
        }
    }

    @Test(arguments: Matter.allCases, ["bad.json", "--all-retryable"])
    func nothingIsPutBackWhereAStartHasToDecide(matter: Matter, drop: String) async throws {
        try await AdministrationTests.withFiledDrops { folder, _ in
            try await matter.cause(in: folder)
            let ended = try await Program.run(["retry", drop], in: folder.url, environment: Self.environment)
            #expect(ended.status == 69, "\(ended.output)")
            #expect(ended.errors.contains("start the service"))
            let erp = folder.url.appendingPathComponent("erp")
            #expect(try erp.appendingPathComponent("failed").names == ["bad.json", "bad.json.result.json"])
            #expect(try erp.appendingPathComponent("inbox").names == [])
        }
    }
}
