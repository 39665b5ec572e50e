/// How a request ended, as it is written down.
package struct RequestEnd: Sendable, Hashable {
    /// Its number in the ledger.
    package var request: Int64
    /// When it left; `nil`: when it was written down.
    package var left: Timestamp?
    /// `nil` where no answer came.
    package var status: Int?
    package var duration: Duration
    package var error: Code?
    /// What the batch is by now; `nil`: as it was before this request.
    package var batch: BatchState?
    /// Where the batch's status can be read.
    package var statusURI: String?
    /// The beginning of the answer.
    package var response: String?
    /// Whether it is one of its batch's attempts; not one that was made to find out whether a pause is over.
    package var isCounted: Bool
    /// What the API asked for with it.
    package var silence: Silence?

    package init(
        request: Int64, left: Timestamp? = nil, status: Int?, duration: Duration, error: Code? = nil,
        batch: BatchState? = nil, statusURI: String? = nil, response: String? = nil, isCounted: Bool = true
    ) {
        self.request = request
        self.left = left
        self.status = status
        self.duration = duration
        self.error = error
        self.batch = batch
        self.statusURI = statusURI
        self.response = response
        self.isCounted = isCounted
    }
}

/// How long the API wants no requests.
package struct Silence: Sendable, Hashable {
    package var length: Duration
    /// When it ends, by either clock: that which nobody sets begins anew when the machine does.
    package var end: Moment
    package var endOnTheWall: Timestamp

    /// One that begins now.
    package init(_ length: Duration, _ time: any TimeSource) {
        self.length = length
        end = time.moment + length
        endOnTheWall = time.timestamp + length
    }
}
