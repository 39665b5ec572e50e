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

    /// So many requests of the last minute are remembered over a restart, whatever the limit: a reload may raise it.
    private static let slots = 10_000

    /// As it was at the start.
    private let configuration: Configuration
    private let options: Options
    let time: any TimeSource
    private let lock: StateLock
    let claims: InboxClaims
    let ledger: Ledger
    /// For those who only look.
    let reader: LedgerReader
    private let proxies: ProxyRules
    let supervisor: InboxSupervisor
    let desk: ReloadDesk
    let memory: MemoryBudget
    /// What it told so far, for those who ask how it is.
    package let monitor: ServiceMonitor
    private let alerts: AlertWatch
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
        let monitor = ServiceMonitor(time: time)
        self.monitor = monitor
        memory = MemoryBudget(limit: configuration.limits.memory.bytes)
        do throws(ProxyError) {
            proxies = try ProxyRules(environment: options.environment)
        } catch {
            throw CannotStart("\(error)", isConfiguration: true)
        }
        let tell: @Sendable (ServiceEvent) -> Void = { event in
            monitor.note(event)
            report(event)
        }
        let alerts = AlertWatch(configuration, time: time, report: tell)
        self.alerts = alerts
        let report: @Sendable (ServiceEvent) -> Void = { event in
            tell(event)
            alerts.note(event)
        }
        self.report = report
        supervisor = InboxSupervisor(
            try InboxTemplate.all(of: configuration), once: options.once, time: time, report: report)
        desk = ReloadDesk(configuration, supervisor: supervisor)
        lock = try StateLock(state: configuration.state)
        let boot = try Boot.identifier()
        claims = try InboxClaims(service: lock.service, state: configuration.state, boot: boot)
        for inbox in configuration.expandedInboxes() {
            guard let work = inbox.work, let holder = claims.holder(of: work) else { continue }
            throw CannotStart("another service uses the inbox \(inbox.name), \(inbox.path): \(holder)")
        }
        do {
            ledger = try Ledger.open(
                state: configuration.state, boot: boot, time: time,
                evidence: configuration.evidenceOfEarlierRuns)
            KillPoint.ledgerOpened.reach()
            reader = try LedgerReader(state: configuration.state)
        } catch let error as NewerLedger {
            throw CannotStart("\(error)")
        } catch {
            throw CannotStart("the ledger in \(configuration.state) cannot be opened: \(error)")
        }
    }

    package func run() async throws {
        let limits = configuration.limits
        // Those that were written down and may not have left are no reason to forget one that did.
        let slots = try await ledger.inheritSlots(
            window: Throttle.window,
            limit: max(limits.requestsPerMinute ?? 0, SluiceService.slots)
                + DeliveryService.writtenDown(inFlight: limits.inFlight))
        let throttle = Throttle(
            limit: limits.requestsPerMinute, ended: slots, silentUntil: try await ledger.inheritSilence())
        // From here on nothing throws: connections have to be shut down.
        let connections = Connections(
            count: SluiceService.connections, timeout: configuration.api.timeout,
            authorities: configuration.api.ca?.string, proxies: proxies)
        // Of their own, so that whoever is told of alerts is in no request's way.
        let couriers = Connections(
            count: 4, timeout: AlertCarrier.webhookTimeout, authorities: configuration.api.ca?.string, proxies: proxies)
        alerts.start(AlertCarrier(couriers, configuration, options, time: time))
        let damage = LedgerDamage()
        let patience = Patience(time: time, damage: damage, report: report)
        let requeuer = Requeuer(ledger: ledger, patience: patience, time: time)
        let delivery = makeDelivery(connections, throttle, patience, requeuer, report)
        await desk.attach(delivery)
        let parts = makeParts(delivery, patience, requeuer, report)
        let pauses = PauseWatch(
            ledger: ledger, state: configuration.state, gate: delivery.pauses, patience: patience, report: report)
        await cancelWhenGracefulShutdown {
            await withTaskCancellationHandler {
                await serve(parts, requeuer, pauses, until: damage)
            } onCancel: {
                stop(delivery)
            }
        }
        await delivery.abort()
        await alerts.close(within: options.once ? .seconds(10) : .seconds(1))
        try await couriers.shutdown()
        try await connections.shutdown()
        report(.stopped)
        try configuration.leave(damage)
    }

    /// Puts another configuration into effect, as far as that is possible without a restart, and reports it.
    ///
    /// - Throws: ``CannotStart`` where it cannot be used; nothing has changed then.
    package func reload(_ new: Configuration) async throws(CannotStart) {
        let reload = try await desk.reload(new)
        alerts.adopt(await desk.configuration)
        report(.reloaded(reload))
    }

    private func makeDelivery(
        _ connections: Connections, _ throttle: Throttle, _ patience: Patience, _ requeuer: Requeuer,
        _ report: @escaping @Sendable (ServiceEvent) -> Void
    ) -> DeliveryService {
        DeliveryService(
            configuration.delivery(version: options.version, waits: !options.once),
            connections: connections, throttle: throttle,
            journal: LedgerJournal(ledger: ledger, patience: patience), time: time,
            tokenStore: TokenFile(state: configuration.state), credentials: credentials,
            report: { event in
                report(.delivery(event))
                requeuer.note(event)
            })
    }

    /// Serves until that comes to its end, with `once` until nothing goes on, or the ledger turns out to be damaged.
    private func serve(
        _ parts: SharedParts, _ requeuer: Requeuer, _ pauses: PauseWatch, until damage: LedgerDamage
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await serve(parts, requeuer, pauses) }
            group.addTask { await damage.happens() }
            // The rest is for the next run.
            if options.once { group.addTask { await parts.movement.standsStill() } }
            await group.next()
            group.cancelAll()
        }
    }

    /// Runs the inboxes until they end, and what accompanies them until then.
    private func serve(_ parts: SharedParts, _ requeuer: Requeuer, _ pauses: PauseWatch) async {
        // Where the ledger cannot be read the service is about to stop.
        guard let paused = try? await pauses.begin(with: supervisor) else { return }
        let putsBack = configuration.retry.requeueAfterOutage && !options.once
        let expectations = ExpectationWatch(
            ledger: ledger, patience: parts.patience, time: time, report: parts.report)
        let retention = RetentionWatch(time: time, report: parts.report)
        await withDiscardingTaskGroup { companions in
            companions.addTask { await pauses.run(supervisor, paused: paused) }
            if putsBack {
                companions.addTask {
                    await requeuer.run { await supervisor.pipeline($0.drop.inbox)?.putBack($0) ?? false }
                }
            }
            if !options.once {
                companions.addTask { await expectations.run { await supervisor.expectations } }
                companions.addTask { await retention.run { await supervisor.pipelines } }
            }
            await supervisor.run(parts)
            companions.cancelAll()
        }
    }

    private func makeParts(
        _ delivery: DeliveryService, _ patience: Patience, _ requeuer: Requeuer,
        _ report: @escaping @Sendable (ServiceEvent) -> Void
    ) -> SharedParts {
        let movement = Movement()
        let announcements = Announcements(movement: movement) { [ledger] in try await ledger.isFinal($0) }
        let submitter = Submitter(
            ledger: ledger, delivery: delivery, announcements: announcements, patience: patience, report: report,
            confirms: configuration.api.confirm == .completed, putsBack: configuration.retry.requeueAfterOutage)
        let reader = ProcessingReader(ledger: ledger, delivery: delivery, patience: patience)
        let order = OrderKeeper(time: time, movement: movement, isProcessed: reader.isProcessed) {
            report(.takenForProcessed($0))
        }
        return SharedParts(
            ledger: ledger, claims: claims, submitter: submitter,
            joiner: Joiner(configuration.gathering, submitter: submitter, time: time), announcements: announcements,
            order: order, movement: movement, requeuer: requeuer, memory: memory, spools: configuration.state,
            patience: patience, time: time, alarms: Alarms(time: time), pauses: delivery.pauses,
            workFolders: { [supervisor] in await supervisor.workFolders }, report: supervisor.tell)
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
