import FileSystem
import Hummingbird
import HummingbirdCore
import Logging
import Model
import NIOPosix
import Service
import ServiceLifecycle
import SystemPackage

/// The reading part of the JSON API on a socket in the state folder, for the commands beside a running service: they ask
/// whether an admin site is configured or not. Only those who may look into the folder reach it.
package struct ControlServer: ServiceLifecycle.Service {
    private let service: SluiceService
    private let state: FilePath
    private let version: String
    private let logger: Logger

    package init(service: SluiceService, state: FilePath, version: String, logger: Logger) {
        self.service = service
        self.state = state
        self.version = version
        self.logger = logger
    }

    /// Serves until the task is cancelled or the service group shuts down.
    ///
    /// - Throws: where it cannot listen, which is told; the service works without.
    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await serve() }
        } catch {
            guard !Task.isCancelled, !Task.isShuttingDownGracefully else { return }
            logger.warning("the commands cannot ask this service", metadata: ["error": "\(error)"])
            throw error
        }
    }

    private func serve() async throws {
        let folder = try Directory(opening: state).subdirectory(ControlSocket.folder, makingWith: 0o700)
        // One that a kill left behind: whoever has the state folder has the name.
        try folder.remove(ControlSocket.name)
        var quiet = logger
        quiet.logLevel = .critical
        let responder = router().buildResponder()
        // No application of Hummingbird's, which wakes every second for the time of day.
        let server = try HTTPServerBuilder.http1(configuration: HTTP1Channel.Configuration(idleTimeout: .seconds(5)))
            .buildServer(
                configuration: ServerConfiguration(
                    address: .unixDomainSocket(path: folder.path.appending(ControlSocket.name.description).string),
                    availableConnectionsDelegate: MaximumAvailableConnections(32)),
                eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet
            ) { [quiet] request, writer, channel in
                let context = BasicRequestContext(
                    source: ApplicationRequestContextSource(channel: channel, logger: quiet))
                let response = try await responder.respond(to: request, context: context)
                try await writer.write(response: response.head, body: response.body)
            }
        try await server.run()
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: APIErrors(logger: logger))
        var routes = Routes(router)
        APIRoutes(service: service, token: nil, version: version, logger: logger).add(to: &routes)
        router.add(middleware: routes.wrongMethods)
        return router
    }
}
