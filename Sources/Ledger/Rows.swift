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

extension [UInt8] {
    var blob: Data { Data(self) }
}

extension FileName {
    var blob: Data { Data(bytes) }
}

extension Batch {
    /// - Parameter row: of `sentBatches`.
    init(row: Row, attempts: Int = 0) throws {
        let joined = (row["joint"] as Int64?).map { joint in
            JointPlace(
                joint: joint, place: row["place"], firstRecord: row["firstRecord"], drops: row["jointDrops"],
                records: row["jointRecords"], bytes: row["jointBytes"], ownReference: row["ownReference"],
                ownHash: Array(row["ownHash"] as Data))
        }
        self.init(
            reference: row["reference"], part: row["part"], parts: row["parts"], records: row["records"],
            bytes: row["bytes"], bodyHash: Array(row["bodyHash"] as Data),
            state: try known(BatchState(rawValue: row["state"]), "batches.state"), attempts: attempts, joined: joined)
    }
}

extension Attempt {
    init(row: Row) throws {
        self.init(
            at: Timestamp(milliseconds: row["at"]), status: row["status"],
            duration: (row["durationMs"] as Int64?).map { .milliseconds($0) },
            error: try (row["error"] as String?).map { try known(Code(rawValue: $0), "requests.error") })
    }
}

extension Drop {
    init(row: Row) {
        let name = FileName(bytes: row["name"] as Data)
        self.init(
            id: DropID(text: row["id"]), arrival: row["arrival"], inbox: row["inbox"], name: name,
            workName: WorkName(shelf: row["shelf"], name: name), bytes: row["bytes"],
            receivedAt: Timestamp(milliseconds: row["receivedAt"]))
    }
}
