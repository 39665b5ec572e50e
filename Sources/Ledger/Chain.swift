import Crypto
import Foundation
import GRDB
import Model

/// The chain over closed drops: each closing is hashed together with all before it, so that a row which was removed or
/// altered afterwards shows (`sluice audit`).
///
/// It protects against mistakes and repairs by hand, and against a forger who does not compute it anew. One who does is
/// found out by a head that was written down elsewhere.
enum Chain {
    /// A closing: what the drop said then, and the hash of that and the closing before.
    static func append(_ id: String, hasJoints: Bool = true, _ database: Database) throws {
        let head = try Data.fetchOne(
            database.cachedStatement(sql: "SELECT head FROM closings ORDER BY seq DESC LIMIT 1"))
        let digest = try digest(of: id, hasJoints: hasJoints, database)
        try database.cachedStatement(sql: "INSERT INTO closings (dropID, digest, head) VALUES (?, ?, ?)")
            .execute(arguments: [
                id, digest.blob, link(id, digest, after: head.map(Array.init) ?? origin).blob,
            ])
    }

    /// What the first closing follows.
    static let origin = [UInt8](repeating: 0, count: SHA256.byteCount)

    static func link(_ id: String, _ digest: [UInt8], after head: [UInt8]) -> [UInt8] {
        var hasher = SHA256()
        hasher.update(data: head)
        hasher.update(data: Array(id.utf8))
        hasher.update(data: digest)
        return Array(hasher.finalize())
    }

    /// What the ledger says of a drop, its batches and their attempts. These columns are for good: a ledger written by
    /// one version is verified by the next.
    ///
    /// - Parameter hasJoints: whether the ledger is of a time with joint batches.
    static func digest(of id: String, hasJoints: Bool = true, _ database: Database) throws -> [UInt8] {
        var hasher = SHA256()
        for query in queries {
            try hash(query, of: id, into: &hasher, database)
            hasher.update(data: [0xff])
        }
        if hasJoints { try hash(shared, of: id, into: &hasher, database) }
        return Array(hasher.finalize())
    }

    private static func hash(
        _ query: String, of id: String, into hasher: inout SHA256, _ database: Database
    ) throws {
        let rows = try Row.fetchCursor(database.cachedStatement(sql: query), arguments: [id])
        while let row = try rows.next() {
            for value in row.databaseValues { hasher.update(value) }
        }
    }

    /// The batch that a drop shares with others; nothing is hashed where there is none.
    private static let shared = """
        SELECT joint, reference, place, firstRecord FROM sentBatches WHERE dropID = ? AND joint IS NOT NULL ORDER BY part
        """

    private static let queries = [
        """
        SELECT id, arrival, inbox, name, bytes, receivedAt, kind, sha256, content, outcome, confirmed, problem,
            duplicateOf, alreadyAccepted, finishedAt, filedName
        FROM drops WHERE id = ?
        """,
        """
        SELECT part, parts, reference, records, bytes, bodyHash, state FROM batches WHERE dropID = ? ORDER BY part
        """,
        """
        SELECT requestID, at, status, durationMs, error FROM requests
        WHERE batchID IN (SELECT id FROM batches WHERE dropID = ?) AND purpose = 'batch' ORDER BY id
        """,
    ]

    static let table = """
        -- Each time a drop was closed, in that order.
        CREATE TABLE closings (
            seq INTEGER PRIMARY KEY,
            dropID TEXT NOT NULL,
            -- What the ledger said of the drop.
            digest BLOB NOT NULL,
            -- The hash of the head before, the drop's identifier and the digest.
            head BLOB NOT NULL
        ) STRICT;
        """

    /// Takes into the chain what was closed before there was one.
    static func begin(_ database: Database) throws {
        try database.execute(sql: table)
        let closed = try String.fetchAll(database, sql: "SELECT id FROM drops WHERE state = 'filed' ORDER BY arrival")
        for id in closed { try append(id, hasJoints: false, database) }
    }
}

extension SHA256 {
    /// With its type and length: no two rows are the same bytes.
    fileprivate mutating func update(_ value: DatabaseValue) {
        switch value.storage {
        case .null: update(data: [0])
        case .int64(let number): update(1, number)
        case .double(let number): update(2, Int64(bitPattern: number.bitPattern))
        case .string(let text):
            update(3, Int64(text.utf8.count))
            update(data: Array(text.utf8))
        case .blob(let bytes):
            update(4, Int64(bytes.count))
            update(data: bytes)
        }
    }

    private mutating func update(_ tag: UInt8, _ number: Int64) {
        update(data: [tag])
        withUnsafeBytes(of: number.bigEndian) { update(bufferPointer: $0) }
    }
}
