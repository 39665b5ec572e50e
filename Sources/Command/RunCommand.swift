import ArgumentParser
import CSystemd
import Delivery
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
            goes on at the next start.

            Exit status: 0; with --once 1 if a drop failed; 78 bad configuration; 69 cannot start.
            """)

    @OptionGroup var option: ConfigurationOption

    @Flag(help: "Take what is there now, then stop.")
    var once = false

    func run() async throws {
        let configuration = try option.load()
        let logger = Logger(configuration.log)
        let log = EventLog(logger)
        let tally = Tally()
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
                RunCommand.notifySystemd(event)
            }
        } catch let error as CannotStart {
            Output.error("sluice: \(error)")
            throw error.isConfiguration ? Exit.badConfiguration : Exit.cannotStart
        }
        try await serve(service, logger)
        if once { try tally.check() }
    }

    /// Runs the service until it ends by itself or a signal ends it.
    private func serve(_ service: SluiceService, _ logger: Logger) async throws {
        let hangUps = Task {
            for await _ in await UnixSignalsSequence(trapping: .sighup) {
                logger.notice("SIGHUP: the configuration is read at a start only; restart the service to change it")
            }
        }
        defer { hangUps.cancel() }
        var quiet = logger
        quiet.logLevel = .error
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        try await group.run()
    }

    private static func notifySystemd(_ event: ServiceEvent) {
        switch event {
        case .started: sd_notify(0, "READY=1")
        case .stopping: sd_notify(0, "STOPPING=1")
        default: break
        }
    }
}

/// What a run with `--once` answers for.
private final class Tally: Sendable {
    private struct Counts {
        var hasFailedDrop = false
        var hasUnavailableInbox = false
    }

    private let counts = Mutex(Counts())

    func count(_ event: ServiceEvent) {
        switch event {
        case .filed(let result, _) where result.outcome == .failed: counts.withLock { $0.hasFailedDrop = true }
        // What waits for the end of an outage was not brought to its end.
        case .delivery(.breaker(.opened(_, run: _))): counts.withLock { $0.hasFailedDrop = true }
        case .inbox(_, .unavailable(_)), .inbox(_, .unsuitable(_)): counts.withLock { $0.hasUnavailableInbox = true }
        default: break
        }
    }

    func check() throws {
        let counts = counts.withLock { $0 }
        if counts.hasUnavailableInbox { throw Exit.cannotStart }
        if counts.hasFailedDrop { throw Exit.failedDrop }
    }
}
