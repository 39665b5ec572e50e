import GRDB
import Model

/// Which drops are asked for.
package struct DropQuery: Sendable {
    package enum State: Sendable, Hashable {
        case pending
        case ended(Folder)
        case outcome(Outcome)
    }

    /// How far a search by text goes.
    package enum Reach: Sendable, Hashable {
        /// A part of the name or of a reference, or a whole `clientReferenceId` that stands in a problem.
        case words
        /// Besides, a part of the name in its folder, a drop's identifier, and a `clientReferenceId` that an accepted
        /// document spoke of last.
        case everything
    }

    /// `nil`: all.
    package var state: State?
    package var inbox: String?
    package var code: Code?
    package var text: String?
    package var reach: Reach
    /// Ended since then.
    package var since: Timestamp?
    /// Those that came before the drop with this arrival number.
    package var before: Int64?
    package var limit: Int

    package init(
        state: State? = nil, inbox: String? = nil, code: Code? = nil, text: String? = nil, reach: Reach = .words,
        since: Timestamp? = nil, before: Int64? = nil, limit: Int = 100
    ) {
        self.state = state
        self.inbox = inbox
        self.code = code
        self.text = text
        self.reach = reach
        self.since = since
        self.before = before
        self.limit = limit
    }
}

extension LedgerReader {
    /// Drops, the newest first.
    package func drops(_ query: DropQuery = DropQuery()) throws -> [DropEntry] {
        try queue.read { try query.fetch($0) }
    }

    /// The same, piece by piece: a ledger may have more of them than one wants to hold. Between two pieces nobody who
    /// writes to the ledger is held up.
    ///
    /// - Parameters:
    ///   - size: how many drops a piece has at most.
    ///   - see: shown each piece; none is empty.
    package func eachPage(
        of query: DropQuery, size: Int = 200, _ see: ([DropEntry]) throws -> Void
    ) throws {
        var (page, left) = (query, query.limit)
        while left > 0 {
            page.limit = min(size, left)
            let drops = try drops(page)
            guard let last = drops.last else { return }
            try see(drops)
            if drops.count < page.limit { return }
            left -= drops.count
            page.before = last.drop.arrival
        }
    }
}

extension DropQuery {
    fileprivate func fetch(_ database: Database) throws -> [DropEntry] {
        var conditions: [String] = []
        var arguments: [any StatementValue] = []
        func add(_ condition: String, _ argument: (any StatementValue)?) {
            guard let argument else { return }
            conditions.append(condition)
            arguments.append(argument)
        }
        switch state {
        case .pending: conditions.append("state <> 'filed'")
        case .ended(.failed): conditions.append("outcome = 'failed'")
        case .ended(.done): conditions.append("outcome IN ('accepted', 'duplicate')")
        case .outcome(let outcome): add("outcome = ?", outcome.rawValue)
        case nil: break
        }
        add("inbox = ?", inbox)
        add("json_extract(problem, '$.code') = ?", code?.rawValue)
        add("finishedAt >= ?", since?.milliseconds)
        add("arrival < ?", before)
        if let text {
            let (match, matched) = try matches(text, database)
            conditions.append(match)
            arguments += matched
        }
        let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        arguments.append(limit)
        return try database.all("SELECT * FROM drops\(filter) ORDER BY arrival DESC LIMIT ?", arguments) {
            try DropEntry(&$0)
        }
    }

    private func matches(
        _ text: String, _ database: Database
    ) throws -> (condition: String, arguments: [any StatementValue]) {
        // By bytes: names need not be UTF-8.
        let isIn = { (column: String) in "instr(CAST(\(column) AS BLOB), CAST(? AS BLOB)) > 0" }
        var matches = [
            isIn("name"), isIn("coalesce(problem, '')"),
            "EXISTS (SELECT 1 FROM sentBatches WHERE dropID = drops.id AND \(isIn("reference")))",
        ]
        if reach == .everything { matches += [isIn("coalesce(filedName, x'')"), "id = ?"] }
        var arguments: [any StatementValue] = Array(repeating: text, count: matches.count)
        let spoken = reach == .everything ? try DropQuery.drops(thatSpokeOf: text, database) : []
        if !spoken.isEmpty {
            matches.append("id IN (\(spoken.map { _ in "?" }.joined(separator: ", ")))")
            arguments += spoken
        }
        return ("(\(matches.joined(separator: " OR ")))", arguments)
    }

    /// The documents, one of each kind at most, that spoke last of an identity.
    private static func drops(thatSpokeOf identity: String, _ database: Database) throws -> [String] {
        let keys = IdentityKeys([
            IdentityKeys.key(clientReferenceId: identity), IdentityKeys.key(claimNumber: identity),
        ])
        var drops: [String] = []
        try Ledger.eachPiece(of: keys, as: Kind.documents) { piece in
            drops += try database.all(
                """
                SELECT words.dropID FROM json_each(?) AS asked CROSS JOIN lastWords
                    ON lastWords.identity = asked.value CROSS JOIN words ON words.word = lastWords.word
                """, piece
            ) { $0.text("dropID") }
            return true
        }
        return drops
    }
}
