import Crypto
import Foundation

/// One batch that was accepted, and how often it came.
package struct Acceptance: Sendable, Equatable, Encodable {
    package let kind: SubmissionKind
    /// Its `batchReferenceId`, or an attachment's `referenceId`.
    package let reference: String
    /// SHA-256 of the body that was accepted; of an attachment's fields and file.
    package let sha256: String
    /// How many records it has.
    package let records: Int
    /// How often it was accepted: once.
    package fileprivate(set) var acceptances = 1
    /// How often the same body came again. It was answered like the first, and applied no more.
    package fileprivate(set) var repeats = 0
    /// How often another body came under the same reference. It was refused.
    package fileprivate(set) var mismatches = 0
}

/// What the sandbox remembers of the batches it accepted: the idempotency, the statuses, and what was applied when.
struct AcceptanceMemory: Sendable {
    enum Reception: Equatable {
        /// Accepted, now or before. The identifier leads to its status.
        case accepted(statusIdentifier: String)
        /// Another body was accepted under this reference before.
        case mismatch
    }

    struct Entry: Sendable {
        var batch: Batch
        var acceptance: Acceptance
        var acceptedAt: Duration
        var appliesAt: Duration
        /// The records that are refused when the batch is applied: what is said of them, by their index.
        var rejections: [Int: String]
    }

    /// Every accepted batch, in order of acceptance.
    private(set) var entries: [Entry] = []
    /// The entries that were applied, in order of application.
    private(set) var applied: [Int] = []
    private var accounts: Set<String> = []
    private var pending: [Int] = []
    private var byKey: [Key: Int] = [:]
    private var byStatus: [String: Int] = [:]

    private struct Key: Hashable {
        var kind: SubmissionKind
        var reference: String
    }

    /// Whether an account with this `clientReferenceId` has been applied.
    func knowsAccount(_ clientReferenceId: String) -> Bool {
        accounts.contains(clientReferenceId)
    }

    /// The batch whose status is asked for.
    func entry(statusIdentifier: String) -> Entry? {
        byStatus[statusIdentifier].map { entries[$0] }
    }

    /// The batch that was accepted before under the kind and reference of this one.
    func acceptance(kind: SubmissionKind, reference: String) -> Acceptance? {
        byKey[Key(kind: kind, reference: reference)].map { entries[$0].acceptance }
    }

    /// Takes a batch that is in order: as new, as a repeat, or not at all where its reference is taken.
    mutating func receive(
        _ batch: Batch, at now: Duration, applyAfter delay: Duration, rejections: [Int: String]
    ) -> Reception {
        let key = Key(kind: batch.kind, reference: batch.reference)
        let identifier = Self.statusIdentifier(of: batch)
        if let known = byKey[key] {
            guard entries[known].batch.sha256 == batch.sha256 else {
                entries[known].acceptance.mismatches += 1
                return .mismatch
            }
            entries[known].acceptance.repeats += 1
            return .accepted(statusIdentifier: identifier)
        }
        let acceptance = Acceptance(
            kind: batch.kind, reference: batch.reference, sha256: batch.sha256, records: batch.identities.count)
        let entry = Entry(
            batch: batch, acceptance: acceptance, acceptedAt: now, appliesAt: now + delay, rejections: rejections)
        byKey[key] = entries.count
        byStatus[identifier] = entries.count
        pending.append(entries.count)
        entries.append(entry)
        settle(upTo: now)
        return .accepted(statusIdentifier: identifier)
    }

    /// Applies what is due, in the order in which it fell due.
    mutating func settle(upTo now: Duration) {
        let due = pending.filter { entries[$0].appliesAt <= now }
        guard !due.isEmpty else { return }
        pending.removeAll { entries[$0].appliesAt <= now }
        for index in due.sorted(by: { (entries[$0].appliesAt, $0) < (entries[$1].appliesAt, $1) }) {
            applied.append(index)
            let entry = entries[index]
            guard entry.batch.kind == .account else { continue }
            for (record, identity) in entry.batch.identities.enumerated() where entry.rejections[record] == nil {
                accounts.insert(identity.name)
            }
        }
    }

    private static func statusIdentifier(of batch: Batch) -> String {
        let name = Data("\(batch.kind.rawValue) \(batch.reference)".utf8)
        return String(hexadecimal(SHA256.hash(data: name)).prefix(24))
    }
}

extension AcceptanceMemory.Entry {
    /// The status document, as it is at this moment: queued, then processing, then completed with a word on each record.
    func status(at now: Duration) -> BatchStatus {
        guard now < appliesAt else {
            let records = batch.identities.enumerated().map { index, identity in
                BatchStatus.Record(
                    clientReferenceId: identity.clientReferenceId, claimNumber: identity.claimNumber,
                    status: rejections[index] == nil ? "Accepted" : "Rejected", message: rejections[index])
            }
            return BatchStatus(batchReferenceId: batch.reference, status: "Completed", records: records)
        }
        let status = now - acceptedAt < (appliesAt - acceptedAt) / 2 ? "Queued" : "Processing"
        return BatchStatus(batchReferenceId: batch.reference, status: status, records: [])
    }
}

/// What a status URI answers.
struct BatchStatus: Sendable, Equatable, Encodable {
    struct Record: Sendable, Equatable, Encodable {
        var clientReferenceId: String?
        var claimNumber: String?
        var status: String
        var message: String?
    }

    var batchReferenceId: String
    var status: String
    var records: [Record]
}
