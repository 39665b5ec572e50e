import Synchronization

/// One sleeper for all who wait for a moment, so that a thousand idle inboxes do not mean a thousand timers, and a
/// thousand requests a minute do not leave as many behind. (A sleep that was cancelled stays in memory until its time.)
///
/// Who can do with being woken early is woken along with others: that is how the listings of many inboxes, which began
/// at any time, come together.
package final class Alarms: Sendable {
    private struct Alarm {
        let deadline: Moment
        /// Any time from here on is as good.
        let earliest: Moment
        let ring: @Sendable () -> Void
    }

    private struct State {
        var alarms: [ObjectIdentifier: Alarm] = [:]
        var sleeper: (deadline: Moment, task: Task<Void, Never>)?
    }

    private let time: any TimeSource
    private let sleepsOn: Bool
    private let state = Mutex(State())

    /// - Parameter sleepsOn: whether the sleeper stays where nobody waits any more, to be there for the next one. It
    ///   wakes once for nothing.
    package init(time: any TimeSource, sleepsOn: Bool = false) {
        self.time = time
        self.sleepsOn = sleepsOn
    }

    deinit {
        state.withLock { $0.sleeper?.task.cancel() }
    }

    /// Calls `ring` once, at `deadline` or up to `leeway` earlier. It takes the place of the owner's last alarm.
    package func set(
        for owner: AnyObject, at deadline: Moment, orEarlierBy leeway: Duration = .zero,
        _ ring: @escaping @Sendable () -> Void
    ) {
        state.withLock { state in
            let earliest = Moment(sinceBoot: deadline.sinceBoot - leeway)
            state.alarms[ObjectIdentifier(owner)] = Alarm(deadline: deadline, earliest: earliest, ring: ring)
            // A sleeper that wakes for an alarm which is gone finds nothing due and lies down again.
            if let sleeper = state.sleeper, sleeper.deadline <= deadline { return }
            layDown(until: deadline, &state)
        }
    }

    package func cancel(for owner: AnyObject) {
        state.withLock { state in
            state.alarms[ObjectIdentifier(owner)] = nil
            if state.alarms.isEmpty && !sleepsOn {
                state.sleeper?.task.cancel()
                state.sleeper = nil
            }
        }
    }

    private func layDown(until deadline: Moment, _ state: inout State) {
        state.sleeper?.task.cancel()
        let task = Task { [weak self, time] in
            do { try await time.sleep(until: deadline) } catch { return }
            self?.wake(after: deadline)
        }
        state.sleeper = (deadline, task)
    }

    private func wake(after deadline: Moment) {
        let due = state.withLock { state -> [Alarm] in
            // Another sleeper took over while this one woke.
            guard state.sleeper?.deadline == deadline else { return [] }
            state.sleeper = nil
            let now = time.moment
            let isDue = state.alarms.values.contains { $0.deadline <= now }
            let due = isDue ? state.alarms.filter { $0.value.earliest <= now } : [:]
            for owner in due.keys { state.alarms[owner] = nil }
            if let next = state.alarms.values.map(\.deadline).min() { layDown(until: next, &state) }
            return Array(due.values)
        }
        for alarm in due { alarm.ring() }
    }
}
