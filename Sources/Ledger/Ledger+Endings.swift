import Foundation
import GRDB
import Model

/// How a drop ended, before it is filed.
package struct Ending: Sendable {
    package var outcome: Outcome
    package var isConfirmed: Bool
    package var problem: Problem?
    package var duplicateOf: FileName?
    /// Whether the drop is put back by itself, once, if it never was (contract, section 4, "Outages").
    package var isPutBack = false

    package init(
        outcome: Outcome, isConfirmed: Bool = false, problem: Problem? = nil, duplicateOf: FileName? = nil
    ) {
        self.outcome = outcome
        self.isConfirmed = isConfirmed
        self.problem = problem
        self.duplicateOf = duplicateOf
    }

    package static func failed(_ problem: Problem) -> Ending { Ending(outcome: .failed, problem: problem) }
}

extension Ledger {
    /// Writes down how a drop ended, and gives its content and reference free, keeps them, or leaves them unresolved.
    ///
    /// - Parameters:
    ///   - kind: where it is known and the ledger does not hold the drop already.
    ///   - filedName: the name it will have in its folder.
    package func conclude(
        _ drop: Drop, kind: Kind? = nil, sha256: [UInt8]? = nil, _ ending: Ending, filedName: FileName
    ) async throws -> DropResult {
        let finishedAt = time.timestamp.milliseconds
        let problem = try ending.problem.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        return try await commit { database in
            try Ledger.insert(drop, kind: kind, sha256: sha256, content: nil, state: "decided", database)
            try database.cachedStatement(
                sql: """
                    UPDATE drops SET state = 'decided', outcome = ?, confirmed = ?, problem = ?, duplicateOf = ?,
                        finishedAt = ?, filedName = ? WHERE id = ?
                    """
            ).execute(arguments: [
                ending.outcome.rawValue, ending.isConfirmed, problem, ending.duplicateOf?.blob, finishedAt,
                filedName.blob, drop.id.text,
            ])
            try Ledger.settleContents(of: drop.id.text, ending.outcome, database)
            if ending.isPutBack { try Ledger.insertRequeue(of: drop.id.text, database) }
            return try Ledger.result(of: drop.id.text, database)
        }
    }

    /// What a drop held as pending becomes: accepted, unresolved, or free again.
    private static func settleContents(of id: String, _ outcome: Outcome, _ database: Database) throws {
        let isUnresolved = try batches(of: id, database).contains { $0.state == .unresolved }
        let state: Holder.State? =
            switch outcome {
            case .accepted: .accepted
            case .failed: isUnresolved ? .unresolved : nil
            case .duplicate: nil
            }
        if let state {
            try database.cachedStatement(
                sql: "UPDATE contents SET state = ? WHERE dropID = ? AND state <> 'accepted'"
            ).execute(arguments: [state.rawValue, id])
        } else {
            try database.cachedStatement(sql: "DELETE FROM contents WHERE dropID = ? AND state <> 'accepted'")
                .execute(arguments: [id])
        }
    }

    /// The name in the folder turned out to be taken: another was chosen.
    package func rename(_ drop: DropID, filedName: FileName) async throws {
        try await commit { database in
            try database.execute(
                sql: "UPDATE drops SET filedName = ? WHERE id = ?", arguments: [filedName.blob, drop.text])
        }
    }

    /// The drop and its result are where they belong.
    package func close(_ drop: DropID) async throws {
        try await commit { database in
            try database.cachedStatement(sql: "UPDATE drops SET state = 'filed' WHERE id = ?")
                .execute(arguments: [drop.text])
        }
    }
}
