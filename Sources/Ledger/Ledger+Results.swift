import Foundation
import GRDB
import Model

/// A drop that an earlier run of the service did not bring to its end.
package enum Unfinished: Sendable {
    /// Judged and not yet decided: it is read again and goes on where the ledger left it.
    case waiting(Drop)
    /// Decided: its result is made again and it is filed under this name.
    case decided(DropResult, filedName: FileName)

    package var drop: Drop {
        switch self {
        case .waiting(let drop): drop
        case .decided(let result, _): result.drop
        }
    }
}

extension Ledger {
    /// What is left to do in an inbox from earlier runs: first what had its turn, then the others, each in the order
    /// of arrival. A drop that was put back has an early number, and yet may have to wait for one that had its turn.
    package func unfinished(inbox: String) async throws -> [Unfinished] {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM drops WHERE inbox = ? AND state <> 'filed'
                    ORDER BY EXISTS (SELECT 1 FROM holds WHERE dropID = drops.id AND state = 'pending') DESC, arrival
                    """, arguments: [inbox])
            return try rows.map { row in
                guard row["state"] as String == "decided" else { return .waiting(Drop(row: row)) }
                return .decided(
                    try Ledger.result(row: row, database), filedName: FileName(bytes: row["filedName"] as Data))
            }
        }
    }

    /// Everything that the ledger knows about one decided drop.
    ///
    /// - Returns: `nil` for an unknown drop and for one that is not decided.
    package func result(of id: DropID) async throws -> DropResult? {
        try await pool.read { try Ledger.decidedResult(of: id, $0) }
    }

    static func decidedResult(of id: DropID, _ database: Database) throws -> DropResult? {
        let isDecided = try Bool.fetchOne(
            database, sql: "SELECT outcome IS NOT NULL FROM drops WHERE id = ?", arguments: [id.text])
        return isDecided == true ? try result(of: id.text, database) : nil
    }

    static func result(of id: String, _ database: Database) throws -> DropResult {
        guard
            let row = try Row.fetchOne(
                database.cachedStatement(sql: "SELECT * FROM drops WHERE id = ?"), arguments: [id])
        else { throw LedgerCorruption(column: "drops.id") }
        return try result(row: row, database)
    }

    /// - Parameter row: a decided drop's.
    static func result(row: Row, _ database: Database) throws -> DropResult {
        let problem = try (row["problem"] as String?).map {
            try JSONDecoder().decode(Problem.self, from: Data($0.utf8))
        }
        return DropResult(
            drop: Drop(row: row),
            kind: try (row["kind"] as String?).map { try known(Kind(rawValue: $0), "drops.kind") },
            sha256: (row["sha256"] as Data?).map(Array.init),
            outcome: try known(Outcome(rawValue: row["outcome"]), "drops.outcome"), isConfirmed: row["confirmed"],
            problem: problem, finishedAt: Timestamp(milliseconds: row["finishedAt"]),
            batches: try reports(of: row["id"], database),
            duplicateOf: (row["duplicateOf"] as Data?).map { FileName(bytes: $0) },
            alreadyAccepted: try leftOut(row))
    }

    /// The records that were left out of a drop's batches.
    static func leftOut(_ row: Row) throws -> [AcceptedRecord] {
        guard let text = row["alreadyAccepted"] as String? else { return [] }
        return try JSONDecoder().decode([AcceptedRecord].self, from: Data(text.utf8))
    }

    static func reports(of id: String, _ database: Database) throws -> [DropResult.BatchReport] {
        let rows = try Row.fetchAll(
            database.cachedStatement(sql: "SELECT * FROM sentBatches WHERE dropID = ? ORDER BY part"), arguments: [id])
        return try rows.map { row in
            let joint = row["joint"] as Int64?
            let attempts = try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT * FROM requests WHERE \(joint == nil ? "batchID" : "joint") = ? AND purpose = 'batch'
                        ORDER BY id
                        """),
                arguments: [joint ?? row["id"]])
            return DropResult.BatchReport(
                batch: try Batch(row: row), attempts: try attempts.map(Attempt.init(row:)),
                statusURI: row["statusURI"], response: row["response"])
        }
    }
}

extension Ledger {
    /// Whether a drop's outcome stands. A drop that the ledger does not know will never have one: it is as good as
    /// final for whoever waits.
    package func isFinal(_ drop: DropID) async throws -> Bool {
        try await pool.read { database in
            let state = try String.fetchOne(
                database, sql: "SELECT state FROM drops WHERE id = ?", arguments: [drop.text])
            return state != "waiting"
        }
    }
}
