import Crypto
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
        let head = try database.first("SELECT head FROM closings ORDER BY seq DESC LIMIT 1") { $0.bytes("head") }
        let digest = try digest(of: id, hasJoints: hasJoints, database)
        try database.run(
            "INSERT INTO closings (dropID, digest, head) VALUES (?, ?, ?)", id, digest,
            link(id, digest, after: head ?? origin))
    }

    /// What the first closing follows.
    static let origin = [UInt8](repeating: 0, count: SHA256.byteCount)

    static func link(_ id: String, _ digest: [UInt8], after head: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: head + Array(id.utf8) + digest))
    }

    /// What the ledger says of a drop, its batches and their attempts. These columns are for good: a ledger written by
    /// one version is verified by the next.
    ///
    /// - Parameter hasJoints: whether the ledger is of a time with joint batches.
    static func digest(of id: String, hasJoints: Bool = true, _ database: Database) throws -> [UInt8] {
        var said: [UInt8] = []
        said.reserveCapacity(1024)
        for query in queries {
            try database.each(query, id) { $0.append(to: &said) }
            said.append(0xff)
        }
        if hasJoints { try database.each(shared, id) { $0.append(to: &said) } }
        return Array(SHA256.hash(data: said))
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
        SELECT requestID, at, status, durationMs, error FROM batches JOIN requests ON batchID = batches.id
        WHERE dropID = ? AND purpose = 'batch' ORDER BY requests.id
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
        let closed = try database.all("SELECT id FROM drops WHERE state = 'filed' ORDER BY arrival") { $0.text("id") }
        for id in closed { try append(id, hasJoints: false, database) }
    }
}
