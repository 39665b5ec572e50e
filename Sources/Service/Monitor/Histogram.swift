import Model

/// How often a duration was at most so long, as Prometheus counts it.
package struct Histogram: Sendable, Hashable {
    /// The upper bounds in seconds, in order.
    package static let bounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86_400,
    ]

    /// One for each bound, and the last for what is longer than all of them; not cumulative.
    package private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    /// In seconds.
    package private(set) var sum = 0.0

    package var count: Int { counts.reduce(0, +) }

    package init() {}

    package mutating func add(_ duration: Duration) {
        let seconds = max(0, duration.inSeconds)
        counts[Histogram.bounds.firstIndex { seconds <= $0 } ?? Histogram.bounds.count] += 1
        sum += seconds
    }
}
