import CSQLite
import Foundation
import GRDB
import Model
import Testing
import TestSupport

@testable import Ledger

@Suite struct StatementsTests {
    private let queue: DatabaseQueue

    init() throws {
        queue = try DatabaseQueue()
        try queue.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE things (number INTEGER, text TEXT, bytes BLOB, real REAL);
                    INSERT INTO things VALUES (1, 'one', x'01', 1.5), (2, NULL, NULL, NULL), (-3, '', x'', 0);
                    """)
        }
    }

    @Test func whatIsBoundComesBack() throws {
        let texts = ["", "a", "zwei", "ü\u{0}😀", String(repeating: "long ", count: 10_000)]
        let blobs: [[UInt8]] = [[], [0], Array(0...255)]
        let numbers: [Int64] = [0, 1, -1, .min, .max]
        try queue.read { database in
            for text in texts {
                let found = try database.first("SELECT ? AS text", text) { $0.text("text") }
                #expect(found == text)
            }
            for blob in blobs {
                let found = try database.first("SELECT ? AS bytes", blob) { $0.bytes("bytes") }
                #expect(found == blob, "one without bytes is not NULL")
            }
            for number in numbers {
                #expect(try database.first("SELECT ? AS number", number) { $0.integer("number") } == number)
            }
            let name = FileName(bytes: [0xFF, 0x61])
            #expect(try database.first("SELECT ? AS bytes", name) { $0.bytes("bytes") } == name.bytes)
            #expect(try database.first("SELECT ? AS flag", true) { $0.flag("flag") } == true)
            let nothing = try database.first("SELECT ? AS a, ? AS b", String?.none, [UInt8]?.none) { row in
                (row.optionalText("a"), row.optionalBytes("b"))
            }
            #expect(nothing?.0 == nil && nothing?.1 == nil)
        }
    }

    @Test func columnsAreFoundInAnyOrder() throws {
        try queue.read { database in
            let rows = try database.all("SELECT * FROM things ORDER BY rowid") { row in
                (row.optionalBytes("bytes"), row.integer("number"), row.optionalText("text"), row.optionalText("later"))
            }
            #expect(rows.map(\.0) == [[1], nil, []])
            #expect(rows.map(\.1) == [1, 2, -3])
            #expect(rows.map(\.2) == ["one", nil, ""])
            #expect(rows.allSatisfy { $0.3 == nil }, "an earlier ledger has no such column")
        }
    }

    @Test func aColumnThatHasToHoldSomethingIsMissed() throws {
        try queue.read { database in
            func isMissed(_ read: (inout Columns) -> Void) {
                #expect(throws: LedgerCorruption.self) {
                    try database.each("SELECT * FROM things ORDER BY rowid", see: read)
                }
            }
            isMissed { _ = $0.text("text") }
            isMissed { _ = $0.bytes("bytes") }
            isMissed { _ = $0.integer("numbre") }
            // And whoever comes next finds the statement as it has to be.
            let numbers = try database.all("SELECT * FROM things ORDER BY rowid") { $0.integer("number") }
            #expect(numbers == [1, 2, -3])
        }
    }

    @Test func aQueryCanBeLeftInTheMiddle() throws {
        try queue.write { database in
            #expect(try database.first("SELECT number FROM things ORDER BY rowid") { $0.integer("number") } == 1)
            #expect(try database.holds("SELECT 1 FROM things WHERE number > ?", 0))
            #expect(try !database.holds("SELECT 1 FROM things WHERE number > ?", 100))
            #expect(throws: CocoaError.self) {
                try database.each("SELECT number FROM things") { _ in throw CocoaError(.fileNoSuchFile) }
            }
            try database.run("DELETE FROM things")
            #expect(database.changesCount == 3)
            #expect(try database.first("SELECT number FROM things") { $0.integer("number") } == nil)
        }
    }

    @Test func whatSQLiteRefusesIsSaidInItsWords() throws {
        try queue.write { database in
            try database.execute(sql: "CREATE TABLE single (number INTEGER UNIQUE)")
            try database.run("INSERT INTO single VALUES (?)", 1)
            let error = #expect(throws: DatabaseError.self) {
                try database.run("INSERT INTO single VALUES (?)", 1)
            }
            #expect(error?.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE)
            #expect(error?.message == "UNIQUE constraint failed: single.number")
            try database.run("INSERT INTO single VALUES (?)", 2)
        }
    }

    /// A read whose task is cancelled has nothing wrong with it.
    @Test func anInterruptionIsACancellation() throws {
        try queue.read { database in
            _ = #expect(throws: CancellationError.self) {
                try database.each(
                    """
                    WITH RECURSIVE numbers (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM numbers LIMIT 1000000)
                    SELECT n FROM numbers
                    """
                ) { row in
                    if row.integer("n") == 1000 { sqlite3_interrupt(database.sqliteConnection) }
                }
            }
        }
    }

    /// What the chain over closed drops hashes: types, lengths and values.
    @Test func rowsAreNeverTheSameBytes() throws {
        try queue.read { database in
            func bytes(_ sql: String) throws -> [UInt8] {
                var bytes: [UInt8] = []
                try database.each(sql) { $0.append(to: &bytes) }
                return bytes
            }
            let row = try bytes("SELECT NULL, 258, 'ab', x'0102', 1.5")
            let expected: [[UInt8]] = [
                [0], [1, 0, 0, 0, 0, 0, 0, 1, 2], [3, 0, 0, 0, 0, 0, 0, 0, 2, 0x61, 0x62],
                [4, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2], [2, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0],
            ]
            #expect(row == expected.flatMap(\.self))
            #expect(try bytes("SELECT 'a', 'bc'") != bytes("SELECT 'ab', 'c'"))
            #expect(try bytes("SELECT 'a'") != bytes("SELECT x'61'"))
        }
    }
}
