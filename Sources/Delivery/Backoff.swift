import Model

/// Exponential backoff with full jitter: any time up to an end that doubles.
package struct Backoff: Sendable, Hashable {
    package var base: Duration
    package var cap: Duration

    package init(base: Duration, cap: Duration) {
        self.base = base
        self.cap = cap
    }

    /// The pause after failure number `attempt`, counted from 1.
    package func delay(attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        .milliseconds(Int64.random(in: pauses(after: attempt), using: &generator))
    }

    /// The same by the system's own numbers.
    package func delay(attempt: Int) -> Duration {
        .milliseconds(Int64.random(in: pauses(after: attempt)))
    }

    /// In milliseconds.
    private func pauses(after attempt: Int) -> ClosedRange<Int64> {
        // 2^40 times any base is beyond any cap, and far from where `Duration` ends.
        let end = min(cap, base * (1 << min(max(attempt - 1, 0), 40)))
        return 0...max(0, end.wholeMilliseconds)
    }
}
