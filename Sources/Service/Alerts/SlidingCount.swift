import Model

/// How often something happened within the last so many seconds, in steps of a sixtieth of them: memory does not grow
/// with the number.
struct SlidingCount: Sendable {
    /// What was counted in an earlier one stays, as far as the new one reaches.
    var window: Duration
    /// The end of each step with something in it, oldest first.
    private var steps: [(end: Moment, count: Int)] = []

    init(window: Duration) {
        self.window = window
    }

    private var step: Duration { window / 60 }

    mutating func add(at now: Moment) {
        _ = number(at: now)
        if let last = steps.indices.last, now < steps[last].end {
            steps[last].count += 1
        } else {
            steps.append((now + step, 1))
        }
    }

    mutating func number(at now: Moment) -> Int {
        steps.removeAll { $0.end + window <= now }
        return steps.reduce(0) { $0 + $1.count }
    }

    /// When the oldest that counts happened, to a step.
    var oldest: Moment? { steps.first.map { Moment(sinceBoot: $0.end.sinceBoot - step) } }

    /// When nothing is left, if nothing more happens.
    var end: Moment? { steps.last.map { $0.end + window } }
}
