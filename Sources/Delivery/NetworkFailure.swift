/// Why no answer came, in a person's words.
package struct NetworkFailure: Error, Sendable, Hashable {
    package let message: String
    /// How long the other side wants to be left alone.
    package let retryAfter: Duration?
    package let origin: Origin

    /// Whose fault it is.
    package enum Origin: Sendable, Hashable {
        case network
        /// There was another side, and TLS with it failed: waiting alone never mends that.
        case untrusted
        /// The attachment's file is no longer what was judged: nothing of it may be taken for the whole.
        case changedFile
        /// A file of ours cannot be read now.
        case machine
    }

    package init(_ message: String, retryAfter: Duration? = nil, origin: Origin = .network) {
        self.message = message
        self.retryAfter = retryAfter
        self.origin = origin
    }
}
