import Hummingbird
import SluiceConfiguration

/// Answers only under names that are ours, so that a stranger's page whose name was made to point here (DNS rebinding)
/// reads nothing.
struct HostGuard<Context: RequestContext>: RouterMiddleware {
    let names: HostNames

    init(_ listen: Configuration.ListenAddress) {
        names = HostNames(listen)
    }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if names.isOpen(request.uri.path) { return try await next(request, context) }
        guard let authority = request.head.authority, !authority.isEmpty else {
            throw HTTPError(.badRequest, message: "The request names no host.")
        }
        guard names.contains(authority: authority) else {
            throw HTTPError(
                .misdirectedRequest,
                message: "This server does not go by that name. A reverse proxy has to send a Host header with"
                    + " localhost, an address, or the host of admin.listen.")
        }
        return try await next(request, context)
    }
}

/// The names that a server goes by.
struct HostNames: Sendable {
    private let configured: String
    private let isLoopback: Bool

    init(_ listen: Configuration.ListenAddress) {
        configured = listen.host.lowercased()
        isLoopback = configured == "localhost" || configured == "::1" || configured.hasPrefix("127.")
    }

    /// Whether a page is for machines in the network, which have names of their own for this one, and tells no secret.
    func isOpen(_ path: String) -> Bool {
        !isLoopback && (path.hasPrefix("/health/") || path == "/metrics")
    }

    /// - Parameter authority: of the form `HOST` or `HOST:PORT`.
    func contains(authority: String) -> Bool {
        guard let host = HostNames.host(of: authority) else { return false }
        if host == configured || host == "localhost" || host == "127.0.0.1" || host == "::1" { return true }
        // No name leads to an address that is named itself.
        return !isLoopback && HostNames.isAddress(host)
    }

    /// Without its port, in lower case, an IPv6 address without its brackets.
    static func host(of authority: String) -> String? {
        let text = authority.lowercased()
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || isPort(rest) else { return nil }
            return String(text[text.index(after: text.startIndex)..<end])
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 1 || isPort(":" + parts[1]) else { return nil }
        return String(parts[0])
    }

    private static func isPort(_ text: some StringProtocol) -> Bool {
        text.hasPrefix(":") && (2...6).contains(text.count) && text.dropFirst().allSatisfy { ("0"..."9").contains($0) }
    }

    private static func isAddress(_ host: String) -> Bool {
        if host.contains(":") { return host.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." } }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}
