import Model

/// How closely requests may follow one another since the API asked for less: half as fast at once, faster little by
/// little (additive increase, multiplicative decrease), and never faster than the limit.
struct Pace: Sendable {
    /// From a standstill to the full limit it takes this long.
    static let recovery = Duration.seconds(60)
    /// No slower than this part of the limit.
    private static let slowest = 0.02

    private var limit: Double
    /// Requests a minute at `since`; `nil`: nobody asked for less, the slots alone decide.
    private var rate: Double?
    private var since = Moment(sinceBoot: .zero)
    private var last: Moment?

    init(limit: Int) {
        self.limit = Double(limit)
    }

    /// The API said 408 or 429 to a request that left at `left`. Requests that left before the last slowing down tell
    /// nothing new.
    mutating func slowDown(leftAt left: Moment, until resumed: Moment, at now: Moment) {
        let current = rate(at: now)
        if rate != nil, left < since { return }
        rate = max(current / 2, limit * Pace.slowest)
        since = max(now, resumed)
    }

    /// What was slowed down goes on from where it is.
    mutating func change(limit new: Int, at now: Moment) {
        if rate != nil {
            rate = rate(at: now)
            since = max(since, now)
        }
        limit = Double(new)
    }

    /// Requests a minute.
    mutating func rate(at now: Moment) -> Double {
        guard let rate else { return limit }
        let grown = rate + limit * max(0, (now - since) / Pace.recovery)
        if grown < limit { return grown }
        self.rate = nil
        return limit
    }

    /// When the next request may follow; `nil`: whenever there is a slot.
    mutating func next(at now: Moment) -> Moment? {
        let current = rate(at: now)
        guard rate != nil, let last else { return nil }
        return last + .seconds(60 / current)
    }

    mutating func took(at now: Moment) {
        last = now
    }
}
