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
            let sender = try Ledger.sender(of: request, database)
            try database.run("DELETE FROM requests WHERE id = ?", request)
            if let before { try sender?.become(before, database) }
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
        try database.run(
            "INSERT INTO requests (purpose, batchID, joint, requestID, at, boot) VALUES (?, ?, ?, ?, ?, ?)",
            purpose, sender?.batch, sender?.joint, requestID, at, boot)
        return database.lastInsertedRowID
    }

    private static func sender(
        of reference: String, _ drop: DropID, _ database: Database
    ) throws -> (sender: Sender, state: BatchState) {
        let found = try database.first(
            "SELECT joint, id AS batchID, state FROM sentBatches WHERE dropID = ? AND reference = ?", drop.text,
            reference
        ) { row in
            (Sender(&row), try known(BatchState(rawValue: row.text("state")), "batches.state"))
        }
        guard case (let sender?, let state)? = found else { throw LedgerCorruption(column: "batches.reference") }
        return (sender, state)
    }

    /// Whose a request is; `nil`: no batch's.
    private static func sender(of request: Int64, _ database: Database) throws -> Sender? {
        try database.first("SELECT joint, batchID FROM requests WHERE id = ?", request) { Sender(&$0) } ?? nil
    }

    /// Writes down how a request ended.
    package func end(_ end: RequestEnd) async throws {
        let slotEnd = slotEnd
        try await commit { [boot] in try Ledger.write(end, slotEnd: slotEnd, boot: boot, $0) }
    }

    /// When the slot of a request ends whose answer has come. Rounded up: a slot is never free too early.
    var slotEnd: Int64 { time.moment.sinceBoot.wholeMilliseconds + 1 }

    static func write(_ end: RequestEnd, slotEnd: Int64, boot: String, _ database: Database) throws {
        try database.run(
            """
            UPDATE requests SET at = COALESCE(?, at), status = ?, durationMs = ?, error = ?, boot = ?,
                slotEnd = ?, counted = ? WHERE id = ?
            """, end.left?.milliseconds, end.status, end.duration.wholeMilliseconds, end.error?.rawValue, boot,
            slotEnd, end.isCounted, end.request)
        if let silence = end.silence { try keep(silence, boot: boot, database) }
        guard let sender = try sender(of: end.request, database) else { return }
        let state = try state(after: end, of: sender, database)
        try sender.end(state, end.statusURI, end.response, database)
        if state == .refused, let joint = sender.joint {
            try refuse(joint: joint, status: end.status, database)
        }
    }

    /// The longer one counts.
    private static func keep(_ silence: Silence, boot: String, _ database: Database) throws {
        try database.run(
            """
            INSERT INTO silence (id, boot, length, until, untilOnTheWall) VALUES (1, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET boot = excluded.boot, length = excluded.length,
                until = excluded.until, untilOnTheWall = excluded.untilOnTheWall
            WHERE boot <> excluded.boot OR until < excluded.until
            """, boot, silence.length.wholeMilliseconds, silence.end.sinceBoot.wholeMilliseconds + 1,
            silence.endOnTheWall.milliseconds)
    }

    /// Until when the API asked an earlier run for silence; `nil`: that is over.
    ///
    /// One of another boot ends by the clock on the wall, and is never longer than it was.
    package func inheritSilence() async throws -> Moment? {
        let (now, wall) = (time.moment, time.timestamp)
        return try await commit { [boot] database in
            let left = try database.first("SELECT * FROM silence") { row in
                let length = row.integer("length")
                return row.text("boot") == boot
                    ? row.integer("until") - now.sinceBoot.wholeMilliseconds
                    : min(length, row.integer("untilOnTheWall") - wall.milliseconds)
            }
            guard let left, left > 0 else { return nil }
            let end = now + .milliseconds(left)
            try database.run("UPDATE silence SET boot = ?, until = ?", boot, end.sinceBoot.wholeMilliseconds + 1)
            return end
        }
    }

    /// When the answers of the last window ended, for the throttle.
    ///
    /// Requests that were cut off, and those of another boot, count as ended now.
    package func inheritSlots(window: Duration, limit: Int) async throws -> [Moment] {
        let now = time.moment.sinceBoot.wholeMilliseconds
        return try await commit { [boot] database in
            try database.run(
                """
                UPDATE requests SET boot = ?, slotEnd = ?
                WHERE (slotEnd IS NULL OR boot <> ?) AND id IN (SELECT id FROM requests ORDER BY id DESC LIMIT ?)
                """, boot, now, boot, limit)
            return try database.all(
                "SELECT slotEnd FROM requests WHERE boot = ? AND slotEnd > ? ORDER BY id DESC LIMIT ?", boot,
                now - window.wholeMilliseconds, limit
            ) { Moment(sinceBoot: .milliseconds($0.integer("slotEnd"))) }
        }
    }
}
