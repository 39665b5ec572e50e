import Delivery
import Foundation
import Model
import SluiceConfiguration
import Synchronization
import SystemPackage

/// Makes alerts of what the service tells, and tells them on: to the log at once, to recipients behind everybody's back.
final class AlertWatch: Sendable {
    private struct Start: Sendable {
        let outbox: AlertOutbox
        let target: Configuration.Alert.Target
    }

    private struct State {
        var router: AlertRouter
        /// By the recipients' numbers.
        var outboxes: [Int: AlertOutbox] = [:]
    }

    private let state: Mutex<State>
    private let time: any TimeSource
    private let source: String
    private let retry: Configuration.Retry
    private let report: @Sendable (ServiceEvent) -> Void
    private let starts: AsyncStream<Start>
    private let starter: AsyncStream<Start>.Continuation
    /// Something is on that may be over by itself.
    private let changes: AsyncStream<Void>
    private let change: AsyncStream<Void>.Continuation
    private let running = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter report: told of alerts, and of what became of telling them.
    init(
        _ configuration: Configuration, time: any TimeSource, report: @escaping @Sendable (ServiceEvent) -> Void
    ) {
        self.time = time
        source = configuration.source.string
        retry = configuration.retry
        self.report = report
        (starts, starter) = AsyncStream.makeStream()
        (changes, change) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        state = Mutex(
            State(
                router: AlertRouter(
                    thresholds: configuration.alertThresholds, limit: configuration.limits.requestsPerMinute)))
        adopt(configuration)
    }

    /// Whoever told the event hears of its alerts right behind it.
    func note(_ event: ServiceEvent) {
        tell { $0.router.note(event, at: $1) }
    }

    /// From now on those are told whom this configuration names.
    func adopt(_ configuration: Configuration) {
        tell { state, now in
            let told = state.router.change(
                configuration.alerts, thresholds: configuration.alertThresholds,
                limit: configuration.limits.requestsPerMinute, at: now)
            staff(&state)
            return told
        }
    }

    private func tell(_ what: (inout State, Moment) -> AlertRouter.Told) {
        let (now, wall) = (time.moment, time.timestamp)
        let told = state.withLock { state in
            let told = what(&state, now)
            // In here, so that no end overtakes its begin.
            for (number, change) in told.recipients {
                state.outboxes[number]?.add(
                    AlertMessage(change, at: wall, host: AlertWatch.host, configuration: source))
            }
            return told
        }
        for change in told.house { report(.alert(change)) }
        if !told.house.isEmpty || !told.recipients.isEmpty { change.yield() }
    }

    /// An outbox for each recipient, and none for those that are no more.
    private func staff(_ state: inout State) {
        let wanted = Set(state.router.recipients.map(\.number))
        for (number, outbox) in state.outboxes where !wanted.contains(number) {
            outbox.finish()
            state.outboxes[number] = nil
        }
        for (index, recipient) in state.router.recipients.enumerated() where state.outboxes[recipient.number] == nil {
            let outbox = makeOutbox(recipient.alert.target, index: index)
            state.outboxes[recipient.number] = outbox
            starter.yield(Start(outbox: outbox, target: recipient.alert.target))
        }
    }

    private func makeOutbox(_ target: Configuration.Alert.Target, index: Int) -> AlertOutbox {
        let backoff = Backoff(base: retry.base, cap: retry.cap)
        let (kind, patience) =
            switch target {
            case .webhook: ("webhook", AlertRetry(backoff, .age(AlertWatch.longestWorthTelling)))
            case .command: ("command", AlertRetry(backoff, .attempts(retry.attempts)))
            }
        return AlertOutbox(name: "alerts[\(index)].\(kind)", retry: patience, time: time, report: report)
    }

    private static let longestWorthTelling = Duration.seconds(3600)

    private static let host: String = {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return FileName.escaped(name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
    }()

    // MARK: Running

    /// Tells recipients from now on, until ``close(within:)``.
    func start(_ carrier: AlertCarrier) {
        let task = Task {
            let looking = Task { await self.keepLooking() }
            await withDiscardingTaskGroup { group in
                for await start in starts {
                    group.addTask { await start.outbox.run { try await carrier.bring($0, to: start.target) } }
                }
            }
            looking.cancel()
        }
        running.withLock { $0 = task }
    }

    /// Nothing more is told. What waits has so long to be told.
    func close(within grace: Duration) async {
        starter.finish()
        for outbox in state.withLock(\.outboxes).values { outbox.finish() }
        guard let task = running.withLock(\.self) else { return }
        let end = Task {
            try await Task.sleep(for: grace)
            task.cancel()
        }
        await task.value
        end.cancel()
        change.finish()
    }

    /// Looks again whenever something may be over by itself.
    private func keepLooking() async {
        var alarm: Task<Void, any Error>?
        for await _ in changes {
            alarm?.cancel()
            tell { $0.router.look(at: $1) }
            guard let next = state.withLock(\.router.nextLook) else { continue }
            alarm = Task { [time, change] in
                try await time.sleep(until: next)
                change.yield()
            }
        }
        alarm?.cancel()
    }
}
