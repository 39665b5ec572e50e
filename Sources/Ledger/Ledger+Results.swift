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
            try database.all(
                """
                SELECT * FROM drops WHERE inbox = ? AND state <> 'filed'
                ORDER BY EXISTS (SELECT 1 FROM holds WHERE dropID = drops.id AND state = 'pending') DESC, arrival
                """, inbox
            ) { row in
                let drop = Drop(&row)
                guard row.text("state") == "decided" else { return .waiting(drop) }
                let decided = try DecidedRow(drop, &row)
                return .decided(try decided.result(database), filedName: decided.filedName)
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
        try database.first("SELECT * FROM drops WHERE id = ? AND outcome IS NOT NULL", id.text) { row in
            try DecidedRow(Drop(&row), &row).result(database)
        }
    }

    static func reports(of id: String, _ database: Database) throws -> [DropResult.BatchReport] {
        try database.all("SELECT * FROM sentBatches WHERE dropID = ? ORDER BY part", id) { row in
            let number = row.integer("id")
            let batch = try Batch(&row)
            let attempts = try database.all(
                """
                SELECT at, status, durationMs, error FROM requests
                WHERE \(batch.joined == nil ? "batchID" : "joint") = ? AND purpose = 'batch' ORDER BY id
                """, batch.joined?.joint ?? number
            ) { try Attempt(&$0) }
            return DropResult.BatchReport(
                batch: batch, attempts: attempts, statusURI: row.optionalText("statusURI"),
                response: row.optionalText("response"))
        }
    }
}

/// The row of a decided drop.
struct DecidedRow {
    let drop: Drop
    let kind: Kind?
    let sha256: [UInt8]?
    let content: String?
    let outcome: Outcome
    let isConfirmed: Bool
    let problem: Problem?
    let duplicateOf: FileName?
    let finishedAt: Timestamp
    let filedName: FileName
    /// The records that were left out of its batches.
    let leftOut: [AcceptedRecord]

    init(_ drop: Drop, _ row: inout Columns) throws {
        self.drop = drop
        kind = try row.optionalText("kind").map { try known(Kind(rawValue: $0), "drops.kind") }
        sha256 = row.optionalBytes("sha256")
        content = row.optionalText("content")
        outcome = try known(Outcome(rawValue: row.text("outcome")), "drops.outcome")
        isConfirmed = row.flag("confirmed")
        problem = try Problem(&row)
        duplicateOf = row.optionalBytes("duplicateOf").map { FileName(bytes: $0) }
        finishedAt = Timestamp(milliseconds: row.integer("finishedAt"))
        filedName = FileName(bytes: row.bytes("filedName"))
        leftOut =
            try row.optionalText("alreadyAccepted").map {
                try JSONDecoder().decode([AcceptedRecord].self, from: Data($0.utf8))
            } ?? []
    }

    func result(_ database: Database) throws -> DropResult {
        DropResult(
            drop: drop, kind: kind, sha256: sha256, outcome: outcome, isConfirmed: isConfirmed, problem: problem,
            finishedAt: finishedAt, batches: try Ledger.reports(of: drop.id.text, database), duplicateOf: duplicateOf,
            alreadyAccepted: leftOut)
    }
}

extension Ledger {
    /// Whether a drop's outcome stands. A drop that the ledger does not know will never have one: it is as good as
    /// final for whoever waits.
    package func isFinal(_ drop: DropID) async throws -> Bool {
        try await pool.read { database in
            try database.first("SELECT state FROM drops WHERE id = ?", drop.text) { $0.text("state") } != "waiting"
        }
    }
}
