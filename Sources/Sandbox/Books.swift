import Foundation

/// The API's side of the world: the state of every identity, and every payment with its count.
///
/// It is what one gets by going through the applied batches in the order in which they were applied.
package struct Books: Sendable, Equatable {
    /// The last word on an account or a claim.
    package struct State: Sendable, Equatable {
        /// The reference of the batch that spoke last.
        package var reference: String
        /// How many records spoke of it.
        package var times: Int
        /// The record as JSON with its keys sorted.
        package var record: String
    }

    /// A payment, or an attachment: equal ones are one entry.
    package struct Entry: Sendable, Equatable {
        package var clientReferenceId: String
        /// How often it was applied: more than once is once too often.
        package var count: Int
        /// The references it came under, in order.
        package var references: [String]
        /// The record as JSON with its keys sorted; of an attachment, what is known of its file.
        package var record: String
    }

    /// By `clientReferenceId`.
    package private(set) var accounts: [String: State] = [:]
    /// By `clientReferenceId`, or `claimNumber` where there is none.
    package private(set) var claims: [String: State] = [:]
    /// In order of first application.
    package private(set) var payments: [Entry] = []
    /// In order of first application.
    package private(set) var attachments: [Entry] = []
    private var positions: [String: Int] = [:]

    init(applied entries: some Sequence<AcceptanceMemory.Entry>) {
        for entry in entries {
            for (index, record) in Self.records(of: entry.batch).enumerated() where entry.rejections[index] == nil {
                apply(record, of: entry.batch.identities[index], from: entry.batch)
            }
        }
    }

    private mutating func apply(_ record: String, of identity: RecordIdentity, from batch: Batch) {
        switch batch.kind {
        case .account: Self.speak(record, of: identity, from: batch, in: &accounts)
        case .claim: Self.speak(record, of: identity, from: batch, in: &claims)
        case .payment: count(record, of: identity, from: batch, in: \.payments)
        case .attachment: count(record, of: identity, from: batch, in: \.attachments)
        }
    }

    private static func speak(
        _ record: String, of identity: RecordIdentity, from batch: Batch, in states: inout [String: State]
    ) {
        let times = (states[identity.name]?.times ?? 0) + 1
        states[identity.name] = State(reference: batch.reference, times: times, record: record)
    }

    private mutating func count(
        _ record: String, of identity: RecordIdentity, from batch: Batch, in list: WritableKeyPath<Books, [Entry]>
    ) {
        let key = "\(batch.kind.rawValue) \(identity.name) \(record)"
        if let position = positions[key] {
            self[keyPath: list][position].count += 1
            self[keyPath: list][position].references.append(batch.reference)
        } else {
            positions[key] = self[keyPath: list].count
            self[keyPath: list].append(
                Entry(
                    clientReferenceId: identity.name, count: 1, references: [batch.reference], record: record))
        }
    }

    /// A batch's records as JSON with their keys sorted. What cannot be written again here was never accepted.
    private static func records(of batch: Batch) -> [String] {
        switch batch.content {
        case .file(let file):
            return [
                sortedJSON([
                    "brand": file.brand, "bytes": file.bytes, "fileName": file.name, "portfolio": file.portfolio,
                    "sha256": file.sha256,
                ])
            ]
        case .json(let body):
            let array = RecordShape.shape(of: batch.kind).array
            do {
                let root = try JSONSerialization.jsonObject(with: body) as? [String: Any]
                return (root?[array] as? [[String: Any]] ?? []).map(sortedJSON)
            } catch {
                preconditionFailure("A body that was accepted as JSON is none: \(error)")
            }
        }
    }

    private static func sortedJSON(_ record: [String: Any]) -> String {
        do {
            let data = try JSONSerialization.data(
                withJSONObject: record, options: [.sortedKeys, .withoutEscapingSlashes])
            return String(decoding: data, as: UTF8.self)
        } catch {
            preconditionFailure("A record that was read as JSON cannot be written: \(error)")
        }
    }
}
