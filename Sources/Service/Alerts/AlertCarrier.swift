import Delivery
import Foundation
import Model
import SluiceConfiguration

/// Brings a message to a webhook or a program: one try.
struct AlertCarrier: Sendable {
    /// How long one try may take.
    static let webhookTimeout = Duration.seconds(10)
    static let commandTimeout = Duration.seconds(30)

    private let client: APIClient
    /// Of programs: the service's, but for what holds a secret.
    private let environment: [String: String]

    init(_ connections: Connections, version: String, environment: [String: String], time: any TimeSource) {
        client = APIClient(
            connections: connections, timeout: AlertCarrier.webhookTimeout, version: version, time: time)
        self.environment = environment
    }

    init(
        _ connections: Connections, _ configuration: Configuration, _ options: SluiceService.Options,
        time: any TimeSource
    ) {
        let secrets = configuration.secretVariables
        self.init(
            connections, version: options.version,
            environment: options.environment.filter { !secrets.contains($0.key) }, time: time)
    }

    /// - Throws: `CancellationError`.
    func bring(_ message: AlertMessage, to target: Configuration.Alert.Target) async throws -> AlertAttempt {
        switch target {
        case .webhook(let url): try await post(message, to: url)
        case .command(let words): try await run(words, message)
        }
    }

    private func post(_ message: AlertMessage, to secret: Secret) async throws -> AlertAttempt {
        let url = secret.reveal()
        let reply = try await client.send(
            method: "POST", url: url, headers: [], body: .json(Array(message.json.utf8)),
            requestID: UUID().uuidString.lowercased(), kept: 1)
        switch reply.answer {
        case .status(200...299, _): return .delivered
        case .status(408, let pause), .status(429, let pause): return .failed("it is busy", retryAfter: pause)
        case .status(let status, let pause) where status >= 500:
            return .failed("it answered \(status)", retryAfter: pause)
        case .status(let status, _): return .refused("it answered \(status)")
        case .none(let failure): return .failed(AlertCarrier.words(failure, without: url))
        }
    }

    /// Of the URL not even the host is shown.
    private static func words(_ failure: NetworkFailure, without url: String) -> String {
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty else {
            return failure.message
        }
        return failure.message.replacing(host + (parts.port.map { ":\($0)" } ?? ""), with: "[host]")
            .replacing(host, with: "[host]")
    }

    private func run(_ words: [String], _ message: AlertMessage) async throws -> AlertAttempt {
        let program = TimedProgram(words, environment: environment, timeout: AlertCarrier.commandTimeout)
        let outcome = await program.run(input: Array((message.json + "\n").utf8))
        try Task.checkCancellation()
        return switch outcome {
        case .ended(.exited(0), _): .delivered
        case .ended(let status, _): .failed("it ended with \(status.words)")
        case .notStarted(let reason): .failed("it cannot be started: \(reason)")
        case .timedOut: .failed("it was not done within 30 seconds, and was killed")
        }
    }
}

extension Configuration {
    /// Variables that hold a secret.
    fileprivate var secretVariables: Set<String> {
        Set(
            [api.clientID, api.clientSecret, admin?.token].compactMap { source in
                if case .env(let name) = source { name } else { nil }
            })
    }
}
