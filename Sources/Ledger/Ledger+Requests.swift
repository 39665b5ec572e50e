import Foundation
import GRDB
import Model

extension Ledger {
    /// Writes down that a request for a batch is about to leave: from here on its batch is unresolved.
    ///
    /// - Returns: the request's number, and what the batch was.
    package func begin(
        batch reference: String, of drop: DropID, requestID: String
    ) async throws -> (request: Int64, before: BatchState) {
        let at = time.timestamp.milliseconds
        return try await commit { [boot] database in
            let (sender, before) = try Ledger.sender(of: reference, drop, database)
            if before != .unresolved { try sender.become(.unresolved, database) }
            return (try Ledger.insertRequest("batch", sender, requestID, at: at, boot: boot, database), before)
        }
    }

    /// A request that was written down did not leave after all.
    ///
    /// - Parameter before: what its batch was before it was.
    package func withdraw(request: Int64, batch before: BatchState?) async throws {
        try await commit { database in
            let row = try Row.fetchOne(
                database.cachedStatement(sql: "DELETE FROM requests WHERE id = ? RETURNING batchID, joint"),
                arguments: [request])
            if let before { try Sender(row: row)?.become(before, database) }
        }
    }

    /// Writes down that a request for a token leaves now.
    package func beginTokenRequest(requestID: String) async throws -> Int64 {
        let at = time.timestamp.milliseconds
        return try await commit { [boot] database in
            try Ledger.insertRequest("token", nil, requestID, at: at, boot: boot, database)
        }
    }

    /// Writes down that a request for a batch's status leaves now. It is no attempt of the batch.
    package func beginStatusRequest(
        batch reference: String, of drop: DropID, requestID: String
    ) async throws -> Int64 {
        let at = time.timestamp.milliseconds
        return try await commit { [boot] database in
            let sender = try Ledger.sender(of: reference, drop, database).sender
            return try Ledger.insertRequest("status", sender, requestID, at: at, boot: boot, database)
        }
    }

    private static func insertRequest(
        _ purpose: String, _ sender: Sender?, _ requestID: String, at: Int64, boot: String, _ database: Database
    ) throws -> Int64 {
        try database.cachedStatement(
            sql: "INSERT INTO requests (purpose, batchID, joint, requestID, at, boot) VALUES (?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [purpose, sender?.batch, sender?.joint, requestID, at, boot])
        return database.lastInsertedRowID
    }

    private static func sender(
        of reference: String, _ drop: DropID, _ database: Database
    ) throws -> (sender: Sender, state: BatchState) {
        guard
            let row = try Row.fetchOne(
                database.cachedStatement(
                    sql: "SELECT id, joint, state FROM sentBatches WHERE dropID = ? AND reference = ?"),
                arguments: [drop.text, reference])
        else { throw LedgerCorruption(column: "batches.reference") }
        let sender = (row["joint"] as Int64?).map { Sender.joint($0) } ?? .batch(row["id"])
        return (sender, try known(BatchState(rawValue: row["state"]), "batches.state"))
    }

    /// Writes down how a request ended.
    ///
    /// - Parameters:
    ///   - left: when it left; `nil`: when it was written down.
    ///   - batch: what the batch is by now; `nil`: as it was.
    ///   - statusURI: where the batch's status can be read.
    ///   - response: the beginning of the answer.
    ///   - isCounted: whether it is one of its batch's attempts.
    package func end(
        request: Int64, at left: Timestamp? = nil, status: Int?, duration: Duration, error: Code?, batch: BatchState?,
        statusURI: String?, response: String?, isCounted: Bool = true
    ) async throws {
        // Rounded up: a slot is never free too early.
        let slotEnd = time.moment.sinceBoot.wholeMilliseconds + 1
        try await commit { [boot] database in
            let row = try Row.fetchOne(
                database.cachedStatement(
                    sql: """
                        UPDATE requests SET at = COALESCE(?, at), status = ?, durationMs = ?, error = ?, boot = ?,
                            slotEnd = ?, counted = ? WHERE id = ? RETURNING batchID, joint
                        """),
                arguments: [
                    left?.milliseconds, status, duration.wholeMilliseconds, error?.rawValue, boot, slotEnd, isCounted,
                    request,
                ])
            try Sender(row: row)?.end(batch, statusURI, response, database)
        }
    }

    /// When the answers of the last window ended, for the throttle.
    ///
    /// Requests that were cut off, and those of another boot, count as ended now.
    package func inheritSlots(window: Duration, limit: Int) async throws -> [Moment] {
        let now = time.moment.sinceBoot.wholeMilliseconds
        return try await commit { [boot] database in
            try database.execute(
                sql: """
                    UPDATE requests SET boot = ?, slotEnd = ?
                    WHERE (slotEnd IS NULL OR boot <> ?) AND id IN (SELECT id FROM requests ORDER BY id DESC LIMIT ?)
                    """, arguments: [boot, now, boot, limit])
            let ends = try Int64.fetchAll(
                database,
                sql: "SELECT slotEnd FROM requests WHERE boot = ? AND slotEnd > ? ORDER BY id DESC LIMIT ?",
                arguments: [boot, now - window.wholeMilliseconds, limit])
            return ends.map { Moment(sinceBoot: .milliseconds($0)) }
        }
    }
}
