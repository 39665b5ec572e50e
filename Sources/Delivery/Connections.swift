import AsyncHTTPClient
import Foundation
import Model
import NIOCore
import NIOSSL

/// The connections to the API and the token endpoint, kept alive: HTTP/2 where the server offers it, through a proxy
/// where the environment says so.
///
/// No redirect is followed, and no retry hidden.
package struct Connections: Sendable {
    private let direct: HTTPClient
    private let proxied: [ProxyRules.Server: HTTPClient]
    private let rules: ProxyRules?

    /// - Parameters:
    ///   - count: the most connections to one host, where it does not speak HTTP/2.
    ///   - authorities: a PEM file of authorities to trust beside the system's.
    package init(count: Int, timeout: Duration, authorities: String? = nil, proxies: ProxyRules? = nil) {
        func client(_ proxy: HTTPClient.Configuration.Proxy?) -> HTTPClient {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.minimumTLSVersion = .tlsv12
            if let authorities { tls.additionalTrustRoots = [.file(authorities)] }
            var configuration = HTTPClient.Configuration(
                tlsConfiguration: tls, redirectConfiguration: .disallow,
                timeout: .init(connect: .milliseconds(Connections.connectTimeout(of: timeout).wholeMilliseconds)),
                proxy: proxy)
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = count
            configuration.connectionPool.retryConnectionEstablishment = false
            // Nobody follows a trace, and each request would be described for one.
            configuration.tracing.tracer = nil
            return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        }
        rules = proxies
        direct = client(nil)
        proxied = Dictionary(
            uniqueKeysWithValues: (proxies?.servers ?? []).map { server in
                let login = server.credentials.map {
                    HTTPClient.Authorization.basic(credentials: Data($0.utf8).base64EncodedString())
                }
                return (server, client(.server(host: server.host, port: server.port, authorization: login)))
            })
    }

    /// How long a connection may take to stand, out of the time that a request has.
    package static func connectTimeout(of timeout: Duration) -> Duration { min(timeout, .seconds(10)) }

    func client(for url: String) -> HTTPClient {
        guard let rules, !proxied.isEmpty, let url = URL(string: url), let server = rules.server(for: url) else {
            return direct
        }
        return proxied[server] ?? direct
    }

    package func shutdown() async throws {
        for client in proxied.values { try await client.shutdown() }
        try await direct.shutdown()
    }
}
