/// Where one request's body stands (contract, section 1).
package enum BatchState: String, Sendable, Codable, CaseIterable {
    /// Never left.
    case waiting
    /// Left, and neither accepted nor refused: it may or may not have been taken.
    case unresolved
    case accepted
    case refused
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

    package init(
        reference: String, part: Int = 1, parts: Int = 1, records: Int, bytes: Int64, bodyHash: [UInt8],
        state: BatchState = .waiting
    ) {
        self.reference = reference
        self.part = part
        self.parts = parts
        self.records = records
        self.bytes = bytes
        self.bodyHash = bodyHash
        self.state = state
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
