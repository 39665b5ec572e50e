import Glibc

/// The system's clocks: `CLOCK_BOOTTIME` for intervals, `CLOCK_REALTIME` for people.
package struct SystemTime: TimeSource {
    package init() {}

    package var moment: Moment { Moment(sinceBoot: SystemTime.read(CLOCK_BOOTTIME)) }

    package var timestamp: Timestamp {
        Timestamp(milliseconds: SystemTime.read(CLOCK_REALTIME).wholeMilliseconds)
    }

    package func sleep(until deadline: Moment) async throws {
        // `ContinuousClock` is CLOCK_BOOTTIME on Linux too; the interval is all that is handed over.
        while true {
            let left = deadline - moment
            if left <= .zero { return try Task.checkCancellation() }
            try await Task.sleep(for: left, tolerance: .zero)
        }
    }

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
