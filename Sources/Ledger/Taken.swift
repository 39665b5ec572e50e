import GRDB
import Model

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
