import Foundation
import GRDB
import Model

/// A row that no version of Sluice wrote.
package struct LedgerCorruption: Error, CustomStringConvertible {
    package let column: String
    package var description: String { "the ledger holds an unknown value in \(column)" }
}

func known<Value>(_ value: Value?, _ column: String) throws -> Value {
    guard let value else { throw LedgerCorruption(column: column) }
    return value
}

extension Batch {
    /// - Parameter row: of `sentBatches`.
    init(_ row: inout Columns, attempts: Int = 0) throws {
        let (part, parts) = (row.number("part"), row.number("parts"))
        let (reference, records) = (row.text("reference"), row.number("records"))
        let (bytes, bodyHash) = (row.integer("bytes"), row.bytes("bodyHash"))
        let state = try known(BatchState(rawValue: row.text("state")), "batches.state")
        let joined = row.optionalInteger("joint").map { joint in
            JointPlace(
                joint: joint, place: row.number("place"), firstRecord: row.number("firstRecord"),
                drops: row.number("jointDrops"), records: row.number("jointRecords"),
                bytes: row.integer("jointBytes"), ownReference: row.text("ownReference"),
                ownHash: row.bytes("ownHash"))
        }
        self.init(
            reference: reference, part: part, parts: parts, records: records, bytes: bytes, bodyHash: bodyHash,
            state: state, attempts: attempts, joined: joined)
    }
}

extension Attempt {
    /// - Parameter row: of `requests`.
    init(_ row: inout Columns) throws {
        self.init(
            at: Timestamp(milliseconds: row.integer("at")), status: row.optionalNumber("status"),
            duration: row.optionalInteger("durationMs").map { .milliseconds($0) },
            error: try row.optionalText("error").map { try known(Code(rawValue: $0), "requests.error") })
    }
}

extension Problem {
    /// - Parameter row: of `drops`.
    init?(_ row: inout Columns) throws {
        guard let text = row.optionalText("problem") else { return nil }
        self = try JSONDecoder().decode(Problem.self, from: Data(text.utf8))
    }
}

extension Drop {
    /// - Parameter row: of `drops`.
    init(_ row: inout Columns) {
        let (id, arrival, inbox) = (DropID(text: row.text("id")), row.integer("arrival"), row.text("inbox"))
        let name = FileName(bytes: row.bytes("name"))
        self.init(
            id: id, arrival: arrival, inbox: inbox, name: name,
            workName: WorkName(shelf: row.optionalNumber("shelf"), name: name), bytes: row.integer("bytes"),
            receivedAt: Timestamp(milliseconds: row.integer("receivedAt")))
    }
}
