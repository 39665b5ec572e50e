/// What came back for one request.
package enum Answer: Sendable, Hashable {
    case status(Int, retryAfter: Duration?)
    /// No answer: not reached, broken off, or too late.
    case none(NetworkFailure)
}
