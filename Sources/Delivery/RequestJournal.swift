import Model

/// Where every request is written down: before it leaves, and when its answer has ended.
///
/// All return when what they were told is on disk. They try again for as long as the journal cannot be written,
/// for that is no fault of the request's.
///
/// - Throws: `CancellationError` only.
package protocol RequestJournal: Sendable {
    func begin(_ purpose: RequestPurpose, requestID: String) async throws -> RequestEntry
    func end(_ request: RequestEnd) async throws
    /// The request did not leave after all: its batch is what it was.
    func withdraw(_ request: RequestEntry) async throws
}

/// A request in the journal.
package struct RequestEntry: Sendable, Hashable {
    package var id: Int64
    /// What its batch was before; `nil` for a request that is no batch's.
    package var before: BatchState?

    package init(id: Int64, before: BatchState? = nil) {
        self.id = id
        self.before = before
    }
}

/// What a request is for.
package enum RequestPurpose: Sendable, Hashable {
    case token
    case batch(drop: DropID, reference: String)
    /// To read a batch's status.
    case status(drop: DropID, reference: String)
}
