import GRDB
import Model

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
