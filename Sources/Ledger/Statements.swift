import CSQLite
import GRDB
import Model

/// Statements, bound and read without a detour.
///
/// GRDB's own rows copy what they hold, and find out at run time what it is and how its columns are spelled: for a
/// statement that touches one row that costs more than SQLite's part of the work, and each drop runs some thirty.
/// Connections, transactions, prepared statements and errors are GRDB's.
extension Database {
    /// Runs a statement of which nothing is read.
    ///
    /// - Throws: GRDB's `DatabaseError`; so do the others.
    func run(_ sql: String, _ values: (any StatementValue)...) throws {
        try step(sql, values) { _ in false }
    }

    /// Whether a query has a row.
    func holds(_ sql: String, _ values: (any StatementValue)...) throws -> Bool {
        var isFound = false
        try step(sql, values) { _ in
            isFound = true
            return false
        }
        return isFound
    }

    /// - Returns: what is made of the first row; `nil` where there is none.
    func first<Value>(
        _ sql: String, _ values: (any StatementValue)..., make: (inout Columns) throws -> Value
    ) throws -> Value? {
        var first: Value?
        try step(sql, values) { columns in
            first = try make(&columns)
            return false
        }
        return first
    }

    /// - Parameter see: shown each row.
    func each(_ sql: String, _ values: (any StatementValue)..., see: (inout Columns) throws -> Void) throws {
        try step(sql, values) { columns in
            try see(&columns)
            return true
        }
    }

    func all<Value>(
        _ sql: String, _ values: (any StatementValue)..., make: (inout Columns) throws -> Value
    ) throws -> [Value] {
        try all(sql, values, make: make)
    }

    func all<Value>(
        _ sql: String, _ values: [any StatementValue], make: (inout Columns) throws -> Value
    ) throws -> [Value] {
        var all: [Value] = []
        try step(sql, values) { columns in
            all.append(try make(&columns))
            return true
        }
        return all
    }

    /// - Parameter see: shown each row; says whether to go on.
    private func step(
        _ sql: String, _ values: [any StatementValue], _ see: (inout Columns) throws -> Bool
    ) throws {
        let prepared = try cachedStatement(sql: sql)
        defer { withExtendedLifetime(prepared) {} }
        let statement = prepared.sqliteStatement
        // What is not bound would be what the last one who ran it meant.
        precondition(sqlite3_bind_parameter_count(statement) == values.count, "values do not fit \(sql)")
        defer { sqlite3_reset(statement) }
        for (index, value) in values.enumerated() {
            let code = value.bind(to: statement, at: Int32(index) + 1)
            guard code == SQLITE_OK else { throw failure(code, sql) }
        }
        var columns = Columns(statement: statement)
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW:
                let goesOn = try see(&columns)
                if let missing = columns.missing { throw LedgerCorruption(column: "\(missing)") }
                guard goesOn else { return }
            case SQLITE_DONE: return
            // Whoever asked wants to know no more.
            case SQLITE_INTERRUPT: throw CancellationError()
            case let code: throw failure(code, sql)
            }
        }
    }

    private func failure(_ code: Int32, _ sql: String) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: code), message: lastErrorMessage, sql: sql)
    }
}

/// SQLite as this program uses it.
enum SQLite {
    /// Done once, before anything else is asked of SQLite: it counts the memory that it takes, which nobody reads, under a
    /// lock that each of the hundreds of allocations for a drop waits for.
    static let isSetUp: Bool = sluice_sqlite_stop_counting_memory() == SQLITE_OK
}

/// One row while it is being read: columns by name, cheapest in the order in which the statement has them.
struct Columns {
    fileprivate let statement: SQLiteStatement
    private var next: Int32 = 0
    /// A column that had to hold something and does not, or is not there.
    fileprivate var missing: StaticString?

    fileprivate init(statement: SQLiteStatement) {
        self.statement = statement
    }

    /// Of a column that is there and never NULL; if it is not so, the query ends with ``LedgerCorruption``. The same goes
    /// for the others that give no optional.
    mutating func integer(_ name: StaticString) -> Int64 { demanded(optionalInteger(name), name) ?? 0 }

    mutating func number(_ name: StaticString) -> Int { Int(integer(name)) }

    mutating func flag(_ name: StaticString) -> Bool { integer(name) != 0 }

    mutating func text(_ name: StaticString) -> String { demanded(optionalText(name), name) ?? "" }

    mutating func bytes(_ name: StaticString) -> [UInt8] { demanded(optionalBytes(name), name) ?? [] }

    /// - Returns: `nil` for NULL, and where a ledger of an earlier version has no such column; so do the others.
    mutating func optionalInteger(_ name: StaticString) -> Int64? {
        value(name).map { sqlite3_column_int64(statement, $0) }
    }

    mutating func optionalNumber(_ name: StaticString) -> Int? { optionalInteger(name).map { Int($0) } }

    mutating func optionalText(_ name: StaticString) -> String? {
        value(name).map { String(decoding: contents($0), as: UTF8.self) }
    }

    mutating func optionalBytes(_ name: StaticString) -> [UInt8]? {
        value(name).map { Array(contents($0)) }
    }

    private mutating func demanded<Value>(_ value: Value?, _ name: StaticString) -> Value? {
        if value == nil { missing = name }
        return value
    }

    /// Adds every column's type, length and value to `bytes`: no two rows are the same bytes.
    func append(to bytes: inout [UInt8]) {
        for place in 0..<sqlite3_column_count(statement) {
            let type = sqlite3_column_type(statement, place)
            switch type {
            case SQLITE_INTEGER: bytes.append(1, sqlite3_column_int64(statement, place))
            case SQLITE_FLOAT:
                bytes.append(2, Int64(bitPattern: sqlite3_column_double(statement, place).bitPattern))
            case SQLITE_TEXT, SQLITE_BLOB:
                let contents = contents(place)
                bytes.append(type == SQLITE_TEXT ? 3 : 4, Int64(contents.count))
                bytes.append(contentsOf: contents)
            default: bytes.append(0)
            }
        }
    }

    /// Of text or of a blob; valid until the next step.
    private func contents(_ place: Int32) -> UnsafeRawBufferPointer {
        // In this order: SQLite counts the bytes of what it has just handed over.
        let start = sqlite3_column_blob(statement, place)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, place)))
    }

    private mutating func value(_ name: StaticString) -> Int32? {
        place(of: name).flatMap { sqlite3_column_type(statement, $0) == SQLITE_NULL ? nil : $0 }
    }

    private mutating func place(of name: StaticString) -> Int32? {
        let count = sqlite3_column_count(statement)
        for offset in 0..<count {
            let place = (next + offset) % count
            guard let found = sqlite3_column_name(statement, place) else { continue }
            if sqlite3_stricmp(found, UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)) == 0 {
                next = place + 1
                return place
            }
        }
        return nil
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ tag: UInt8, _ number: Int64) {
        append(tag)
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }
}

/// What a statement's `?` can stand for.
protocol StatementValue {
    /// - Returns: SQLite's result code.
    func bind(to statement: SQLiteStatement, at place: Int32) -> Int32
}

/// SQLite copies what it is given before a call returns.
private let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

extension Int64: StatementValue {
    func bind(to statement: SQLiteStatement, at place: Int32) -> Int32 { sqlite3_bind_int64(statement, place, self) }
}

extension Int: StatementValue {
    func bind(to statement: SQLiteStatement, at place: Int32) -> Int32 {
        sqlite3_bind_int64(statement, place, Int64(self))
    }
}

extension Bool: StatementValue {
    func bind(to statement: SQLiteStatement, at place: Int32) -> Int32 {
        sqlite3_bind_int64(statement, place, self ? 1 : 0)
    }
}

extension String: StatementValue {
    func bind(to statement: SQLiteStatement, at place: Int32) -> Int32 {
        var text = self
        return text.withUTF8 { bytes in
            // A text without characters is not NULL.
            if bytes.isEmpty { return sqlite3_bind_text(statement, place, "", 0, copied) }
            return bytes.withMemoryRebound(to: CChar.self) {
                sqlite3_bind_text64(
                    statement, place, $0.baseAddress, UInt64(bytes.count), copied, UInt8(SQLITE_UTF8))
            }
        }
    }
}

extension [UInt8]: StatementValue {
    func bind(to statement: SQLiteStatement, at place: Int32) -> Int32 {
        // A blob without bytes is not NULL.
        isEmpty
            ? sqlite3_bind_zeroblob(statement, place, 0)
            : withUnsafeBytes { sqlite3_bind_blob64(statement, place, $0.baseAddress, UInt64(count), copied) }
    }
}

extension FileName: StatementValue {
    func bind(to statement: SQLiteStatement, at place: Int32) -> Int32 { bytes.bind(to: statement, at: place) }
}

extension Optional: StatementValue where Wrapped: StatementValue {
    func bind(to statement: SQLiteStatement, at place: Int32) -> Int32 {
        self?.bind(to: statement, at: place) ?? sqlite3_bind_null(statement, place)
    }
}
