import Model

/// Keeps the number of requests that the API can see in any window at or below a limit (contract, section 7).
///
/// A slot is taken before a request leaves and is free again one window after its answer ended: whenever the
/// request reached the API, it was between the two. So the limit holds whatever the network does.
package struct Throttle: Sendable {
    package static let window = Duration.seconds(60)

    /// `nil`: no limit.
    package internal(set) var limit: Int?
    /// Slots of requests that are under way.
    private var open: Set<Int64> = []
    /// When the answers of the last window ended, oldest first.
    private var ended: [Moment] = []
    /// Nothing leaves before this moment, whatever slots are free.
    private var stoppedUntil: Moment?
    /// `nil` without a limit.
    private var pace: Pace?

    package enum Answer: Sendable, Hashable {
        case go
        /// Ask again at this moment; `nil`: when a request under way has ended.
        case wait(until: Moment?)
    }

    /// - Parameter ended: when the answers of requests ended that an earlier run of the service made.
    package init(limit: Int?, ended: [Moment] = []) {
        self.limit = limit
        self.ended = ended.sorted()
        pace = limit.map { Pace(limit: $0) }
    }

    /// How many slots are taken.
    package mutating func used(at now: Moment) -> Int {
        release(at: now)
        return open.count + ended.count
    }

    /// Takes a slot for `request` if there is one.
    package mutating func take(_ request: Int64, at now: Moment) -> Answer {
        if let stoppedUntil, now < stoppedUntil { return .wait(until: stoppedUntil) }
        stoppedUntil = nil
        release(at: now)
        if let limit, open.count + ended.count >= limit {
            return .wait(until: ended.first.map { $0 + Throttle.window })
        }
        if let next = pace?.next(at: now), now < next { return .wait(until: next) }
        pace?.took(at: now)
        open.insert(request)
        return .go
    }

    /// The answer of `request` has ended, or will never come.
    package mutating func end(_ request: Int64, at now: Moment) {
        guard open.remove(request) != nil, limit != nil else { return }
        // Answers end in the order of the clock, so the list stays sorted.
        ended.append(now)
    }

    /// The request never left: its slot is free at once.
    package mutating func giveBack(_ request: Int64) {
        open.remove(request)
    }

    /// The API asked for silence until `moment`.
    package mutating func stop(until moment: Moment) {
        stoppedUntil = max(stoppedUntil ?? moment, moment)
    }

    /// The API said to a request that left at `left` that there are too many: silence until `moment`, then slower.
    package mutating func slowDown(until moment: Moment, leftAt left: Moment, at now: Moment) {
        stop(until: moment)
        pace?.slowDown(leftAt: left, until: moment, at: now)
    }

    /// How many requests a minute may leave now; `nil`: as many as there are.
    package mutating func rate(at now: Moment) -> Double? {
        pace?.rate(at: now)
    }

    private mutating func release(at now: Moment) {
        let free = ended.prefix { $0 + Throttle.window <= now }.count
        if free > 0 { ended.removeFirst(free) }
    }
}
