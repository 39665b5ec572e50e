import Foundation
import GRDB
import Model

extension Ledger {
    /// Decides whether a judged drop is new, a duplicate or a conflict, and writes that down.
    ///
    /// To be called at its turn: when every earlier document with one of its identities is concluded; and again
    /// whenever a drop that was waited for is. A drop that the ledger knows from an earlier run goes on where it was.
    ///
    /// - Parameter queued: called as soon as nobody who comes later is decided before it.
    package func admit(_ admission: Admission, queued: @Sendable () -> Void = {}) async throws -> Turn {
        try await commit(queued: queued) { try Ledger.admit(admission, $0) }
    }

    /// Writes down a drop that has to wait for its turn, so that it keeps its arrival number.
    ///
    /// - Parameter inode: as ``Admission/inode``.
    package func enlist(
        _ drop: Drop, kind: Kind, sha256: [UInt8], content: String, inode: UInt64? = nil
    ) async throws {
        _ = try await commit { database in
            try Ledger.insert(
                drop, kind: kind, sha256: sha256, content: content, state: "waiting", inode: inode, database)
        }
    }

    /// Writes down a drop whose file cannot be read so far, so that it keeps its arrival number.
    package func enlist(unread drop: Drop) async throws {
        _ = try await commit { database in
            try Ledger.insert(drop, kind: nil, sha256: nil, content: nil, state: "waiting", database)
        }
    }

    /// What a drop, or another with its bytes, was taken for when something of it left that is open; `nil`: nothing is.
    package func openKind(of drop: DropID, sha256: [UInt8], scope: String) async throws -> Kind? {
        try await pool.read { database in
            let kind = try database.first(
                """
                SELECT kind FROM drops WHERE id = ?1 AND EXISTS (
                    SELECT 1 FROM sentBatches WHERE dropID = ?1 AND state <> 'waiting')
                UNION ALL
                SELECT kind FROM holds WHERE key = ?2 AND dropID <> ?1
                """, drop.text, HoldKey.bytes(sha256, scope: scope)
            ) { $0.optionalText("kind") }
            return kind?.flatMap(Kind.init(rawValue:))
        }
    }

    private static func admit(_ admission: Admission, _ database: Database) throws -> Turn {
        let id = admission.drop.id.text
        var arrival = try insert(admission, database)
        let wasUnread = try arrival == .known && read(admission, database)
        if wasUnread {
            arrival = try firstArrival(
                of: admission.drop, sha256: admission.sha256, inode: admission.inode, database)
        }
        let isNew = arrival != .known
        if admission.isLate || wasUnread, try !mayBeStale(id, database), let turn = try overtaken(admission, database) {
            return turn
        }
        // One that was never here has left nothing behind.
        if !isNew, let turn = try goOn(admission, database) { return turn }
        let keys = HoldKey.all(of: admission)
        let holds = try keys.map { try Hold.fetch($0.text, database) }
        for case let hold? in holds where hold.state == .pending && hold.dropID != id {
            return .wait(DropID(text: hold.dropID))
        }
        if let refusal = try conflict(admission, database) { return .refused(refusal) }
        // One that came just now without terms has none.
        if arrival != .new, let terms = try termsAsNew(admission, keys, database) {
            if let turn = try anew(admission, terms, keys, database) { return turn }
        } else {
            if let turn = try takeOver(admission, keys, holds, database) { return turn }
            if let turn = try known(admission, database) { return turn }
        }
        if isNew {
            try insertBatches(admission.batches, of: id, database)
        } else {
            try replaceBatches(of: id, with: admission.batches, database)
        }
        for key in keys { try Hold.save(key, admission, database) }
        let leftOut = admission.leftOut ?? []
        if !leftOut.isEmpty || admission.kind == .payment && !isNew {
            let text = leftOut.isEmpty ? nil : String(decoding: try JSONEncoder().encode(leftOut), as: UTF8.self)
            try database.run("UPDATE drops SET alreadyAccepted = ? WHERE id = ?", text, id)
        }
        return .submit(isNew ? admission.batches : try batches(of: id, database))
    }

    /// A drop that the ledger knows goes on where it was.
    ///
    /// - Returns: `nil` where nothing is left of that: it is decided like a new one.
    private static func goOn(_ admission: Admission, _ database: Database) throws -> Turn? {
        let id = admission.drop.id.text
        let wasPutBack = try wasPutBack(id, database)
        if wasPutBack, let turn = try overtaken(admission, database) { return turn }
        if let plan = try plan(leftBy: id, wasPutBack: wasPutBack, database) { return .submit(plan) }
        // Its file may have been away for a while, and come back before a start.
        if !wasPutBack, try !mayBeStale(id, database), let turn = try overtaken(admission, database) { return turn }
        // What an earlier run took it for counts only for what has left.
        try database.run(
            "UPDATE drops SET kind = ?2, content = ?3 WHERE id = ?1 AND content IS NOT ?3", id, admission.kind.rawValue,
            admission.content)
        return nil
    }

    /// What became of a drop while it was not there, for it lay in `failed` or could not be read: another with its content
    /// was accepted, or a later one with one of its identities.
    private static func overtaken(_ admission: Admission, _ database: Database) throws -> Turn? {
        // A request that it shared can have been accepted meanwhile: before whatever came later was sent.
        let isAccepted = try database.first(
            "SELECT MIN(state = 'accepted') AS isAccepted FROM sentBatches WHERE dropID = ?", admission.drop.id.text
        ) { $0.optionalNumber("isAccepted") }
        if isAccepted == 1 { return nil }
        // What it holds under a later round is not what was accepted.
        let held = try Hold.round(of: admission.drop.id.text, database) ?? 0
        if let taken = try Taken.fetch(admission.content, database), taken.state == .accepted, taken.round >= held,
            try isDuplicate(of: taken, admission, database),
            try termsAsNew(admission, HoldKey.all(of: admission), database) == nil
        {
            return duplicate(of: taken, admission)
        }
        guard try isSuperseded(admission, database) else { return nil }
        return .refused(
            Problem(
                .orderSuperseded, "A later document about the same records was accepted before this one could be."))
    }

    /// Whether a drop's outcome stood before: it failed and goes on by itself.
    private static func wasPutBack(_ id: String, _ database: Database) throws -> Bool {
        try database.first("SELECT conclusions FROM drops WHERE id = ?", id) { $0.number("conclusions") } ?? 0 > 0
    }

    /// The batches of a drop that has begun to submit: they go on as they are, whatever the drop is read as by now.
    /// A plan of which nothing has left is forgotten, for the configuration may have changed.
    private static func plan(leftBy id: String, wasPutBack: Bool, _ database: Database) throws -> [Batch]? {
        let batches = try batches(of: id, database)
        if batches.isEmpty { return nil }
        // Where nothing of it can have been taken, or another drop went on in its place, it is decided anew.
        let goesOn =
            try wasPutBack
            ? batches.contains { $0.state.mayBeTaken } : hasLeft(batches, id, database)
        guard goesOn else {
            try Hold.release(id, database)
            return nil
        }
        try database.run("UPDATE holds SET state = 'pending' WHERE dropID = ?", id)
        if database.changesCount == 0 { return nil }
        if !wasPutBack { return batches }
        try database.run("UPDATE batches SET state = 'waiting' WHERE dropID = ? AND state = 'refused'", id)
        return try Ledger.batches(of: id, database)
    }

    /// Whether a request was made, an attachment's early one included.
    static func hasLeft(_ batches: [Batch], _ id: String, _ database: Database) throws -> Bool {
        if batches.contains(where: { $0.state != .waiting }) { return true }
        return try database.holds(
            """
            SELECT 1 FROM sentBatches AS sent JOIN requests
                ON requests.batchID = sent.id OR requests.joint = sent.joint
            WHERE sent.dropID = ? AND sent.state = 'waiting'
            """, id)
    }

    /// Writes down the batches of a drop, which may have had others or the same before.
    static func replaceBatches(of id: String, with new: [Batch], _ database: Database) throws {
        let old = try batches(of: id, database)
        if old.map(\.bodyHash) == new.map(\.bodyHash), old.map(\.reference) == new.map(\.reference), !old.isEmpty {
            try database.run("UPDATE batches SET state = 'waiting' WHERE dropID = ?", id)
            return
        }
        if !old.isEmpty {
            // The requests stay: they are slots of the throttle.
            try database.run(
                "UPDATE requests SET batchID = NULL WHERE batchID IN (SELECT id FROM batches WHERE dropID = ?)", id)
            try database.run("DELETE FROM batches WHERE dropID = ?", id)
        }
        try insertBatches(new, of: id, database)
    }

    /// A reference of the sender's own that takes no other content.
    private static func conflict(_ admission: Admission, _ database: Database) throws -> Problem? {
        guard let own = admission.ownReference else { return nil }
        let key = HoldKey.own(own)
        if let hold = try Hold.fetch(key, database), hold.content != admission.content,
            try !isLeftOpen(by: hold, admission, database)
        {
            let word = hold.state == .partial ? "accepted in part" : "sent"
            return Problem(.referenceConflict, "The document's batchReferenceId was \(word) before with other content.")
        }
        guard let taken = try Taken.fetch(key, database) else { return nil }
        if taken.content != admission.content {
            return Problem(
                .referenceConflict, "The document's batchReferenceId was accepted before with other content.")
        }
        guard taken.state == .rejected else { return nil }
        return Problem(
            .referenceConflict,
            "The document's batchReferenceId was accepted before, and records were refused: it cannot be used again.")
    }

    /// Whether it is what the same bytes became under an earlier configuration: they go on with that.
    private static func isLeftOpen(by hold: Hold, _ admission: Admission, _ database: Database) throws -> Bool {
        guard hold.state == .unresolved else { return false }
        let key = HoldKey.bytes(admission.sha256, scope: admission.scope)
        return try Hold.fetch(key, database)?.dropID == hold.dropID
    }

    /// Goes on with what an earlier drop with the same content or bytes left open: its references, parts and exact
    /// bodies; and takes over whatever that drop held, so that it is settled with them.
    private static func takeOver(
        _ admission: Admission, _ keys: [HoldKey], _ holds: [Hold?], _ database: Database
    ) throws -> Turn? {
        for (key, hold) in zip(keys, holds) {
            guard let hold, hold.state != .pending else { continue }
            let isSameContent = hold.content == admission.content || key.text.hasPrefix("plain:")
            // What was refused for certain can be made anew, by a configuration that has changed since.
            if hold.state == .partial && !isSameContent { continue }
            if admission.kind == .payment && hold.inbox != admission.drop.inbox && hold.scope != admission.scope {
                return .refused(Ledger.otherInbox)
            }
            return .submit(try takeOver(hold, isSameContent, admission, keys, database))
        }
        return nil
    }

    private static func takeOver(
        _ hold: Hold, _ isSameContent: Bool, _ admission: Admission, _ keys: [HoldKey], _ database: Database
    ) throws -> [Batch] {
        let id = admission.drop.id.text
        var batches = try batches(of: hold.dropID, database)
        // A reference is free again after a refusal, for the same body at any rate.
        for index in batches.indices where batches[index].state == .refused {
            batches[index] = batches[index].alone
            batches[index].state = .waiting
        }
        try replaceBatches(of: id, with: [], database)
        try insertBatches(batches, of: id, database)
        // What was accepted may not have had its last word.
        try database.run(
            """
            UPDATE batches SET (statusURI, response) = (
                SELECT statusURI, response FROM batches AS before WHERE before.dropID = ?2 AND before.part = batches.part)
            WHERE dropID = ?1 AND state = 'accepted'
            """, id, hold.dropID)
        try forgetAttempts(of: id, database)
        // The requests that may have been taken are the earlier drop's.
        try database.run("UPDATE batches SET isInherited = 1 WHERE dropID = ? AND state = 'unresolved'", id)
        // What is not in them was left out, and is so still.
        try database.run(
            "UPDATE drops SET alreadyAccepted = (SELECT alreadyAccepted FROM drops WHERE id = ?2) WHERE id = ?1", id,
            hold.dropID)
        try database.run(
            """
            UPDATE holds SET state = 'pending', dropID = ?, inbox = ?, scope = ?, name = ?
            WHERE dropID = ? AND state <> 'pending'
            """, id, admission.drop.inbox, admission.scope, admission.drop.name, hold.dropID)
        // The same bytes may have become another content, which is not what is sent now; unless they are payments.
        for key in keys where !key.isOwn && (isSameContent || admission.kind == .payment || !key.lasts) {
            if try Hold.fetch(key.text, database) == nil { try Hold.save(key, admission, database) }
        }
        return try Ledger.batches(of: id, database)
    }

    /// Whether the API took this content before, and what follows: a duplicate, or another round.
    private static func known(_ admission: Admission, _ database: Database) throws -> Turn? {
        let taken = try Taken.fetch(admission.content, database)
        var round = 1
        if let taken {
            if taken.state == .accepted, try isDuplicate(of: taken, admission, database) {
                return duplicate(of: taken, admission)
            }
            if try isTakenInPart(taken, elsewhere: admission, database) { return .refused(otherInbox) }
            round = taken.round + 1
        }
        if admission.kind == .payment, let taken = try Taken.fetch(HoldKey.payment(admission), database),
            taken.state == .accepted
        {
            return duplicate(of: taken, admission)
        }
        if admission.kind == .payment && admission.leftOut == nil {
            let isPartial = try hasPartials(for: PaymentFile(admission), database)
            if isPartial || round > 1 { return .remake(round: round) }
        } else if admission.ownReference == nil && admission.round != round {
            return .remake(round: round)
        }
        return nil
    }

    /// Whether an inbox of another scope brought these payments, and the API took some of them.
    private static func isTakenInPart(
        _ taken: Taken, elsewhere admission: Admission, _ database: Database
    ) throws -> Bool {
        guard admission.kind == .payment, taken.state == .rejected, taken.inbox != admission.drop.inbox,
            taken.scope != admission.scope
        else { return false }
        return try isTakenInPart(admission.content, database)
    }

    private static func isDuplicate(
        of taken: Taken, _ admission: Admission, _ database: Database
    ) throws -> Bool {
        guard admission.kind == .account || admission.kind == .claim else { return true }
        // Under a reference of its own that was accepted it can't be sent once more, and it never gets -rN.
        if let own = admission.ownReference, try Taken.fetch(HoldKey.own(own), database) != nil { return true }
        return try !isSpokenOf(admission.identities, admission.kind, since: taken.word, database)
    }

    private static func duplicate(of taken: Taken, _ admission: Admission) -> Turn {
        let isSameInbox = taken.inbox == admission.drop.inbox
        if admission.kind == .payment && !isSameInbox && taken.scope != admission.scope {
            return .refused(otherInbox)
        }
        return .duplicate(of: isSameInbox ? taken.name : nil)
    }

    static let otherInbox = Problem(
        .referenceOtherInbox, "The same payments came before from another inbox.")

    /// What a drop is that is written down.
    enum Arrival {
        case known, new
        /// It is new, and its file came back on terms of its own.
        case newOnTerms
    }

    /// A drop that could not be read when it was written down is what it is read as now.
    ///
    /// - Returns: `false` where it could.
    private static func read(_ admission: Admission, _ database: Database) throws -> Bool {
        try database.run(
            "UPDATE drops SET kind = ?2, sha256 = ?3, content = ?4 WHERE id = ?1 AND sha256 IS NULL",
            admission.drop.id.text, admission.kind.rawValue, admission.sha256, admission.content)
        return database.changesCount > 0
    }

    private static func firstArrival(
        of drop: Drop, sha256: [UInt8], inode: UInt64?, _ database: Database
    ) throws -> Arrival {
        try takeTerms(drop, sha256: sha256, inode: inode, database) ? .newOnTerms : .new
    }

    private static func insert(_ admission: Admission, _ database: Database) throws -> Arrival {
        try insert(
            admission.drop, kind: admission.kind, sha256: admission.sha256, content: admission.content,
            state: "waiting", inode: admission.inode, database)
    }

    /// Does nothing for a drop that is there. One that is not takes the terms on which its file came back.
    @discardableResult
    static func insert(
        _ drop: Drop, kind: Kind?, sha256: [UInt8]?, content: String?, state: String, inode: UInt64? = nil,
        _ database: Database
    ) throws -> Arrival {
        try database.run(
            """
            INSERT INTO drops (id, arrival, inbox, name, shelf, bytes, receivedAt, kind, sha256, content, state)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
            """, drop.id.text, drop.arrival, drop.inbox, drop.name, drop.workName.shelf, drop.bytes,
            drop.receivedAt.milliseconds, kind?.rawValue, sha256, content, state)
        guard database.changesCount > 0 else { return .known }
        guard let sha256 else { return .new }
        return try firstArrival(of: drop, sha256: sha256, inode: inode, database)
    }

    private static func insertBatches(_ batches: [Batch], of id: String, _ database: Database) throws {
        for batch in batches {
            try database.run(
                """
                INSERT INTO batches
                    (dropID, part, parts, reference, records, bytes, bodyHash, state, joint, place, firstRecord)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """, id, batch.part, batch.parts, batch.joined?.ownReference ?? batch.reference, batch.records,
                batch.bytes, batch.joined?.ownHash ?? batch.bodyHash, batch.state.rawValue, batch.joined?.joint,
                batch.joined?.place, batch.joined?.firstRecord)
        }
    }

    static func batches(of id: String, _ database: Database) throws -> [Batch] {
        try database.all(
            """
            SELECT *, (SELECT COUNT(*) FROM requests
                WHERE (requests.batchID = sent.id OR requests.joint = sent.joint)
                    AND requests.purpose = 'batch' AND requests.counted
                    AND requests.status IS NOT 401 AND NOT (requests.status IS NULL AND requests.error IS NULL)
                    AND NOT (requests.status IS 404
                        AND (SELECT kind FROM drops WHERE drops.id = sent.dropID) = 'attachment')) AS attempts
            FROM sentBatches AS sent WHERE dropID = ? ORDER BY part
            """, id
        ) { row in
            let attempts = row.number("attempts")
            return try Batch(&row, attempts: attempts)
        }
    }
}
