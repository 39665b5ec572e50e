import Foundation
import GRDB
import Model

extension Ledger {
    /// Decides whether a judged drop is new, a duplicate or a conflict, and writes that down.
    ///
    /// To be called in the order of arrival, and again whenever a drop that was waited for is final. A drop that
    /// the ledger knows from an earlier run goes on where it was.
    package func admit(_ admission: Admission) async throws -> Turn {
        try await commit { try Ledger.admit(admission, $0) }
    }

    private static func admit(_ admission: Admission, _ database: Database) throws -> Turn {
        try insert(admission, database)
        let id = admission.drop.id.text
        if let plan = try plan(leftBy: id, database) { return .submit(plan) }
        let known = try Holder.fetch(admission.content, database)
        let own = try admission.ownReference.flatMap { try Holder.fetch(ownKey($0), database) }

        if let own, own.content != admission.content, own.dropID != id {
            if own.state == .pending { return .wait(DropID(text: own.dropID)) }
            return .refused(
                Problem(
                    .referenceConflict,
                    "The document's batchReferenceId was \(own.state == .accepted ? "accepted" : "sent") before with other content."
                ))
        }
        switch known {
        case let holder? where holder.dropID == id:
            return .submit(try batches(of: id, database))
        case let holder? where holder.state == .pending:
            return .wait(DropID(text: holder.dropID))
        case let holder? where holder.state == .accepted:
            return duplicate(of: holder, admission)
        case let holder?:
            try inherit(from: holder, admission, database)
        case nil:
            try insertBatches(admission.batches, of: id, database)
        }
        try Holder(admission, key: admission.content).save(database)
        if let reference = admission.ownReference {
            try Holder(admission, key: ownKey(reference)).save(database)
        }
        return .submit(try batches(of: id, database))
    }

    /// The batches of a drop that has begun to submit: they go on as they are, whatever the drop is read as by now.
    /// A plan of which nothing has left is forgotten, for the configuration may have changed.
    private static func plan(leftBy id: String, _ database: Database) throws -> [Batch]? {
        let batches = try batches(of: id, database)
        if batches.contains(where: { $0.state != .waiting }) { return batches }
        if !batches.isEmpty {
            try database.execute(
                // They are slots of the throttle still.
                sql: """
                    UPDATE requests SET batchID = NULL
                    WHERE batchID IN (SELECT id FROM batches WHERE dropID = ?)
                    """, arguments: [id])
            try database.execute(sql: "DELETE FROM batches WHERE dropID = ?", arguments: [id])
            try database.execute(
                sql: "DELETE FROM contents WHERE dropID = ? AND state = 'pending'", arguments: [id])
        }
        return nil
    }

    private static func duplicate(of holder: Holder, _ admission: Admission) -> Turn {
        let isSameInbox = holder.inbox == admission.drop.inbox
        if admission.kind == .payment && !isSameInbox && holder.scope != admission.scope {
            return .refused(
                Problem(.referenceOtherInbox, "The same payments were accepted before from another inbox."))
        }
        return .duplicate(of: isSameInbox ? holder.name : nil)
    }

    /// Takes over the batches of a drop that left and was never resolved: their references, parts and exact bodies,
    /// and whatever that drop held, so that it is settled with them.
    private static func inherit(from holder: Holder, _ admission: Admission, _ database: Database) throws {
        try insertBatches(batches(of: holder.dropID, database), of: admission.drop.id.text, database)
        try database.cachedStatement(
            sql: """
                UPDATE contents SET state = 'pending', dropID = ?, inbox = ?, scope = ?, name = ?
                WHERE dropID = ? AND state = 'unresolved'
                """
        ).execute(arguments: [
            admission.drop.id.text, admission.drop.inbox, admission.scope, admission.drop.name.blob, holder.dropID,
        ])
    }

    static func ownKey(_ reference: String) -> String { "own:" + reference }

    private static func insert(_ admission: Admission, _ database: Database) throws {
        try insert(
            admission.drop, kind: admission.kind, sha256: admission.sha256, content: admission.content,
            state: "waiting", database)
    }

    /// Does nothing for a drop that is there.
    static func insert(
        _ drop: Drop, kind: Kind?, sha256: [UInt8]?, content: String?, state: String, _ database: Database
    ) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO drops (id, arrival, inbox, name, shelf, bytes, receivedAt, kind, sha256, content, state)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
                """
        ).execute(arguments: [
            drop.id.text, drop.arrival, drop.inbox, drop.name.blob, drop.workName.shelf, drop.bytes,
            drop.receivedAt.milliseconds, kind?.rawValue, sha256?.blob, content, state,
        ])
    }

    private static func insertBatches(_ batches: [Batch], of id: String, _ database: Database) throws {
        for batch in batches {
            try database.cachedStatement(
                sql: """
                    INSERT INTO batches (dropID, part, parts, reference, records, bytes, bodyHash, state)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """
            ).execute(arguments: [
                id, batch.part, batch.parts, batch.reference, batch.records, batch.bytes, batch.bodyHash.blob,
                batch.state.rawValue,
            ])
        }
    }

    static func batches(of id: String, _ database: Database) throws -> [Batch] {
        try Row.fetchAll(
            database.cachedStatement(sql: "SELECT * FROM batches WHERE dropID = ? ORDER BY part"), arguments: [id]
        ).map(Batch.init(row:))
    }
}

/// A row of `contents`.
struct Holder {
    enum State: String {
        case pending, unresolved, accepted
    }

    var key: String
    var content: String
    var kind: String
    var inbox: String
    var scope: String
    var dropID: String
    var name: FileName
    var state: State

    init(_ admission: Admission, key: String) {
        self.key = key
        content = admission.content
        kind = admission.kind.rawValue
        inbox = admission.drop.inbox
        scope = admission.scope
        dropID = admission.drop.id.text
        name = admission.drop.name
        state = .pending
    }

    static func fetch(_ key: String, _ database: Database) throws -> Holder? {
        try Row.fetchOne(
            database.cachedStatement(sql: "SELECT * FROM contents WHERE key = ?"), arguments: [key]
        ).map(Holder.init(row:))
    }

    private init(row: Row) throws {
        key = row["key"]
        content = row["content"]
        kind = row["kind"]
        inbox = row["inbox"]
        scope = row["scope"]
        dropID = row["dropID"]
        name = FileName(bytes: row["name"] as Data)
        state = try known(State(rawValue: row["state"]), "contents.state")
    }

    func save(_ database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO contents (key, content, kind, inbox, scope, dropID, name, state)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [key, content, kind, inbox, scope, dropID, name.blob, state.rawValue])
    }
}
