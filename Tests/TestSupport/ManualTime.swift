import Model
import Synchronization

/// Time that passes only when a test says so.
package final class ManualTime: TimeSource {
    private struct State {
        var passed = Duration.zero
        var sleepers: [Int: (deadline: Moment, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var nextID = 0
        /// How far the clock on the wall is off.
        var step = Duration.zero
    }

    private let state = Mutex(State())
    private let start: Timestamp
    private let boot = Duration.seconds(1000)

    package init(start: Timestamp = Timestamp(milliseconds: 1_800_000_000_000)) {
        self.start = start
    }

    package var moment: Moment { state.withLock { Moment(sinceBoot: boot + $0.passed) } }
    package var timestamp: Timestamp { state.withLock { start + $0.passed + $0.step } }

    package func sleep(until deadline: Moment) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isDue = state.withLock { state in
                    if Moment(sinceBoot: boot + state.passed) >= deadline || Task.isCancelled { return true }
                    state.sleepers[id] = (deadline, continuation)
                    return false
                }
                guard isDue else { return }
                continuation.resume(with: Task.isCancelled ? .failure(CancellationError()) : .success(()))
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Lets time pass; whoever sleeps until then wakes.
    package func advance(by duration: Duration) {
        let woken = state.withLock { state in
            state.passed += duration
            let now = Moment(sinceBoot: boot + state.passed)
            let due = state.sleepers.filter { $0.value.deadline <= now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume() }
    }

    /// Sets the clock on the wall forward or back; no time passes.
    package func stepWallClock(by duration: Duration) {
        state.withLock { $0.step += duration }
    }

    /// When the next sleeper will wake; `nil`: nobody sleeps.
    package var nextDeadline: Moment? {
        state.withLock { $0.sleepers.values.map(\.deadline).min() }
    }

    package var sleeperCount: Int { state.withLock { $0.sleepers.count } }
}
