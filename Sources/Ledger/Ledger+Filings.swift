import GRDB
import Model

/// A drop whose file is not known to be on disk where the ledger says that it is: a power loss may have put it back.
package struct Standing: Sendable {
    package enum Place: Sendable {
        /// In `work`, to go on from there.
        case work
        /// In `work`, or in its folder already.
        case leaving(DropResult, filedName: FileName)
        /// In its folder.
        case folder(DropResult, filedName: FileName)
    }

    package let drop: Drop
    package let sha256: [UInt8]?
    package let place: Place
    /// To be forgotten once the drop is known to be on disk.
    package let filings: [Int64]
    /// Whether a drop of another inbox has the same place in that one's `work`: where the two changed folders, what lies
    /// there is the other's.
    package fileprivate(set) var isContested = false
}

extension Ledger {
    /// The drop and its result are where they belong, as far as programs see.
    ///
    /// - Returns: what to ``forget(filings:)`` when the disk has them, too.
    @discardableResult
    package func close(_ drop: DropID) async throws -> Int64 {
        try await commit { database in
            try database.run("UPDATE drops SET state = 'filed' WHERE id = ? AND state <> 'filed'", drop.text)
            if database.changesCount > 0 { try Chain.append(drop.text, database) }
            try database.run("INSERT INTO filings (dropID) VALUES (?)", drop.text)
            return database.lastInsertedRowID
        }
    }

    /// A filed drop is not in its folder, for a power loss undid that, and is about to be filed once more.
    package func reopen(_ drop: DropID) async throws {
        try await commit { database in
            try database.run("UPDATE drops SET state = 'decided' WHERE id = ? AND state = 'filed'", drop.text)
        }
    }

    /// These drops and their results are on disk.
    package func forget(filings: [Int64]) async throws {
        try await commit { database in
            for filing in filings { try database.run("DELETE FROM filings WHERE id = ?", filing) }
        }
    }

    /// The drops of an inbox that have not come to their end, and those that were filed and are not known to be on disk,
    /// in the order of arrival. Those that are being put back are left out: whoever puts them back looks for them.
    package func standings(inbox: String) async throws -> [Standing] {
        try await pool.read { database in
            var standings = try database.all(
                """
                SELECT * FROM drops WHERE inbox = ?
                    AND (state <> 'filed' OR id IN (SELECT dropID FROM filings))
                    AND id NOT IN (SELECT dropID FROM requeues WHERE state = 'moving')
                ORDER BY arrival
                """, inbox
            ) { row in
                let drop = Drop(&row)
                let (sha256, state) = (row.optionalBytes("sha256"), row.text("state"))
                var place = Standing.Place.work
                if state != "waiting" {
                    let decided = try DecidedRow(drop, &row)
                    let result = try decided.result(database)
                    place =
                        state == "decided"
                        ? .leaving(result, filedName: decided.filedName) : .folder(result, filedName: decided.filedName)
                }
                return Standing(
                    drop: drop, sha256: sha256, place: place,
                    filings: try database.all("SELECT id FROM filings WHERE dropID = ?", drop.id.text) {
                        $0.integer("id")
                    })
            }
            if standings.isEmpty { return [] }
            let others = Set(
                try database.all("SELECT * FROM drops WHERE state <> 'filed' AND inbox <> ?", inbox) {
                    Drop(&$0).workName
                })
            for index in standings.indices {
                standings[index].isContested = others.contains(standings[index].drop.workName)
            }
            return standings
        }
    }

    /// The names in `failed` of drops with this content, the newest first: where one lay before it was put back.
    package func failedNames(inbox: String, sha256: [UInt8]) async throws -> [FileName] {
        try await pool.read { database in
            try database.all(
                """
                SELECT filedName FROM drops WHERE inbox = ? AND sha256 = ? AND state = 'filed'
                    AND outcome = 'failed' AND removal IS NULL ORDER BY finishedAt DESC
                """, inbox, sha256
            ) { FileName(bytes: $0.bytes("filedName")) }
        }
    }
}
