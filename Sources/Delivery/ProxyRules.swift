import Foundation

/// Which requests go through a proxy, as `https_proxy`, `http_proxy` and `no_proxy` say (curl(1), "ENVIRONMENT").
package struct ProxyRules: Sendable, Hashable {
    package struct Server: Sendable, Hashable {
        package var host: String
        package var port: Int
        /// `user:password`, where the variable has one.
        package var credentials: String?
    }

    private var https: Server?
    private var http: Server?
    private var direct: [String]

    /// - Throws: ``ProxyError`` for a variable that cannot be read.
    package init(environment: [String: String]) throws(ProxyError) {
        https = try ProxyRules.server(["https_proxy", "HTTPS_PROXY"], environment)
        // In upper case it may come from a request's header, where a program runs as CGI.
        http = try ProxyRules.server(["http_proxy"], environment)
        direct = (environment["no_proxy"] ?? environment["NO_PROXY"] ?? "").split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces).lowercased()
        }.filter { !$0.isEmpty }
    }

    /// The proxy for a URL; `nil`: none.
    package func server(for url: URL) -> Server? {
        guard let server = url.scheme == "https" ? https : http, let host = url.host?.lowercased() else { return nil }
        return direct.contains { ProxyRules.covers($0, host) } ? nil : server
    }

    /// Every proxy that a request may go through.
    package var servers: Set<Server> { Set([https, http].compactMap(\.self)) }

    /// `example.com` and `.example.com` stand for the host and all below it, `*` for every host.
    private static func covers(_ pattern: String, _ host: String) -> Bool {
        if pattern == "*" { return true }
        let name = pattern.hasPrefix(".") ? String(pattern.dropFirst()) : pattern
        return host == name || host.hasSuffix("." + name)
    }

    private static func server(_ names: [String], _ environment: [String: String]) throws(ProxyError) -> Server? {
        guard let name = names.first(where: { environment[$0]?.isEmpty == false }), let text = environment[name] else {
            return nil
        }
        let url = URL(string: text.contains("://") ? text : "http://\(text)")
        guard let url, url.scheme == "http", let host = url.host, !host.isEmpty else {
            throw ProxyError(variable: name)
        }
        let credentials = url.user.map { user in
            [user, url.password ?? ""].map { $0.removingPercentEncoding ?? $0 }.joined(separator: ":")
        }
        return Server(host: host, port: url.port ?? 80, credentials: credentials)
    }
}

/// A variable that names no proxy which could be used.
package struct ProxyError: Error, CustomStringConvertible {
    /// Its name; its value may hold a password.
    package let variable: String
    package var description: String {
        "the environment variable \(variable) is not the URL of a proxy, such as http://proxy.example.com:3128"
    }
}
