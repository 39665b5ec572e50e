import Foundation
import GRDB
import Model

/// Which drops a page of a long list is made of.
package struct DropPage: Sendable, Hashable {
    package enum State: Sendable, Hashable {
        case pending
        case ended(Outcome)
    }

    /// `nil`: all.
    package var state: State?
    package var inbox: String?
    package var code: Code?
    /// A part of the name or of a reference, a `clientReferenceId` that stands in a problem or that an accepted document
    /// spoke of last, or a drop's identifier.
    package var text: String?
    /// Only what arrived before.
    package var before: Int64?
    package var limit: Int

    package init(
        state: State? = nil, inbox: String? = nil, code: Code? = nil, text: String? = nil, before: Int64? = nil,
        limit: Int = 50
    ) {
        self.state = state
        self.inbox = inbox
        self.code = code
        self.text = text
        self.before = before
        self.limit = limit
    }
}

extension LedgerReader {
    /// The drops of a page, the newest first.
    package func drops(_ page: DropPage) throws -> [DropEntry] {
        try queue.read { try page.fetch($0) }
    }

    /// The codes that failed drops have.
    package func failedCodes() throws -> [Code] {
        try queue.read { database in
            try String.fetchAll(
                database,
                sql: "SELECT DISTINCT json_extract(problem, '$.code') FROM drops WHERE outcome = 'failed' ORDER BY 1"
            ).compactMap(Code.init(rawValue:))
        }
    }
}

extension DropPage {
    fileprivate func fetch(_ database: Database) throws -> [DropEntry] {
        var conditions: [String] = []
        var arguments: [any DatabaseValueConvertible] = []
        switch state {
        case .pending: conditions.append("state <> 'filed'")
        case .ended(let outcome):
            conditions.append("outcome = ?")
            arguments.append(outcome.rawValue)
        case nil: break
        }
        if let inbox {
            conditions.append("inbox = ?")
            arguments.append(inbox)
        }
        if let code {
            conditions.append("json_extract(problem, '$.code') = ?")
            arguments.append(code.rawValue)
        }
        if let before {
            conditions.append("arrival < ?")
            arguments.append(before)
        }
        if let text {
            let isIn = { (column: String) in "instr(CAST(\(column) AS BLOB), CAST(? AS BLOB)) > 0" }
            var matches = [
                isIn("name"), isIn("coalesce(filedName, x'')"), isIn("coalesce(problem, '')"), "id = ?",
                "id IN (SELECT dropID FROM batches WHERE \(isIn("reference")))",
            ]
            arguments += Array(repeating: text, count: matches.count) as [any DatabaseValueConvertible]
            let spoken = try DropPage.drops(thatSpokeOf: text, database)
            if !spoken.isEmpty {
                matches.append("id IN (\(spoken.map { _ in "?" }.joined(separator: ", ")))")
                arguments += spoken
            }
            conditions.append("(\(matches.joined(separator: " OR ")))")
        }
        let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        arguments.append(limit)
        return try Row.fetchAll(
            database, sql: "SELECT * FROM drops\(filter) ORDER BY arrival DESC LIMIT ?",
            arguments: StatementArguments(arguments)
        ).map(DropEntry.init(row:))
    }

    /// The documents, one of each kind at most, that spoke last of an identity.
    private static func drops(thatSpokeOf identity: String, _ database: Database) throws -> [String] {
        let keys = IdentityKeys([
            IdentityKeys.key(clientReferenceId: identity), IdentityKeys.key(claimNumber: identity),
        ])
        var drops: [String] = []
        try Ledger.eachPiece(of: keys, as: Kind.documents) { piece in
            drops += try String.fetchAll(
                database,
                sql: """
                    SELECT words.dropID FROM json_each(?) AS asked CROSS JOIN lastWords
                        ON lastWords.identity = asked.value CROSS JOIN words ON words.word = lastWords.word
                    """, arguments: [piece])
            return true
        }
        return drops
    }
}
