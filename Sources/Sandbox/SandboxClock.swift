import Foundation

/// The time a sandbox lives by. Passed in, so that a test can let a minute go by without waiting for it.
package struct SandboxClock: Sendable {
    /// Time since a fixed moment. It never goes back.
    package var now: @Sendable () -> Duration
    /// The date and time of day, for what is shown to people and for a token's `exp`.
    package var date: @Sendable () -> Date
    /// Returns when the time has passed; throws when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void

    package init(
        now: @escaping @Sendable () -> Duration,
        date: @escaping @Sendable () -> Date,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.date = date
        self.sleep = sleep
    }

    /// The machine's own time.
    package static var system: SandboxClock {
        let start = ContinuousClock.now
        return SandboxClock(
            now: { start.duration(to: .now) },
            date: { Date() },
            sleep: { try await Task.sleep(for: $0) }
        )
    }
}
