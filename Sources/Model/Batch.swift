/// Where one request's body stands (contract, section 1).
package enum BatchState: String, Sendable, Codable, CaseIterable {
    /// Never left.
    case waiting
    /// Left, and neither accepted nor refused: it may or may not have been taken.
    case unresolved
    case accepted
    case refused

    /// Whether the API has it, or may have.
    package var mayBeTaken: Bool { self == .unresolved || self == .accepted }
}

/// One body of one request as the ledger and the result know it.
package struct Batch: Sendable, Hashable {
    package var reference: String
    /// From 1.
    package var part: Int
    package var parts: Int
    package var records: Int
    package var bytes: Int64
    /// SHA-256 of the exact body, so that a repeat can be told from another body under the same reference.
    package var bodyHash: [UInt8]
    package var state: BatchState
    /// How many of its requests count against the limit of attempts: those whose answer was no 401, and no 404 of an
    /// attachment (contract, section 4).
    package var attempts: Int
    /// Where it is part of a batch that several drops share. Reference, hash, state and attempts are that one's then;
    /// records and bytes are the drop's own.
    package var joined: JointPlace?

    package init(
        reference: String, part: Int = 1, parts: Int = 1, records: Int, bytes: Int64, bodyHash: [UInt8],
        state: BatchState = .waiting, attempts: Int = 0, joined: JointPlace? = nil
    ) {
        self.reference = reference
        self.part = part
        self.parts = parts
        self.records = records
        self.bytes = bytes
        self.bodyHash = bodyHash
        self.state = state
        self.attempts = attempts
        self.joined = joined
    }
}

extension Batch {
    /// What the drop would send by itself.
    package var alone: Batch {
        guard let joined else { return self }
        return Batch(
            reference: joined.ownReference, part: part, parts: parts, records: records, bytes: bytes,
            bodyHash: joined.ownHash)
    }
}

/// A drop's place in a batch that several drops share (`batching: {mode: backlog}`).
package struct JointPlace: Sendable, Hashable {
    /// The joint batch's number in the ledger.
    package var joint: Int64
    /// Which of its drops this is, from 1.
    package var place: Int
    /// The joint batch's records before this drop's.
    package var firstRecord: Int
    /// How many drops the joint batch is made of, and how many records they have.
    package var drops: Int
    package var records: Int
    /// The joint body's length.
    package var bytes: Int64
    /// The reference and body that the drop would have by itself.
    package var ownReference: String
    package var ownHash: [UInt8]

    package init(
        joint: Int64, place: Int, firstRecord: Int, drops: Int, records: Int, bytes: Int64, ownReference: String,
        ownHash: [UInt8]
    ) {
        self.joint = joint
        self.place = place
        self.firstRecord = firstRecord
        self.drops = drops
        self.records = records
        self.bytes = bytes
        self.ownReference = ownReference
        self.ownHash = ownHash
    }
}

/// One HTTP request for a batch or an attachment, ended or cut off.
package struct Attempt: Sendable, Hashable {
    package var at: Timestamp
    /// `nil`: no answer came.
    package var status: Int?
    package var duration: Duration?
    /// `nil`: accepted, or cut off by a stop of the service.
    package var error: Code?

    package init(at: Timestamp, status: Int? = nil, duration: Duration? = nil, error: Code? = nil) {
        self.at = at
        self.status = status
        self.duration = duration
        self.error = error
    }
}
