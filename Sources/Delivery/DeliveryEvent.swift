import Model

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
