import Model
import Synchronization

/// The system's time, and what leaps were added to it: whoever sleeps finds it gone on to the end of that.
final class LeapingTime: TimeSource {
    private let clock = SystemTime()
    private let ahead = Mutex(Duration.zero)

    var moment: Moment { clock.moment + ahead.withLock { $0 } }
    var timestamp: Timestamp { clock.timestamp + ahead.withLock { $0 } }

    func leap(by duration: Duration) { ahead.withLock { $0 += duration } }

    func sleep(until deadline: Moment) async throws {
        try Task.checkCancellation()
        leap(by: max(.zero, deadline - moment))
    }
}
