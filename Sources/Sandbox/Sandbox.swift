import Foundation
import Hummingbird
import HummingbirdHTTP2
import Logging
import ServiceLifecycle
import Synchronization

/// Where a sandbox listens.
package struct SandboxAddress: Sendable, Equatable {
    package let host: String
    package let port: Int
    package var isTLS = false

    /// `http://HOST:PORT`, or `https://`, with no slash at its end.
    package var baseURL: String { "http\(isTLS ? "s" : "")://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
    /// What `api.url` is to be.
    package var apiURL: String { baseURL + Endpoint.apiRoot }
    /// What `api.tokenURL` is to be.
    package var tokenURL: String { baseURL + Endpoint.tokenPath }
}

/// A stand-in for the API: it enforces what the API enforces, remembers what it accepted, and misbehaves when asked to.
///
/// It keeps what it knows when it stops: a sandbox that is run again goes on where it was.
package final class Sandbox: Service, Sendable {
    package let options: SandboxOptions
    let clock: SandboxClock
    private let logger: Logger
    private let onListening: @Sendable (SandboxAddress) async -> Void
    private let state: Mutex<SandboxState>
    private let watchers = Watchers()
    private let identity: ServerIdentity?

    /// - Parameters:
    ///   - logger: for what the server itself has to say; silent unless given.
    ///   - onListening: called once the sandbox takes connections, with the port it got.
    package init(
        options: SandboxOptions = SandboxOptions(),
        clock: SandboxClock = .system,
        logger: Logger = Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() },
        onListening: @escaping @Sendable (SandboxAddress) async -> Void = { _ in }
    ) {
        self.options = options
        self.clock = clock
        self.logger = logger
        self.onListening = onListening
        state = Mutex(SandboxState(options: options, start: clock.now()))
        identity = options.tls ? ServerIdentity(host: options.host) : nil
    }

    /// With TLS, the authority to trust, as PEM: the sandbox's own certificate.
    package var authority: String? { identity?.certificate }

    /// Serves until the task is cancelled or the service group shuts down; requests in flight are then cut off.
    ///
    /// It returns in either case, and throws where it cannot listen.
    package func run() async throws {
        try await serve { [onListening] address in await onListening(address) }
    }

    /// Runs a sandbox for as long as the body takes.
    package static func withServer<Value: Sendable>(
        _ options: SandboxOptions = SandboxOptions(),
        clock: SandboxClock = .system,
        logger: Logger = Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() },
        _ body: @Sendable @escaping (Sandbox, SandboxAddress) async throws -> Value
    ) async throws -> Value {
        let sandbox = Sandbox(options: options, clock: clock, logger: logger)
        return try await sandbox.whileServing { try await body(sandbox, $0) }
    }

    /// Serves for as long as the body takes.
    package func whileServing<Value: Sendable>(
        _ body: @Sendable @escaping (SandboxAddress) async throws -> Value
    ) async throws -> Value {
        let (addresses, listening) = AsyncStream.makeStream(of: SandboxAddress.self)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                try await self.serve { listening.yield($0) }
                return nil
            }
            group.addTask {
                for await address in addresses { return try await body(address) }
                throw CancellationError()
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let value = result { return value }
                try Task.checkCancellation()
            }
            throw CancellationError()
        }
    }

    private func serve(_ isListening: @escaping @Sendable (SandboxAddress) async -> Void) async throws {
        let host = options.host
        let isTLS = options.tls
        let application = Application(
            responder: CallbackResponder<SandboxContext> { request, context in
                try await self.respond(to: request, context: context)
            },
            server: try identity.map { try .http2Upgrade(tlsConfiguration: $0.configuration()) } ?? .http1(),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: options.port), serverName: "sluice-sandbox"),
            onServerRunning: { channel in
                await isListening(SandboxAddress(host: host, port: channel.localAddress?.port ?? 0, isTLS: isTLS))
            },
            logger: logger)
        do {
            try await cancelWhenGracefulShutdown { try await application.run() }
        } catch {
            guard Task.isCancelled || Task.isShuttingDownGracefully else { throw error }
        }
    }

    /// Changes the state in one step, and tells those who wait for a fact.
    func update<Value>(_ change: (inout SandboxState) throws -> sending Value) rethrows -> sending Value {
        defer { watchers.tell() }
        return try state.withLock { try change(&$0) }
    }

    /// Reads the state in one step.
    func read<Value>(_ value: (inout SandboxState) throws -> sending Value) rethrows -> sending Value {
        try state.withLock { try value(&$0) }
    }

    /// Returns as soon as the fact is one. It is looked at after every change; throws when the task is cancelled.
    package func until(_ fact: @Sendable (Sandbox) -> Bool) async throws {
        let (changes, watcher) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let identifier = watchers.add(watcher)
        defer { watchers.remove(identifier) }
        guard !fact(self) else { return }
        for await _ in changes where fact(self) { return }
        throw CancellationError()
    }
}

/// Those who wait for a change.
private final class Watchers: Sendable {
    private struct Waiting {
        var next = 0
        var continuations: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let waiting = Mutex(Waiting())

    func add(_ continuation: AsyncStream<Void>.Continuation) -> Int {
        waiting.withLock { waiting in
            waiting.next += 1
            waiting.continuations[waiting.next] = continuation
            return waiting.next
        }
    }

    func remove(_ identifier: Int) {
        waiting.withLock { _ = $0.continuations.removeValue(forKey: identifier) }
    }

    func tell() {
        let continuations = waiting.withLock { Array($0.continuations.values) }
        for continuation in continuations { continuation.yield() }
    }
}
