import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Service
import ServiceLifecycle
import SluiceConfiguration

/// The admin site, its JSON API, metrics and health, over HTTP.
///
/// Whoever reaches the address may read; every action needs the token.
package struct AdminServer: ServiceLifecycle.Service {
    package struct Settings: Sendable {
        package var listen: Configuration.ListenAddress
        /// What an action needs; `nil`: there are no actions.
        package var token: Secret?
        package var version: String

        package init(listen: Configuration.ListenAddress, token: Secret?, version: String) {
            self.listen = listen
            self.token = token
            self.version = version
        }
    }

    private let settings: Settings
    private let service: SluiceService
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameter onListening: called with the port once connections are taken.
    package init(
        _ settings: Settings, service: SluiceService, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.settings = settings
        self.service = service
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until the task is cancelled or the service group shuts down.
    ///
    /// - Throws: where it cannot listen, which is told; the service works without.
    package func run() async throws {
        var quiet = logger
        // A connection that is cut at a stop is no error.
        quiet.logLevel = .critical
        let application = Application(
            router: try router(),
            server: .http1(configuration: HTTP1Channel.Configuration(idleTimeout: .seconds(60))),
            configuration: ApplicationConfiguration(
                address: .hostname(settings.listen.host, port: settings.listen.port), serverName: "sluice",
                availableConnectionsDelegate: MaximumAvailableConnections(AdminServer.connections)),
            onServerRunning: { [logger, onListening] channel in
                let port = channel.localAddress?.port ?? 0
                logger.notice("admin site", metadata: ["address": "http://\(settings.listen.host):\(port)/"])
                await onListening(port)
            },
            logger: quiet)
        do {
            try await cancelWhenGracefulShutdown { try await application.run() }
        } catch {
            guard !Task.isCancelled, !Task.isShuttingDownGracefully else { return }
            logger.error(
                "no admin site",
                metadata: ["address": "http://\(settings.listen.host):\(settings.listen.port)/", "error": "\(error)"])
            throw error
        }
    }

    /// More wait until one of them ends.
    private static let connections = 256

    func router() throws -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: SecurityHeaders())
        router.add(middleware: HostGuard(settings.listen))
        router.add(middleware: APIErrors(logger: logger))
        let site = try SitePages(service, settings, logger: logger)
        var routes = Routes(router)
        HealthPages(service: service).add(to: router)
        MetricsPage(service: service, version: settings.version).add(to: router)
        APIRoutes(
            service: service, token: settings.token.map(AdminToken.init), version: settings.version, logger: logger
        ).add(to: &routes)
        site.add(to: router, &routes)
        router.add(middleware: routes.wrongMethods)
        return router
    }
}
