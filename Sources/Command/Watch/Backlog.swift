import Model

/// How far a backlog has come.
struct Backlog: Sendable, Hashable {
    /// Drops that are not at their end, those in the folders included.
    var remaining: Int
    /// Drops that came to their end since it began.
    var finished: Int
    /// And in the last minute.
    var lastMinute: Int

    /// From 0 to 1.
    var fraction: Double { Double(finished) / Double(max(1, finished + remaining)) }

    /// By the rate of the last minute; `nil`: nothing came to its end in that.
    var timeLeft: Duration? {
        lastMinute > 0 ? .seconds((remaining * 60 + lastMinute - 1) / lastMinute) : nil
    }
}

/// Follows a backlog from when it is first seen until nothing is left of it.
struct BacklogTrack: Sendable {
    private var since: Timestamp?

    /// - Parameter ended: how many drops came to their end since a moment.
    /// - Returns: `nil` where there is none.
    mutating func note(remaining: Int, at now: Timestamp, ended: (Timestamp) throws -> Int) rethrows -> Backlog? {
        guard remaining > 0 else {
            since = nil
            return nil
        }
        let start = since ?? now
        since = start
        return Backlog(
            remaining: remaining, finished: try ended(start), lastMinute: try ended(now + .seconds(-60)))
    }
}
