import Model

/// Requests by minute, for the last hour.
package struct RateHistory: Sendable {
    package struct Minute: Sendable, Hashable {
        /// Minutes since 1970.
        package var minute: Int64
        package var requests = 0
        /// Answers 408 and 429, and those of 500 and more or none.
        package var refused = 0
    }

    package static let length = 60

    private var minutes: [Minute] = []

    package init() {}

    package mutating func add(isRefused: Bool, at now: Timestamp) {
        let minute = RateHistory.minute(of: now)
        // A clock that was put back goes on in the newest minute.
        if minutes.last.map({ $0.minute < minute }) ?? true { minutes.append(Minute(minute: minute)) }
        minutes[minutes.count - 1].requests += 1
        if isRefused { minutes[minutes.count - 1].refused += 1 }
        if minutes.count > RateHistory.length { minutes.removeFirst() }
    }

    /// ``length`` minutes up to now, those without a request included.
    package func minutes(at now: Timestamp) -> [Minute] {
        let last = RateHistory.minute(of: now)
        let known = Dictionary(minutes.map { ($0.minute, $0) }) { first, _ in first }
        return (last - Int64(RateHistory.length) + 1...last).map { known[$0] ?? Minute(minute: $0) }
    }

    private static func minute(of time: Timestamp) -> Int64 { time.milliseconds / 60_000 }
}
