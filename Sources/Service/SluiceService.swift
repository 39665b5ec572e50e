import AsyncHTTPClient
import Delivery
import Documents
import FileSystem
import Inbox
import Ledger
import Model
import ServiceLifecycle
import SluiceConfiguration
import SystemPackage

/// Sluice as a whole: every inbox with its pipeline, one ledger and one delivery for all.
///
/// `run()` returns after a graceful shutdown or cancellation, and with `once` when nothing is left to do.
package struct SluiceService: Service {
    package struct Options: Sendable {
        /// For the `User-Agent` and the log.
        package var version: String
        /// What is there now, then stop.
        package var once: Bool
        package var environment: [String: String]

        package init(version: String, once: Bool = false, environment: [String: String]) {
            self.version = version
            self.once = once
            self.environment = environment
        }
    }

    /// How long requests under way may take to finish at a stop.
    static let stopGrace = Duration.seconds(8)
    /// More than are ever used: how many are is the delivery's decision, which a reload may change.
    private static let connections = 1000

    /// As it was at the start.
    private let configuration: Configuration
    private let options: Options
    private let time: any TimeSource
    private let lock: StateLock
    private let ledger: Ledger
    private let supervisor: InboxSupervisor
    private let desk: ReloadDesk
    private let report: @Sendable (ServiceEvent) -> Void

    /// Opens the state, reads the schemas and looks at the folders.
    ///
    /// - Parameter report: told of everything that happens; called from any thread.
    /// - Throws: ``CannotStart``.
    package init(
        _ configuration: Configuration, _ options: Options, time: any TimeSource = SystemTime(),
        report: @escaping @Sendable (ServiceEvent) -> Void
    ) throws {
        Notifier.shared.start()
        self.configuration = configuration
        self.options = options
        self.time = time
        self.report = report
        supervisor = InboxSupervisor(
            try InboxTemplate.all(of: configuration), once: options.once, time: time, report: report)
        desk = ReloadDesk(configuration, supervisor: supervisor)
        lock = try StateLock(state: configuration.state)
        do {
            ledger = try Ledger(state: configuration.state, boot: try Boot.identifier(), time: time)
        } catch {
            throw CannotStart("the ledger in \(configuration.state) cannot be opened: \(error)")
        }
    }

    package func run() async throws {
        let patience = Patience(time: time, report: report)
        let slots =
            if let limit = configuration.limits.requestsPerMinute {
                try await ledger.inheritSlots(window: Throttle.window, limit: limit)
            } else { [Moment]() }
        let http = APIClient.makeHTTPClient(
            connections: SluiceService.connections, timeout: configuration.api.timeout,
            authorities: configuration.api.ca?.string)
        let delivery = DeliveryService(
            configuration.delivery(version: options.version), http: http,
            throttle: Throttle(limit: configuration.limits.requestsPerMinute, ended: slots),
            journal: LedgerJournal(ledger: ledger, patience: patience), time: time, credentials: credentials,
            report: { [report] in report(.delivery($0)) })
        await desk.attach(delivery)
        let parts = makeParts(delivery, patience)
        await cancelWhenGracefulShutdown {
            await withTaskCancellationHandler {
                await supervisor.run(parts)
            } onCancel: {
                stop(delivery)
            }
        }
        await delivery.abort()
        try await http.shutdown()
        report(.stopped)
    }

    /// Puts another configuration into effect, as far as that is possible without a restart, and reports it.
    ///
    /// - Throws: ``CannotStart`` where it cannot be used; nothing has changed then.
    package func reload(_ new: Configuration) async throws(CannotStart) {
        report(.reloaded(try await desk.reload(new)))
    }

    private func makeParts(_ delivery: DeliveryService, _ patience: Patience) -> SharedParts {
        let announcements = Announcements { [ledger] in try await ledger.isFinal($0) }
        let submitter = Submitter(
            ledger: ledger, delivery: delivery, announcements: announcements, patience: patience, time: time,
            report: report, once: options.once)
        return SharedParts(
            ledger: ledger, submitter: submitter, announcements: announcements,
            memory: MemoryBudget(limit: configuration.limits.memory.bytes), patience: patience, time: time,
            alarms: Alarms(time: time), isInbox: { [supervisor] in await supervisor.has($0) }
        ) { [report, supervisor] event in
            report(event)
            supervisor.notice(event)
        }
    }

    /// Takes nothing new; what is under way may finish for a while and is then cut off.
    private func stop(_ delivery: DeliveryService) {
        report(.stopping)
        Task {
            try await Task.sleep(for: SluiceService.stopGrace)
            await delivery.abort()
        }
    }

    private var credentials: DeliveryService.Credentials {
        { [desk, options] in
            let api = await desk.configuration.api
            do {
                let id = try await api.clientID.resolve(environment: options.environment)
                let secret = try await api.clientSecret.resolve(environment: options.environment)
                return (id.reveal(), secret.reveal())
            } catch let error as SecretError {
                throw NetworkFailure("the credentials cannot be read: \(error)")
            }
        }
    }
}

/// Why the service cannot start, in a person's words.
package struct CannotStart: Error, CustomStringConvertible {
    package let description: String
    /// Whether what the operator wrote is wrong, and not this machine.
    package let isConfiguration: Bool

    init(_ description: String, isConfiguration: Bool = false) {
        self.description = description
        self.isConfiguration = isConfiguration
    }
}
