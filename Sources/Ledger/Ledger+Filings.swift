import Foundation
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
}

extension Ledger {
    /// The drop and its result are where they belong, as far as programs see.
    ///
    /// - Returns: what to ``forget(filings:)`` when the disk has them, too.
    @discardableResult
    package func close(_ drop: DropID) async throws -> Int64 {
        try await commit { database in
            try database.cachedStatement(sql: "UPDATE drops SET state = 'filed' WHERE id = ? AND state <> 'filed'")
                .execute(arguments: [drop.text])
            if database.changesCount > 0 { try Chain.append(drop.text, database) }
            try database.cachedStatement(sql: "INSERT INTO filings (dropID) VALUES (?)")
                .execute(arguments: [drop.text])
            return database.lastInsertedRowID
        }
    }

    /// These drops and their results are on disk.
    package func forget(filings: [Int64]) async throws {
        try await commit { database in
            let statement = try database.cachedStatement(sql: "DELETE FROM filings WHERE id = ?")
            for filing in filings { try statement.execute(arguments: [filing]) }
        }
    }

    /// The drops of an inbox that have not come to their end, and those that were filed and are not known to be on disk,
    /// in the order of arrival. Those that are being put back are left out: whoever puts them back looks for them.
    package func standings(inbox: String) async throws -> [Standing] {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM drops WHERE inbox = ?
                        AND (state <> 'filed' OR id IN (SELECT dropID FROM filings))
                        AND id NOT IN (SELECT dropID FROM requeues WHERE state = 'moving')
                    ORDER BY arrival
                    """, arguments: [inbox])
            return try rows.map { row in
                let id = row["id"] as String
                func decided() throws -> (DropResult, filedName: FileName) {
                    (try Ledger.result(of: id, database), FileName(bytes: row["filedName"] as Data))
                }
                let place: Standing.Place =
                    switch row["state"] as String {
                    case "waiting": .work
                    case "decided": .leaving(try decided().0, filedName: try decided().filedName)
                    default: .folder(try decided().0, filedName: try decided().filedName)
                    }
                return Standing(
                    drop: Drop(row: row), sha256: (row["sha256"] as Data?).map(Array.init), place: place,
                    filings: try Int64.fetchAll(
                        database, sql: "SELECT id FROM filings WHERE dropID = ?", arguments: [id]))
            }
        }
    }

    /// The names in `failed` of drops with this content, the newest first: where one lay before it was put back.
    package func failedNames(inbox: String, sha256: [UInt8]) async throws -> [FileName] {
        try await pool.read { database in
            try Data.fetchAll(
                database,
                sql: """
                    SELECT filedName FROM drops WHERE inbox = ? AND sha256 = ? AND state = 'filed'
                        AND outcome = 'failed' AND removal IS NULL ORDER BY finishedAt DESC
                    """, arguments: [inbox, Data(sha256)]
            ).map { FileName(bytes: $0) }
        }
    }
}
