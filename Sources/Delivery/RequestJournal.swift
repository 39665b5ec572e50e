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

/// What the delivery has to say to whoever looks after it.
package enum DeliveryEvent: Sendable {
    case answered(AttemptReport)
    /// A token was fetched; it lives for this long.
    case tokenRenewed(lifetime: Duration)
    /// No token could be had; it is tried again by itself, or, where `retryIn` is `nil`, no more in this run.
    case tokenFailed(message: String, retryIn: Duration?)
    /// The token cannot be kept for the next run of the service.
    case tokenNotKept(message: String)
    /// Submission pauses by itself, or goes on.
    case breaker(Breaker.Change)
}

/// One request as the log tells it.
package struct AttemptReport: Sendable, Hashable {
    /// `nil` for a request that belongs to no drop: one for a token.
    package var subject: Subject?
    package var method: String
    package var path: String
    package var requestID: String
    package var status: Int?
    package var code: Code?
    package var duration: Duration
    /// `nil`: not sent again by itself.
    package var retryIn: Duration?
    /// Why there is no status.
    package var failure: String?
    /// It is sent again when a pause of all submission is over, or to find out whether it is.
    package var isHeld = false
    /// It read a batch's status.
    package var isStatus = false

    /// Whose request it is.
    package struct Subject: Sendable, Hashable {
        package var inbox: String
        package var drop: DropID
        package var reference: String
        /// From 1.
        package var attempt: Int
    }
}
