/// Where the time comes from: the system's clocks, or a test's hands.
package protocol TimeSource: Sendable {
    /// The clock that intervals are measured with.
    var moment: Moment { get }
    /// The clock on the wall, which may step.
    var timestamp: Timestamp { get }
    /// Returns at `deadline` or later.
    ///
    /// - Throws: `CancellationError` when the task is cancelled first.
    func sleep(until deadline: Moment) async throws
}

extension TimeSource {
    /// Both clocks at one instant, to a tenth of a millisecond: a thread may be stopped between two readings, for long
    /// on a busy machine.
    package var instant: (moment: Moment, timestamp: Timestamp) {
        var reading = (moment: moment, timestamp: timestamp)
        for _ in 0..<100 {
            let before = moment
            reading.timestamp = timestamp
            reading.moment = moment
            if reading.moment - before < .microseconds(100) { break }
        }
        return reading
    }

    package func sleep(for duration: Duration) async throws {
        try await sleep(until: moment + duration)
    }
}
