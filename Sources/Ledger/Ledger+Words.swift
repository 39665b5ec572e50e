import GRDB
import Model

/// What a document said to the API, and what is kept of that for those that come after it.
package struct Spoken: Sendable {
    /// What the batches are about that were accepted or may have been.
    package var identities: IdentityKeys
    /// How long others wait for it to be processed; zero: it is.
    package var settlesIn: Duration
    /// Of a payment document that went through in part: the records that were accepted.
    package var accepted: [TakenRecord]
    /// And the others.
    package var rest: [PaymentRecord]
    /// What of an account or claim document the API has, though the document is no last word: it is a duplicate, or failed
    /// in part.
    package var taken = IdentityKeys.none
    /// It may have been said before, by an earlier request.
    package var isRepetition = false
    /// The references of its batches of which it is known which records the API refused.
    package var clear: Set<String> = []
    /// The records of a payment document that was accepted; asked for where others went through in part.
    package var sent: [PaymentRecord]

    package init(
        identities: IdentityKeys, settlesIn: Duration = .zero, accepted: [TakenRecord] = [], rest: [PaymentRecord] = [],
        sent: [PaymentRecord] = []
    ) {
        self.identities = identities
        self.settlesIn = settlesIn
        self.accepted = accepted
        self.rest = rest
        self.sent = sent
    }
}

/// An accepted document of an earlier run for which others may have to wait.
package struct SettlingDrop: Sendable {
    package var drop: DropID
    package var kind: Kind
    package var arrival: Int64
    package var keys: IdentityKeys
    package var acceptedAt: Timestamp
}

extension Ledger {
    /// The documents of an inbox that were accepted after `moment` and may not be processed, the first one first.
    package func settling(inbox: String, since moment: Timestamp) async throws -> [SettlingDrop] {
        try await commit { database in
            try Ledger.forgetKeys(before: moment.milliseconds, database)
            return try database.all(
                "SELECT * FROM words WHERE keys IS NOT NULL AND inbox = ? ORDER BY at, word", inbox
            ) { row in
                SettlingDrop(
                    drop: DropID(text: row.text("dropID")),
                    kind: try known(Kind(rawValue: row.text("kind")), "words.kind"), arrival: row.integer("arrival"),
                    keys: try known(IdentityKeys(bytes: row.bytes("keys")), "words.keys"),
                    acceptedAt: Timestamp(milliseconds: row.integer("at")))
            }
        }
    }

    /// The API said that it processed a document: nobody waits for it any more, after a restart neither.
    ///
    /// - Parameter isRejected: it refused records of it, so that it is no ground for a duplicate.
    package func settled(_ drop: DropID, isRejected: Bool = false) async throws {
        try await commit { database in
            if isRejected {
                try database.run(
                    "UPDATE contents SET state = 'rejected' WHERE dropID = ? AND kind IN ('account', 'claim')",
                    drop.text)
            }
            try database.run("UPDATE words SET keys = NULL WHERE keys IS NOT NULL AND dropID = ?", drop.text)
        }
    }

    private static func forgetKeys(before moment: Int64, _ database: Database) throws {
        // An update of nothing costs much more than to find that out.
        guard try database.holds("SELECT 1 FROM words WHERE keys IS NOT NULL AND at < ?", moment) else { return }
        try database.run("UPDATE words SET keys = NULL WHERE keys IS NOT NULL AND at < ?", moment)
    }

    /// Writes down that a document spoke.
    ///
    /// - Returns: its word.
    static func speak(
        _ drop: Drop, _ kind: Kind, isAccepted: Bool, _ spoken: Spoken, at now: Int64, _ database: Database
    ) throws -> Int64 {
        let settles = spoken.settlesIn.wholeMilliseconds
        if settles > 0 { try forgetKeys(before: now - settles, database) }
        try database.run(
            "INSERT INTO words (dropID, inbox, kind, arrival, accepted, at, keys) VALUES (?, ?, ?, ?, ?, ?, ?)",
            drop.id.text, drop.inbox, kind.rawValue, drop.arrival, isAccepted, now,
            settles > 0 && isAccepted ? spoken.identities.bytes : nil)
        let word = database.lastInsertedRowID
        if isAccepted {
            try keepAccepted(word, isLast: true, of: drop, kind, spoken.identities, database)
        } else {
            try keepLast(word, kind, spoken.identities, database)
        }
        return word
    }

    /// Writes down that the API has what a document says of these records: earlier ones about them are out of date.
    static func acknowledge(
        _ drop: Drop, _ kind: Kind, _ identities: IdentityKeys, at now: Int64, _ database: Database
    ) throws {
        guard identities.count > 0 else { return }
        try database.run(
            "INSERT INTO words (dropID, inbox, kind, arrival, accepted, at) VALUES (?, ?, ?, ?, 1, ?)", drop.id.text,
            drop.inbox, kind.rawValue, drop.arrival, now)
        try keepAccepted(database.lastInsertedRowID, isLast: false, of: drop, kind, identities, database)
    }

    /// What was accepted before of these records stays what it is.
    private static func keepLast(
        _ word: Int64, _ kind: Kind, _ identities: IdentityKeys, _ database: Database
    ) throws {
        try eachPiece(of: identities, as: [kind]) { piece in
            try database.run(
                """
                INSERT INTO lastWords (identity, word) SELECT value, ?2 FROM json_each(?1) WHERE true
                ON CONFLICT (identity) DO UPDATE SET word = excluded.word
                """, piece, word)
            return true
        }
    }

    /// - Parameter isLast: whether it is the last word on them, too.
    private static func keepAccepted(
        _ word: Int64, isLast: Bool, of drop: Drop, _ kind: Kind, _ identities: IdentityKeys, _ database: Database
    ) throws {
        // One is written at once; for many the array pays.
        if let only = identities.sorted.first, identities.count == 1 {
            try database.run(
                "INSERT INTO lastWords (identity, word, accepted) VALUES (?1, ?2, ?2) ON CONFLICT (identity) DO NOTHING",
                number(of: only, as: kind), word)
            // Nobody had spoken of it.
            if database.changesCount > 0 { return }
        }
        let areOthers = try hasOtherInboxes(drop.inbox, database)
        try eachPiece(of: identities, as: [kind]) { piece in
            if areOthers { try keepElsewhere(piece, but: drop.inbox, database) }
            try database.run(
                """
                INSERT INTO lastWords (identity, word, accepted) SELECT value, ?2, ?2 FROM json_each(?1) WHERE true
                ON CONFLICT (identity) DO UPDATE SET word = CASE WHEN ?5 THEN excluded.word ELSE word END,
                    accepted = CASE WHEN EXISTS (SELECT 1 FROM words AS before WHERE before.word = lastWords.accepted
                        AND before.inbox = ?3 AND before.arrival > ?4) THEN accepted ELSE excluded.accepted END
                """, piece, word, drop.inbox, drop.arrival, isLast)
            return true
        }
    }

    /// Whether documents of other inboxes were accepted.
    private static func hasOtherInboxes(_ inbox: String, _ database: Database) throws -> Bool {
        try database.holds("SELECT 1 FROM words WHERE accepted AND inbox > ?", inbox)
            || database.holds("SELECT 1 FROM words WHERE accepted AND inbox < ?", inbox)
    }

    /// A row has room for one inbox: what another one's documents said is kept apart.
    private static func keepElsewhere(_ piece: String, but inbox: String, _ database: Database) throws {
        try database.run(
            """
            INSERT INTO acceptedElsewhere (identity, inbox, arrival)
            SELECT lastWords.identity, words.inbox, words.arrival FROM json_each(?1) AS asked CROSS JOIN lastWords
                ON lastWords.identity = asked.value CROSS JOIN words ON words.word = lastWords.accepted
            WHERE words.inbox <> ?2
            ON CONFLICT (identity, inbox) DO UPDATE SET arrival = MAX(arrival, excluded.arrival)
            """, piece, inbox)
    }

    /// Whether a document spoke of one of these records after the word.
    ///
    /// - Parameter arrival: those that came later do not count.
    static func isSpokenOf(
        _ identities: IdentityKeys, _ kind: Kind, since word: Int64, before arrival: Int64? = nil,
        _ database: Database
    ) throws -> Bool {
        var isSpokenOf = false
        try eachPiece(of: identities, as: [kind]) { piece in
            isSpokenOf = try database.holds(
                """
                SELECT 1 FROM json_each(?1) AS asked CROSS JOIN lastWords ON lastWords.identity = asked.value
                WHERE lastWords.word > ?2 AND (?3 IS NULL OR EXISTS (
                    SELECT 1 FROM words WHERE words.word = lastWords.word AND words.arrival < ?3))
                """, piece, word, arrival)
            return !isSpokenOf
        }
        return isSpokenOf
    }

    /// Whether a later document of the inbox, of whatever kind, that shares an identity was accepted.
    static func isSuperseded(_ admission: Admission, _ database: Database) throws -> Bool {
        guard admission.isOrdered, admission.kind != .attachment else { return false }
        return try isSuperseded(
            admission.identities, inbox: admission.drop.inbox, arrival: admission.drop.arrival, database)
    }

    /// - Parameter arrival: what came after it is later.
    static func isSuperseded(
        _ identities: IdentityKeys, inbox: String, arrival: Int64, _ database: Database
    ) throws -> Bool {
        guard try database.holds("SELECT 1 FROM words WHERE accepted AND inbox = ? AND arrival > ?", inbox, arrival)
        else { return false }
        var isSuperseded = false
        try eachPiece(of: identities, as: Kind.documents) { piece in
            isSuperseded = try database.holds(
                """
                SELECT 1 FROM json_each(?1) AS asked CROSS JOIN lastWords
                    ON lastWords.identity = asked.value CROSS JOIN words ON words.word = lastWords.accepted
                WHERE words.inbox = ?2 AND words.arrival > ?3
                UNION ALL
                SELECT 1 FROM json_each(?1) AS asked CROSS JOIN acceptedElsewhere AS other
                    ON other.identity = asked.value AND other.inbox = ?2
                WHERE other.arrival > ?3
                """, piece, inbox, arrival)
            return !isSuperseded
        }
        return isSuperseded
    }

    /// The number of an identity in `lastWords`.
    private static func number(of identity: UInt64, as kind: Kind) -> Int64 { Int64(bitPattern: identity ^ kind.mark) }

    /// Hands over the numbers that identities of a kind have in `lastWords`, as JSON arrays of some thousands:
    /// SQLite takes them apart faster than one statement after the other binds them.
    static func eachPiece(
        of identities: IdentityKeys, as kinds: [Kind], _ body: (String) throws -> Bool
    ) throws {
        for kind in kinds {
            // Kinds stay apart, and each is in ascending order for the most part, as the table is.
            var start = 0
            while start < identities.count {
                let end = min(start + 8192, identities.count)
                var text: [UInt8] = [UInt8(ascii: "[")]
                text.reserveCapacity((end - start) * 21)
                for index in start..<end {
                    if index > start { text.append(UInt8(ascii: ",")) }
                    text.append(decimal: number(of: identities.sorted[index], as: kind))
                }
                text.append(UInt8(ascii: "]"))
                guard try body(String(decoding: text, as: UTF8.self)) else { return }
                start = end
            }
        }
    }
}

extension Kind {
    /// Tells an identity of one kind from the same of another.
    fileprivate var mark: UInt64 {
        switch self {
        case .account: 0
        case .payment: 0x5851_F42D_4C95_7F2D
        case .claim: 0x1405_7B7E_F767_814F
        case .attachment: 0x2545_F491_4F6C_DD1D
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        let start = count
        repeat {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }
}
