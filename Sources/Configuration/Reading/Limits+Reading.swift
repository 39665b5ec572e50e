extension Configuration.Limits {
    /// The largest body that anyone can mean.
    private static let largest = ByteCount.megabytes(1000)

    init?(_ field: Field) {
        guard let section = Section(field, .limits) else { return nil }
        self = Defaults.limits
        section.read("requestsPerMinute", into: &requestsPerMinute) { $0.count(upTo: 1_000_000) }
        section.read("inFlight", into: &inFlight) { $0.integer(in: 1...1000) }
        section.read("jsonBytes", into: &jsonBytes) { $0.bytes(in: ByteCount(1)...Self.largest) }
        section.read("multipartBytes", into: &multipartBytes) { $0.bytes(in: ByteCount(1)...Self.largest) }
        section.read("recordsPerBatch", into: &recordsPerBatch) { $0.count(upTo: 1_000_000_000) }
        section.read("memory", into: &memory) { $0.bytes(in: .megabytes(1)...(.megabytes(1_000_000))) }
    }
}

extension Field {
    /// A number from 1, or `unlimited`, which is the inner `nil`.
    fileprivate func count(upTo limit: Int) -> Int?? {
        if says("unlimited") { return .some(nil) }
        return integer(in: 1...limit, or: "unlimited").map { .some($0) }
    }
}

extension Configuration.Retry {
    init?(_ field: Field) {
        guard let section = Section(field, .retry) else { return nil }
        self = Defaults.retry
        section.read("attempts", into: &attempts) { $0.integer(in: 1...100) }
        section.read("base", into: &base) { $0.duration(atLeast: .milliseconds(1), atMost: .seconds(86_400)) }
        section.read("cap", into: &cap) { $0.duration(atLeast: .milliseconds(1), atMost: .seconds(86_400)) }
        section.read("requeueAfterOutage", into: &requeueAfterOutage) { $0.boolean() }
        if cap < base {
            (section["cap"] ?? section["base"] ?? field).problem(
                "cap (\(cap.shortText)) must not be shorter than base (\(base.shortText))")
        }
    }
}

extension Configuration.Breaker {
    init?(_ field: Field) {
        guard let section = Section(field, .breaker) else { return nil }
        self = Defaults.breaker
        section.read("failures", into: &failures) { $0.integer(in: 1...1000) }
        section.read("probe", into: &probe) { $0.duration(atLeast: .milliseconds(1), atMost: .seconds(86_400)) }
    }
}

extension Configuration.Batching {
    init?(_ field: Field) {
        guard let section = Section(field, .batching) else { return nil }
        self = Defaults.batching
        section.read("mode", into: &mode) { $0.choice() }
        section.read("records", into: &records) { $0.integer(in: 1...1_000_000_000) }
        section.read("bytes", into: &bytes) { $0.bytes(in: ByteCount(1)...(.megabytes(1000))) }
    }
}
