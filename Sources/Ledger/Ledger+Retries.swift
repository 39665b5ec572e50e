import GRDB
import Model

/// Files that an admin put back on terms of their own, and the drops that they become (contract, section 9, `retry`).
extension Ledger {
    /// Writes down on what terms a drop's file is about to go back. What was written down for it before and came to
    /// nothing holds no more.
    package func begin(retry order: RetryOrder) async throws {
        let now = time.timestamp.milliseconds
        try await commit { database in
            try Ledger.withdrawRetry(of: order.drop, database)
            try database.run(
                """
                INSERT INTO retries (dropID, inbox, name, inode, sha256, asNew, sendTwice, stale, at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """, order.drop.text, order.inbox, order.name, Int64(bitPattern: order.inode), order.sha256,
                order.terms.asNew, order.terms.sendTwice, order.terms.stale, now)
        }
    }

    /// The drop's file did not go back, or goes back on the usual terms.
    package func withdrawRetry(of drop: DropID) async throws {
        try await commit { try Ledger.withdrawRetry(of: drop, $0) }
    }

    private static func withdrawRetry(of drop: DropID, _ database: Database) throws {
        try database.run("DELETE FROM retries WHERE usedBy IS NULL AND dropID = ?", drop.text)
    }

    /// Gives a drop that is written down for the first time the terms on which its file came back, if it did: nobody
    /// else has them from here on.
    ///
    /// - Parameter inode: `nil` for a file that was claimed by an earlier run; in `.work` it may be a copy by now.
    /// - Returns: whether there were any.
    static func takeTerms(_ drop: Drop, sha256: [UInt8], inode: UInt64?, _ database: Database) throws -> Bool {
        // Nearly always there are none, and an update of nothing costs much more than to find that out.
        guard try database.holds("SELECT 1 FROM retries WHERE usedBy IS NULL") else { return false }
        try database.run(
            """
            UPDATE retries SET usedBy = ?1 WHERE id = (SELECT MAX(id) FROM retries
                WHERE usedBy IS NULL AND inbox = ?2 AND name = ?3 AND sha256 = ?4 AND (?5 IS NULL OR inode = ?5))
            """, drop.id.text, drop.inbox, drop.name, sha256, inode.map { Int64(bitPattern: $0) })
        return database.changesCount > 0
    }

    /// The terms of a drop that is to be sent as new, and of which nothing has left so far but what was refused: what has
    /// left is repeated under its reference like that of any other drop.
    static func termsAsNew(_ admission: Admission, _ keys: [HoldKey], _ database: Database) throws -> RetryTerms? {
        let id = admission.drop.id.text
        // A reference of the sender's own never gets another round.
        guard admission.ownReference == nil,
            let terms = try database.first(
                "SELECT * FROM retries WHERE usedBy = ? AND sha256 = ? AND asNew", id, admission.sha256,
                make: { RetryTerms(&$0) }),
            try !hasLeft(batches(of: id, database).filter { $0.state != .refused }, id, database)
        else { return nil }
        guard admission.kind == .payment, !terms.sendTwice else { return terms }
        return try mayBeCountedTwice(keys, database) ? nil : terms
    }

    /// Whether a drop's file came back to be sent though later ones about the same records were accepted.
    static func mayBeStale(_ id: String, _ database: Database) throws -> Bool {
        try database.holds("SELECT 1 FROM retries WHERE usedBy = ? AND stale", id)
    }

    /// Whether payments with one of these keys were accepted, or may have been.
    private static func mayBeCountedTwice(_ keys: [HoldKey], _ database: Database) throws -> Bool {
        for key in keys {
            if try Hold.fetch(key.text, database) != nil { return true }
            if key.lasts, try Taken.fetch(key.text, database) != nil { return true }
        }
        return false
    }

    /// - Returns: `nil` where its bodies are those of a round that was never used.
    static func anew(
        _ admission: Admission, _ terms: RetryTerms, _ keys: [HoldKey], _ database: Database
    ) throws -> Turn? {
        if admission.kind == .payment, try isOfAnotherScope(admission, keys, database) { return .refused(otherInbox) }
        let round = try freshRound(admission, database)
        if admission.kind == .payment, admission.leftOut == nil {
            // Without leave to send payments twice, those that were accepted with another file are left out.
            return terms.sendTwice ? .anew(round: round) : .remake(round: round)
        }
        return admission.round == round ? nil : .anew(round: round)
    }

    private static func isOfAnotherScope(
        _ admission: Admission, _ keys: [HoldKey], _ database: Database
    ) throws -> Bool {
        let (inbox, scope) = (admission.drop.inbox, admission.scope)
        return try keys.contains { key in
            let hold = try Hold.fetch(key.text, database)
            let taken = try Taken.fetch(key.text, database)
            return hold.map { $0.inbox != inbox && $0.scope != scope } ?? false
                || taken.map { $0.state == .accepted && $0.inbox != inbox && $0.scope != scope } ?? false
        }
    }

    /// The first `-rN` behind all that a content was ever sent under; the same as before where it was asked for already.
    private static func freshRound(_ admission: Admission, _ database: Database) throws -> Int {
        let (content, id) = (admission.content, admission.drop.id.text)
        // Whatever was sent and is neither in force nor of a later round was refused.
        let references = try database.all(
            """
            SELECT reference FROM batches WHERE (state = 'refused' OR reference GLOB '*-r[0-9]*')
                AND reference >= ?1 AND reference < ?1 || '.' AND dropID <> ?2
            """, content, id
        ) { $0.text("reference") }
        let rounds =
            references.map { round(of: $0, behind: content) }
            + [try Hold.fetch(content, database)?.round, try Taken.fetch(content, database)?.round].compactMap(\.self)
        // It may have taken the place of what was left open, and be stopped before anything left: nobody holds that then.
        let before = try batches(of: id, database).map(\.alone.reference).filter { $0.hasPrefix(content) }
        return max((rounds.max() ?? 0) + 1, before.map { round(of: $0, behind: content) }.max() ?? 1)
    }

    private static func round(of reference: String, behind content: String) -> Int {
        let match = reference.dropFirst(content.count).wholeMatch(of: /-r([0-9]+)(-[0-9]+of[0-9]+)?/)
        return match.flatMap { Int($0.1) } ?? 1
    }
}

extension RetryTerms {
    init(_ row: inout Columns) {
        self.init(asNew: row.flag("asNew"), sendTwice: row.flag("sendTwice"), stale: row.flag("stale"))
    }
}

extension RetryOrder {
    fileprivate init(_ row: inout Columns) {
        self.init(
            drop: DropID(text: row.text("dropID")), inbox: row.text("inbox"), name: FileName(bytes: row.bytes("name")),
            inode: UInt64(bitPattern: row.integer("inode")), sha256: row.bytes("sha256"), terms: RetryTerms(&row))
    }
}

// What a retry has to know. A ledger of an earlier version has no such table.
extension LedgerReader {
    /// What is written down for a drop's file, and did not become a drop so far.
    package func openRetry(of drop: DropID) throws -> RetryOrder? {
        try queue.read { database in
            guard try database.tableExists("retries") else { return nil }
            return try database.first("SELECT * FROM retries WHERE dropID = ? AND usedBy IS NULL", drop.text) {
                RetryOrder(&$0)
            }
        }
    }

    /// The drop that a drop's file became when it was put back last, on terms of its own.
    package func successor(of drop: DropID) throws -> (drop: DropID, sha256: [UInt8])? {
        try queue.read { database in
            guard try database.tableExists("retries") else { return nil }
            return try database.first(
                "SELECT * FROM retries WHERE dropID = ? AND usedBy IS NOT NULL ORDER BY id DESC LIMIT 1", drop.text
            ) { (DropID(text: $0.text("usedBy")), $0.bytes("sha256")) }
        }
    }

    /// The terms on which a drop's file came back, and whose it was before; `nil`: the usual ones.
    package func origin(of drop: DropID) throws -> RetryOrder? {
        try queue.read { database in
            guard try database.tableExists("retries") else { return nil }
            return try database.first("SELECT * FROM retries WHERE usedBy = ?", drop.text) { RetryOrder(&$0) }
        }
    }

    /// Why a drop's payments may be counted twice if they are sent as new; `nil`: nothing of them was accepted, or may
    /// have been.
    package func doubleRisk(of drop: DropID) throws -> DoubleRisk? {
        try queue.read { database in
            let content = try database.first("SELECT content FROM drops WHERE id = ?", drop.text) {
                $0.optionalText("content")
            }
            guard let content = content ?? nil else { return nil }
            if let taken = try Taken.fetch(content, database) {
                return taken.state == .accepted ? .accepted : .acceptedInPart
            }
            return try Hold.fetch(content, database).map { $0.state == .partial ? .acceptedInPart : .unresolved }
        }
    }
}
