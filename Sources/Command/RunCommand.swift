import Admin
import ArgumentParser
import Delivery
import Dispatch
import Foundation
import Inbox
import Logging
import Model
import Service
import ServiceLifecycle
import SluiceConfiguration
import Synchronization
import UnixSignals

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the service in the foreground.",
        discussion: """
            SIGTERM or Ctrl-C stops it: nothing new is taken, requests under way may finish for 8 seconds, the rest \
            goes on at the next start. SIGHUP reads the configuration again; a bad one changes nothing.

            Exit status: 0; with --once 1 if a drop failed; 78 bad configuration; 69 cannot start.
            """)

    @OptionGroup var option: ConfigurationOption

    @Flag(help: "Take what is there now, then stop.")
    var once = false

    func run() async throws {
        // A log that nobody reads any more ends nothing, either.
        signal(SIGPIPE, SIG_IGN)
        // From here on a SIGHUP ends nothing, however early it comes.
        let hangUps = await UnixSignalsSequence(trapping: .sighup)
        let configuration = try option.load()
        try StateOwner.takeOn(configuration.state)
        let style = LogStyle(configuration.log)
        let logger = Logger(style)
        let log = EventLog(logger)
        let tally = Tally()
        let systemd = SystemdNotifier()
        for warning in configuration.warnings { logger.warning("configuration", metadata: ["warning": "\(warning)"]) }
        let service: SluiceService
        do {
            service = try SluiceService(
                configuration,
                SluiceService.Options(
                    version: Sluice.version, once: once, environment: ProcessInfo.processInfo.environment)
            ) { event in
                log.log(event)
                tally.count(event)
                systemd?.note(event)
                if case .stopping = event { RunCommand.leaveInTime(logger) }
            }
        } catch let error as CannotStart {
            Output.error("sluice: \(error)")
            throw error.isConfiguration ? Exit.badConfiguration : Exit.cannotStart
        }
        let reloads = Task {
            for await _ in hangUps where !once {
                systemd?.noteReloading()
                await reload(service, style) { event in
                    log.log(event)
                    systemd?.note(event)
                }
            }
        }
        defer { reloads.cancel() }
        let watch = Task { await systemd?.run { try await SystemdStatus.View(service) } }
        defer { watch.cancel() }
        do {
            let control = ControlServer(
                service: service, state: configuration.state, version: Sluice.version, logger: logger)
            try await serve(service, control, try await adminServer(configuration, service, logger), logger)
        } catch let error as CannotStart {
            Output.error("sluice: \(error)")
            throw Exit.cannotStart
        }
        if once { try tally.check() }
    }

    /// Runs the service until it ends by itself or a signal ends it.
    private func serve(
        _ service: SluiceService, _ control: ControlServer, _ admin: AdminServer?, _ logger: Logger
    ) async throws {
        var quiet = logger
        quiet.logLevel = .error
        var doors: [any ServiceLifecycle.Service] = []
        if !once { doors.append(control) }
        if let admin { doors.append(admin) }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    ServiceGroupConfiguration.ServiceConfiguration(
                        service: ServiceWithDoors(service: service, doors: doors),
                        successTerminationBehavior: .gracefullyShutdownGroup,
                        // Without a name the library keeps a description of all that a service is made of.
                        serviceName: "sluice")
                ], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        try await group.run()
    }

    /// The admin site, where one is configured. A run with `--once` has none.
    ///
    /// - Throws: `Exit`, where the token cannot be read.
    private func adminServer(
        _ configuration: SluiceConfiguration.Configuration, _ service: SluiceService, _ logger: Logger
    ) async throws -> AdminServer? {
        guard let admin = configuration.admin, !once else { return nil }
        do throws(SecretError) {
            let token = try await admin.token?.resolve(environment: ProcessInfo.processInfo.environment)
            return AdminServer(
                AdminServer.Settings(listen: admin.listen, token: token, version: Sluice.version), service: service,
                logger: logger)
        } catch {
            Output.error("sluice: admin.token cannot be read: \(error)")
            throw Exit.badConfiguration
        }
    }

    /// Reads the configuration again; one that is wrong changes nothing.
    private func reload(
        _ service: SluiceService, _ style: LogStyle, _ report: @Sendable (ServiceEvent) -> Void
    ) async {
        do {
            let configuration = try option.read()
            try await service.reload(configuration)
            style.change(configuration.log)
        } catch {
            let problems = (error as? ConfigurationError)?.problems.map(\.description) ?? ["\(error)"]
            report(.notReloaded(problems: problems))
        }
    }

    /// A stop takes less than ten seconds, however busy the machine is: whatever is not put away by then is in the ledger,
    /// as after a kill.
    private static func leaveInTime(_ logger: Logger) {
        let queue = DispatchQueue.global(qos: .userInitiated)
        queue.asyncAfter(deadline: .now() + .milliseconds(9200)) {
            logger.warning("stopped in the middle of something; the next start goes on with it")
        }
        // Beside that and not after it: whoever reads the log, or does not, holds nothing up.
        queue.asyncAfter(deadline: .now() + .milliseconds(9300)) { _exit(EXIT_SUCCESS) }
    }
}

/// What a run with `--once` answers for.
private final class Tally: Sendable {
    private struct Counts {
        var hasFailedDrop = false
        var hasUnavailableInbox = false
        /// Files that could not be taken.
        var left: Set<String> = []
    }

    private let counts = Mutex(Counts())

    func count(_ event: ServiceEvent) {
        switch event {
        case .filed(let result, _) where result.outcome == .failed: counts.withLock { $0.hasFailedDrop = true }
        case .inbox(let inbox, .cannotClaim(let name, _)):
            counts.withLock { _ = $0.left.insert("\(inbox)/\(name)") }
        case .inbox(let inbox, .claimsAgain(let name)): counts.withLock { _ = $0.left.remove("\(inbox)/\(name)") }
        // What waits for the end of an outage, or for a token, was not brought to its end.
        case .delivery(.breaker(.opened(_, run: _))), .delivery(.tokenFailed(_, retryIn: nil)):
            counts.withLock { $0.hasFailedDrop = true }
        case .inbox(_, .unavailable(_)), .inbox(_, .unsuitable(_)), .ledgerNeedsDecision:
            counts.withLock { $0.hasUnavailableInbox = true }
        default: break
        }
    }

    func check() throws {
        let counts = counts.withLock { $0 }
        if counts.hasUnavailableInbox { throw Exit.cannotStart }
        if counts.hasFailedDrop || !counts.left.isEmpty { throw Exit.failedDrop }
    }
}
