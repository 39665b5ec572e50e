/// Which requests are within the rate: at most `limit` are let through in any 60 seconds.
///
/// A blocked request does not count against the limit, so what `Retry-After` says comes true. It does count as seen.
struct RequestWindow: Sendable {
    enum Verdict: Equatable {
        case admitted
        /// Over the limit. One would be let through after this time.
        case blocked(retryAfter: Duration)
    }

    static let length = Duration.seconds(60)

    let limit: Int?
    /// The largest number of requests seen in any 60 seconds, blocked ones included.
    private(set) var largest = 0
    private var seen = RecentTimes()
    private var admitted = RecentTimes()

    init(limit: Int?) {
        self.limit = limit
    }

    /// Takes one request. Moments must not go back.
    mutating func arrive(at now: Duration) -> Verdict {
        seen.forget(upTo: now - Self.length)
        seen.append(now)
        largest = max(largest, seen.count)

        guard let limit else { return .admitted }
        admitted.forget(upTo: now - Self.length)
        guard admitted.count >= limit else {
            admitted.append(now)
            return .admitted
        }
        let oldest = admitted.first ?? now
        return .blocked(retryAfter: oldest + Self.length - now)
    }
}

/// Ascending moments, forgotten from the front. Its storage is compacted when half of it is forgotten.
private struct RecentTimes: Sendable {
    private var times: [Duration] = []
    private var head = 0

    var count: Int { times.count - head }
    var first: Duration? { head < times.count ? times[head] : nil }

    mutating func append(_ time: Duration) {
        times.append(time)
    }

    mutating func forget(upTo moment: Duration) {
        while head < times.count, times[head] <= moment { head += 1 }
        if head > times.count / 2, head > 1024 {
            times.removeFirst(head)
            head = 0
        }
    }
}
