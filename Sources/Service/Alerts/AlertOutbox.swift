import Model
import Synchronization

/// What one recipient is still to be told: in order, never more than so much, and in nobody's way.
final class AlertOutbox: Sendable {
    /// Who waits longer than this is told the newest; the oldest goes.
    static let capacity = 100

    private struct State {
        var waiting = 0
        /// By their keys, when alerts that are on began, as was told. The end says the same, wherever the wall clock is by
        /// then.
        var begun: [String: Timestamp] = [:]
        var isFinishing = false
        var pause: Task<Void, any Error>?
    }

    /// The key of the configuration that names the recipient, for the log: the recipient itself may be a secret.
    let name: String
    private let retry: AlertRetry
    private let time: any TimeSource
    private let report: @Sendable (ServiceEvent) -> Void
    private let messages: AsyncStream<(AlertMessage, queued: Moment)>
    private let queue: AsyncStream<(AlertMessage, queued: Moment)>.Continuation
    private let state = Mutex(State())

    init(
        name: String, retry: AlertRetry, time: any TimeSource, report: @escaping @Sendable (ServiceEvent) -> Void
    ) {
        self.name = name
        self.retry = retry
        self.time = time
        self.report = report
        (messages, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(AlertOutbox.capacity))
    }

    func add(_ message: AlertMessage) {
        var message = message
        state.withLock { state in
            state.waiting += 1
            switch message.change.phase {
            case .begins: state.begun[message.key] = message.since
            case .ends: message.since = state.begun.removeValue(forKey: message.key) ?? message.since
            }
        }
        if case .dropped((let lost, _)) = queue.yield((message, time.moment)) {
            end(.alertLost(recipient: name, lost.change.event, reason: "too many are waiting"))
        }
    }

    /// Nothing more is added. What waits is tried once each, without a pause.
    func finish() {
        queue.finish()
        state.withLock { state in
            state.isFinishing = true
            state.pause?.cancel()
        }
    }

    /// Tells one after the other until there is nothing more, or the task is cancelled.
    ///
    /// - Parameter deliver: one try; throws where it is cancelled.
    func run(_ deliver: @Sendable (AlertMessage) async throws -> AlertAttempt) async {
        for await (message, queued) in messages { await tell(message, queued: queued, deliver) }
        let left = state.withLock(\.waiting)
        if left > 0 { report(.alertsNotTold(recipient: name, count: left)) }
    }

    private func tell(
        _ message: AlertMessage, queued: Moment, _ deliver: (AlertMessage) async throws -> AlertAttempt
    ) async {
        var retry = retry
        while true {
            guard let attempt = try? await deliver(message) else { return }
            let isLast = state.withLock(\.isFinishing)
            var generator = SystemRandomNumberGenerator()
            switch retry.next(
                after: attempt, age: time.moment - queued, isLast: isLast, using: &generator)
            {
            case .done:
                return end(.alertTold(recipient: name, message.change.event, attempts: retry.attempts))
            case .giveUp(let reason):
                return end(.alertLost(recipient: name, message.change.event, reason: reason))
            case .again(let pause, let reason):
                if retry.attempts == 1 { report(.alertDelayed(recipient: name, message.change.event, reason: reason)) }
                await wait(for: pause)
            }
        }
    }

    private func end(_ event: ServiceEvent) {
        state.withLock { $0.waiting -= 1 }
        report(event)
    }

    /// Returns early where there is no more time.
    private func wait(for pause: Duration) async {
        let sleep = Task { [time] in try await time.sleep(for: pause) }
        state.withLock { state in
            state.pause = sleep
            if state.isFinishing { sleep.cancel() }
        }
        await withTaskCancellationHandler {
            _ = await sleep.result
        } onCancel: {
            sleep.cancel()
        }
    }
}
