import FoundationEssentials

extension Field {
    /// An `https` URL, or an `http` one of this machine, without its trailing slashes.
    func endpointURL(carrying cargo: String, query: Bool) -> String? {
        guard let (text, url) = webURL() else { return nil }
        guard url.scheme?.lowercased() == "https" || url.isLoopback else {
            problem("http would send \(cargo) in clear; write https (http is possible to localhost only)")
            return nil
        }
        guard url.fragment == nil, query || url.query == nil else {
            problem("a \(query ? "fragment" : "query or fragment") is not possible here")
            return nil
        }
        guard url.query == nil else { return text }
        return String(text.reversed().drop { $0 == "/" }.reversed())
    }

    /// An `http` or `https` URL. Its text is never shown: people write passwords into URLs.
    func webURL() -> (text: String, url: URLComponents)? {
        guard let text = text() else { return nil }
        guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(),
            scheme == "https" || scheme == "http", let host = url.host, !host.isEmpty,
            !text.contains(where: \.isWhitespace)
        else {
            problem("is not a URL; write https://HOST/PATH")
            return nil
        }
        guard url.user == nil, url.password == nil else {
            problem("a URL with a user or a password is not possible here: it would be a secret in this file")
            return nil
        }
        guard url.port.map({ (1...65_535).contains($0) }) ?? true else {
            problem("the URL's port is not possible; write 1 to 65535")
            return nil
        }
        return (text, url)
    }
}

extension URLComponents {
    /// Whether a request to this URL stays on this machine.
    var isLoopback: Bool {
        Loopback.contains(host ?? "")
    }
}

/// The names and addresses that mean this machine: `localhost` (RFC 6761), 127.0.0.0/8 and `::1`.
enum Loopback {
    static func contains(_ host: String) -> Bool {
        let name = host.lowercased().trimming { "[]".contains($0) }
        if name == "localhost" || name.hasSuffix(".localhost") || name == "::1" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

extension StringProtocol {
    /// The text without the characters at both ends that `matches` holds for.
    func trimming(_ matches: (Character) -> Bool) -> String {
        String(drop(while: matches).reversed().drop(while: matches).reversed())
    }
}
