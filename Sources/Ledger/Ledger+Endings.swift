import Foundation
import GRDB
import Model

/// How a drop ended, before it is filed.
package struct Ending: Sendable {
    package var outcome: Outcome
    package var isConfirmed: Bool
    package var problem: Problem?
    package var duplicateOf: FileName?
    /// Records that were left out, for an earlier document brought them.
    package var alreadyAccepted: [AcceptedRecord]
    /// By the references of batches in whose processing the API refused records: their places in the batch, from 0;
    /// none where it refused the batch as a whole.
    package var refusedRecords: [String: Set<Int>] = [:]
    /// The references of batches of which the API refused records, and nobody can tell which.
    package var unclearBatches: Set<String> = []
    /// Whether the drop is put back by itself, once, if it never was (contract, section 4, "Outages").
    package var isPutBack = false
    /// The answer that it follows from, where that is written down together with it.
    package var answer: RequestEnd?

    package init(
        outcome: Outcome, isConfirmed: Bool = false, problem: Problem? = nil, duplicateOf: FileName? = nil,
        alreadyAccepted: [AcceptedRecord] = []
    ) {
        self.outcome = outcome
        self.isConfirmed = isConfirmed
        self.problem = problem
        self.duplicateOf = duplicateOf
        self.alreadyAccepted = alreadyAccepted
    }

    package static func failed(_ problem: Problem) -> Ending { Ending(outcome: .failed, problem: problem) }
}

extension Ledger {
    /// Writes down how a drop ended, and gives its content and reference free, keeps them, or leaves them unresolved.
    ///
    /// - Parameters:
    ///   - kind: where it is known and the ledger does not hold the drop already.
    ///   - filedName: the name it will have in its folder.
    ///   - spoken: for a document of which something reached the API, or may have.
    package func conclude(
        _ drop: Drop, kind: Kind? = nil, sha256: [UInt8]? = nil, _ ending: Ending, filedName: FileName,
        spoken: Spoken? = nil
    ) async throws -> DropResult {
        let finishedAt = time.timestamp.milliseconds
        let problem = try ending.problem.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        let leftOut =
            try ending.alreadyAccepted.isEmpty
            ? nil : String(decoding: JSONEncoder().encode(ending.alreadyAccepted), as: UTF8.self)
        let slotEnd = slotEnd
        return try await commit { [boot] database in
            if let answer = ending.answer { try Ledger.write(answer, slotEnd: slotEnd, boot: boot, database) }
            func decide() throws {
                try database.run(
                    """
                    UPDATE drops SET state = 'decided', outcome = ?, confirmed = ?, problem = ?, duplicateOf = ?,
                        alreadyAccepted = COALESCE(?, alreadyAccepted), finishedAt = ?, filedName = ?,
                        conclusions = conclusions + 1, kind = COALESCE(kind, ?), sha256 = COALESCE(sha256, ?)
                    WHERE id = ?
                    """, ending.outcome.rawValue, ending.isConfirmed, problem, ending.duplicateOf, leftOut, finishedAt,
                    filedName, kind?.rawValue, sha256, drop.id.text)
            }
            try decide()
            if database.changesCount == 0 {
                try Ledger.insert(drop, kind: kind, sha256: sha256, content: nil, state: "decided", database)
                try decide()
            }
            let decided = try database.first("SELECT * FROM drops WHERE id = ?", drop.id.text) { row in
                try DecidedRow(Drop(&row), &row)
            }
            guard let decided else { throw LedgerCorruption(column: "drops.id") }
            let result = try decided.result(database)
            try Ledger.settle(decided, result.batches.map(\.batch), ending, spoken, at: finishedAt, database)
            if ending.isPutBack { try Ledger.insertRequeue(of: drop.id.text, database) }
            return result
        }
    }

    /// What a drop held becomes: accepted, left open, or free again; and what it said is written down.
    private static func settle(
        _ row: DecidedRow, _ batches: [Batch], _ ending: Ending, _ spoken: Spoken?, at now: Int64, _ database: Database
    ) throws {
        let drop = row.drop
        let id = drop.id.text
        guard row.content != nil else { return }
        let kind = try known(row.kind, "drops.kind")
        // Read before what it holds is settled.
        let file = try kind == .payment ? paymentFile(of: drop, database) : nil
        if batches.contains(where: { $0.joined != nil }) {
            // What becomes of a batch that it shares changes nothing of what is said of it when it is closed.
            try database.run(
                """
                UPDATE batches SET state = (SELECT state FROM joints WHERE id = batches.joint)
                WHERE dropID = ? AND joint IS NOT NULL
                """, id)
        }
        switch ending.outcome {
        case .duplicate:
            try Hold.release(id, database)
            if let spoken { try acknowledge(drop, kind, spoken.taken, at: now, database) }
            guard let file, !row.leftOut.isEmpty else { return }
            try completeParts(drop, file, isAccepted: false, sent: [], leftOut: row.leftOut, word: 0, database)
        case .accepted:
            let spoken = spoken ?? Spoken(identities: .none)
            // Whether what others said since is later than what was repeated, nobody knows: each is news then.
            let first = try spoken.isRepetition ? firstWord(id, kind, spoken, database) : nil
            // Nobody asks who spoke last through an attachment.
            let word =
                try kind == .attachment
                ? 0 : Ledger.speak(drop, kind, isAccepted: true, spoken, at: now, database)
            try Taken.keepHolds(of: id, .accepted, word: first ?? word, database)
            guard let file else { return }
            try completeParts(
                drop, file, isAccepted: true, sent: spoken.sent, leftOut: row.leftOut, word: word, database)
        case .failed:
            let states = Set(batches.map(\.state))
            guard states.contains(where: \.mayBeTaken) else { return try Hold.release(id, database) }
            // What was said before counts for as long as nobody else has spoken since.
            let first = try firstWord(id, kind, spoken, database)
            // Without a word nothing of it reached the API since its outcome last stood.
            let word = try spoken.map { try Ledger.speak(drop, kind, isAccepted: false, $0, at: now, database) }
            if let spoken { try acknowledge(drop, kind, spoken.taken, at: now, database) }
            if states.contains(.unresolved) {
                try leaveOpen(id, .unresolved, word: first ?? word, database)
            } else if ending.problem?.code == .submitRejected, kind != .payment || ending.unclearBatches.isEmpty {
                try Taken.keepHolds(of: id, .rejected, word: word ?? 0, database)
            } else {
                // The same content asks again what became of it, and nothing of it is paid twice.
                try leaveOpen(id, .partial, word: first ?? word, database)
            }
            guard let file, let spoken else { return }
            try keepPart(drop, file, spoken, database)
        }
    }

    private static func leaveOpen(_ id: String, _ state: Hold.State, word: Int64?, _ database: Database) throws {
        try database.run("UPDATE holds SET state = ?, word = ? WHERE dropID = ?", state.rawValue, word, id)
    }

    /// The word that a drop's open batches had before, where it counts still.
    private static func firstWord(
        _ id: String, _ kind: Kind, _ spoken: Spoken?, _ database: Database
    ) throws -> Int64? {
        guard let word = try Hold.word(of: id, database) else { return nil }
        guard let spoken else { return word }
        return try isSpokenOf(spoken.identities, kind, since: word, database) ? word : nil
    }

    /// The API took what an earlier drop left open. Where others have spoken of its records since, it is no last word, and
    /// the drop that it was repeated for is decided like any that comes after them (contract, section 5, *Back and forth*).
    ///
    /// - Parameters:
    ///   - identities: what the drop is about.
    ///   - answer: the last one, where it is not written down.
    /// - Returns: `false` where it is the last word, and nothing was done.
    package func outdate(
        _ drop: Drop, _ kind: Kind, _ identities: IdentityKeys, ownReference: String?, answer: RequestEnd?
    ) async throws -> Bool {
        let slotEnd = slotEnd
        return try await commit { [boot] database in
            let id = drop.id.text
            guard kind == .account || kind == .claim, let word = try Hold.word(of: id, database),
                try Ledger.isSpokenOf(identities, kind, since: word, before: drop.arrival, database)
            else { return false }
            // A reference of the sender's own never gets another round.
            if let ownReference, try Hold.fetch(HoldKey.own(ownReference), database) != nil { return false }
            if let answer { try Ledger.write(answer, slotEnd: slotEnd, boot: boot, database) }
            try Taken.keepHolds(of: id, .accepted, word: word, database)
            try Ledger.replaceBatches(of: id, with: [], database)
            return true
        }
    }

    /// The name in the folder turned out to be taken: another was chosen.
    package func rename(_ drop: DropID, filedName: FileName) async throws {
        try await commit { database in
            try database.run("UPDATE drops SET filedName = ? WHERE id = ?", filedName, drop.text)
        }
    }
}
