import Foundation
import GRDB
import Model

extension Ledger {
    /// Writes down that a request for a batch leaves now: from here on its batch is unresolved.
    ///
    /// - Returns: the request's number.
    package func begin(batch reference: String, of drop: DropID, requestID: String) async throws -> Int64 {
        let at = time.timestamp.milliseconds
        return try await commit { [boot] database in
            guard
                let batch = try Int64.fetchOne(
                    database.cachedStatement(sql: "SELECT id FROM batches WHERE dropID = ? AND reference = ?"),
                    arguments: [drop.text, reference])
            else { throw LedgerCorruption(column: "batches.reference") }
            try database.cachedStatement(sql: "UPDATE batches SET state = 'unresolved' WHERE id = ?")
                .execute(arguments: [batch])
            return try Ledger.insertRequest("batch", batch, requestID, at: at, boot: boot, database)
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
            let batch = try Int64.fetchOne(
                database.cachedStatement(sql: "SELECT id FROM batches WHERE dropID = ? AND reference = ?"),
                arguments: [drop.text, reference])
            return try Ledger.insertRequest("status", batch, requestID, at: at, boot: boot, database)
        }
    }

    private static func insertRequest(
        _ purpose: String, _ batch: Int64?, _ requestID: String, at: Int64, boot: String, _ database: Database
    ) throws -> Int64 {
        try database.cachedStatement(
            sql: "INSERT INTO requests (purpose, batchID, requestID, at, boot) VALUES (?, ?, ?, ?, ?)"
        ).execute(arguments: [purpose, batch, requestID, at, boot])
        return database.lastInsertedRowID
    }

    /// Writes down how a request ended.
    ///
    /// - Parameters:
    ///   - batch: what the batch is by now; `nil`: as it was.
    ///   - statusURI: where the batch's status can be read.
    ///   - response: the beginning of the answer.
    ///   - isCounted: whether it is one of its batch's attempts.
    package func end(
        request: Int64, status: Int?, duration: Duration, error: Code?, batch: BatchState?, statusURI: String?,
        response: String?, isCounted: Bool = true
    ) async throws {
        // Rounded up: a slot is never free too early.
        let slotEnd = time.moment.sinceBoot.wholeMilliseconds + 1
        try await commit { [boot] database in
            try database.cachedStatement(
                sql: """
                    UPDATE requests SET status = ?, durationMs = ?, error = ?, boot = ?, slotEnd = ?, counted = ?
                    WHERE id = ?
                    """
            ).execute(arguments: [
                status, duration.wholeMilliseconds, error?.rawValue, boot, slotEnd, isCounted, request,
            ])
            try database.cachedStatement(
                sql: """
                    UPDATE batches SET state = COALESCE(?, state), statusURI = COALESCE(?, statusURI),
                        response = COALESCE(?, response)
                    WHERE id = (SELECT batchID FROM requests WHERE id = ?)
                    """
            ).execute(arguments: [batch?.rawValue, statusURI, response, request])
        }
    }

    /// How many attempts of a batch count against its limit: those whose answer was no 401, and no 404 of an
    /// attachment (contract, section 4).
    package func attempts(ofBatch reference: String, drop: DropID) async throws -> Int {
        try await pool.read { database in
            try Int.fetchOne(
                database,
                sql: """
                    SELECT COUNT(*) FROM requests JOIN batches ON batches.id = requests.batchID
                        JOIN drops ON drops.id = batches.dropID
                    WHERE batches.dropID = ? AND batches.reference = ? AND requests.purpose = 'batch' AND requests.counted
                        AND requests.status IS NOT 401
                        AND NOT (drops.kind = 'attachment' AND requests.status IS 404)
                        AND NOT (requests.status IS NULL AND requests.error IS NULL)
                    """, arguments: [drop.text, reference]) ?? 0
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
