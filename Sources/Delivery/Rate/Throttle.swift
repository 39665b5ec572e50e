import Model

/// Keeps the number of requests that the API can see in any window at or below a limit (contract, section 7).
///
/// A slot is taken before a request leaves and is free again one window after its answer ended: whenever the
/// request reached the API, it was between the two. So the limit holds whatever the network does.
package struct Throttle: Sendable {
    package static let window = Duration.seconds(60)

    /// `nil`: no limit.
    package private(set) var limit: Int?
    /// Slots of requests that are under way.
    private var open: Set<Int64> = []
    /// When answers ended, oldest first; those before `firstInWindow` are out of the window.
    private var ended: [Moment] = []
    private var firstInWindow = 0
    /// Nothing leaves before this moment, whatever slots are free.
    private var stoppedUntil: Moment?
    /// `nil` without a limit.
    private var pace: Pace?

    package enum Answer: Sendable, Hashable {
        case go
        /// Ask again at this moment; `nil`: when a request under way has ended.
        case wait(until: Moment?)
    }

    /// - Parameters:
    ///   - ended: when the answers of requests ended that an earlier run of the service made.
    ///   - silentUntil: until when the API asked that run for silence.
    package init(limit: Int?, ended: [Moment] = [], silentUntil: Moment? = nil) {
        self.limit = limit
        stoppedUntil = silentUntil
        self.ended = ended.sorted()
        pace = limit.map { Pace(limit: $0) }
    }

    /// How many slots are taken.
    package mutating func used(at now: Moment) -> Int {
        release(at: now)
        return taken
    }

    private var taken: Int { open.count + ended.count - firstInWindow }

    /// Takes a slot for `request` if there is one.
    package mutating func take(_ request: Int64, at now: Moment) -> Answer {
        let answer = next(at: now)
        guard answer == .go else { return answer }
        pace?.took(at: now)
        open.insert(request)
        return .go
    }

    /// Whether there is a slot; none is taken.
    package mutating func next(at now: Moment) -> Answer {
        if let stoppedUntil, now < stoppedUntil { return .wait(until: stoppedUntil) }
        stoppedUntil = nil
        release(at: now)
        if let limit, taken >= limit {
            // By then so many are free that there is one.
            let last = firstInWindow + taken - limit
            return .wait(until: last < ended.count ? ended[last] + Throttle.window : nil)
        }
        if let next = pace?.next(at: now), now < next { return .wait(until: next) }
        return .go
    }

    /// The answer of `request` has ended, or will never come.
    package mutating func end(_ request: Int64, at now: Moment) {
        guard open.remove(request) != nil else { return }
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

    /// Another limit counts from now on, with what left before; `nil`: none.
    package mutating func change(limit new: Int?, at now: Moment) {
        limit = new
        if let new, pace != nil { pace?.change(limit: new, at: now) } else { pace = new.map { Pace(limit: $0) } }
    }

    /// How many requests a minute may leave now; `nil`: as many as there are.
    package mutating func rate(at now: Moment) -> Double? {
        pace?.rate(at: now)
    }

    private mutating func release(at now: Moment) {
        while firstInWindow < ended.count, ended[firstInWindow] + Throttle.window <= now { firstInWindow += 1 }
        // What is over is removed together, now and then.
        guard firstInWindow > ended.count / 2 else { return }
        ended.removeFirst(firstInWindow)
        firstInWindow = 0
    }
}
