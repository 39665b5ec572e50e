extension Configuration {
    /// What the API and this machine can bear.
    package struct Limits: Sendable, Equatable {
        /// `nil`: no throttle.
        package var requestsPerMinute: Int?
        package var inFlight: Int
        package var jsonBytes: ByteCount
        package var multipartBytes: ByteCount
        /// `nil`: as many as fit into `jsonBytes`.
        package var recordsPerBatch: Int?
        /// The bytes of documents held at once.
        package var memory: ByteCount

        package init(
            requestsPerMinute: Int?, inFlight: Int, jsonBytes: ByteCount, multipartBytes: ByteCount,
            recordsPerBatch: Int?, memory: ByteCount
        ) {
            self.requestsPerMinute = requestsPerMinute
            self.inFlight = inFlight
            self.jsonBytes = jsonBytes
            self.multipartBytes = multipartBytes
            self.recordsPerBatch = recordsPerBatch
            self.memory = memory
        }
    }

    /// How often and how patiently a batch is sent again.
    package struct Retry: Sendable, Equatable {
        /// All attempts, the first included.
        package var attempts: Int
        package var base: Duration
        /// At least `base`.
        package var cap: Duration
        package var requeueAfterOutage: Bool

        package init(attempts: Int, base: Duration, cap: Duration, requeueAfterOutage: Bool) {
            self.attempts = attempts
            self.base = base
            self.cap = cap
            self.requeueAfterOutage = requeueAfterOutage
        }
    }

    /// When submission pauses, and how often it is tried then.
    package struct Breaker: Sendable, Equatable {
        package var failures: Int
        package var probe: Duration

        package init(failures: Int, probe: Duration) {
            self.failures = failures
            self.probe = probe
        }
    }

    /// Whether waiting documents of one inbox and kind share a request.
    package struct Batching: Sendable, Equatable {
        package var mode: Mode
        package var records: Int
        package var bytes: ByteCount

        package init(mode: Mode, records: Int, bytes: ByteCount) {
            self.mode = mode
            self.records = records
            self.bytes = bytes
        }

        package enum Mode: String, Sendable, CaseIterable {
            /// One document, one request at least.
            case none
            /// Documents that wait anyway are joined.
            case backlog
        }
    }
}
