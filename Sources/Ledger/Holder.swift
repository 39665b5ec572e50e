import GRDB
import Model

/// What makes a drop known: its content, a reference of its sender's own, its bytes.
struct HoldKey: Hashable {
    var text: String
    /// Whether it stays known after the drop was accepted.
    var lasts: Bool

    var isOwn: Bool { text.hasPrefix("own:") }

    static func own(_ reference: String) -> String { "own:" + reference }

    /// The keys of a drop, the most particular first.
    static func all(of admission: Admission) -> [HoldKey] {
        var keys = [HoldKey(text: admission.content, lasts: true)]
        if let own = admission.ownReference { keys.append(HoldKey(text: HoldKey.own(own), lasts: true)) }
        if admission.plainContent != admission.content {
            keys.append(HoldKey(text: "plain:" + admission.plainContent, lasts: false))
        }
        guard admission.kind != .attachment else { return keys }
        keys.append(HoldKey(text: bytes(admission.sha256, scope: admission.scope), lasts: false))
        // What the same bytes become depends on the configuration. For a payment they are the same payment.
        if admission.kind == .payment { keys.append(HoldKey(text: payment(admission), lasts: true)) }
        return keys
    }

    private static let bytesStem = "bytes:"
    private static let paymentStem = "payment-bytes:"

    /// What stands before the scope in keys that have one.
    static let scopedStems = [bytesStem, paymentStem]

    static func bytes(_ sha256: [UInt8], scope: String) -> String { "\(bytesStem)\(scope):\(sha256.hex)" }

    static func payment(_ admission: Admission) -> String {
        "\(paymentStem)\(admission.scope):\(admission.sha256.hex):\(admission.addition.hex)"
    }
}

/// A row of `holds`: a drop is on a key, or failed and left it open.
struct Hold {
    enum State: String {
        case pending, unresolved, partial
    }

    var content: String
    var inbox: String
    var scope: String
    var dropID: String
    var state: State
    var round: Int

    static func fetch(_ key: String, _ database: Database) throws -> Hold? {
        try database.first("SELECT * FROM holds WHERE key = ?", key) { row in
            Hold(
                content: row.text("content"), inbox: row.text("inbox"), scope: row.text("scope"),
                dropID: row.text("dropID"), state: try known(State(rawValue: row.text("state")), "holds.state"),
                round: row.number("round"))
        }
    }

    static func save(_ key: HoldKey, _ admission: Admission, _ database: Database) throws {
        try database.run(
            """
            INSERT OR REPLACE INTO holds (key, content, kind, inbox, scope, dropID, name, state, round, lasts)
            VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?)
            """, key.text, admission.content, admission.kind.rawValue, admission.drop.inbox, admission.scope,
            admission.drop.id.text, admission.drop.name, admission.round, key.lasts)
    }
}

/// A row of `contents`: the API took it.
struct Taken {
    enum State: String {
        case accepted, rejected
    }

    var content: String
    var inbox: String
    var scope: String
    var name: FileName
    var state: State
    var round: Int
    var word: Int64

    static func fetch(_ key: String, _ database: Database) throws -> Taken? {
        try database.first("SELECT * FROM contents WHERE key = ?", key) { row in
            Taken(
                content: row.text("content"), inbox: row.text("inbox"), scope: row.text("scope"),
                name: FileName(bytes: row.bytes("name")),
                state: try known(State(rawValue: row.text("state")), "contents.state"), round: row.number("round"),
                word: row.integer("word"))
        }
    }

    /// Makes what a drop holds last.
    static func keepHolds(of drop: String, _ state: State, word: Int64, _ database: Database) throws {
        try database.run(
            """
            INSERT INTO contents (key, content, kind, inbox, scope, dropID, name, state, round, word)
            SELECT key, content, kind, inbox, scope, dropID, name, ?2, round, ?3 FROM holds
            WHERE dropID = ?1 AND lasts
            ON CONFLICT (key) DO UPDATE SET content = excluded.content, kind = excluded.kind,
                inbox = excluded.inbox, scope = excluded.scope, dropID = excluded.dropID, name = excluded.name,
                state = excluded.state, round = MAX(round, excluded.round), word = excluded.word
            """, drop, state.rawValue, word)
        try Hold.release(drop, database)
    }
}

extension Hold {
    /// The `-rN` of what a drop holds; `nil`: it holds nothing.
    static func round(of drop: String, _ database: Database) throws -> Int? {
        try database.first("SELECT MAX(round) AS round FROM holds WHERE dropID = ?", drop) {
            $0.optionalNumber("round")
        } ?? nil
    }

    /// The word that was said when what a drop holds left for the first time; `nil`: it was not before.
    static func word(of drop: String, _ database: Database) throws -> Int64? {
        try database.first("SELECT MIN(word) AS word FROM holds WHERE dropID = ?", drop) {
            $0.optionalInteger("word")
        } ?? nil
    }

    static func release(_ drop: String, _ database: Database) throws {
        try database.run("DELETE FROM holds WHERE dropID = ?", drop)
    }
}
