import Foundation

/// The tokens that were issued, and until when they hold.
struct TokenDesk: Sendable {
    let lifetime: Duration
    private var expiries: [String: Duration] = [:]

    init(lifetime: Duration) {
        self.lifetime = lifetime
    }

    /// A new token: three base64url parts like a JWT's, with `aud`, `iat`, `exp` and `jti`, and a signature nobody checks.
    mutating func issue(
        audience: String, at now: Duration, date: Date, using generator: inout SplitMix64
    ) throws -> String {
        let issued = Int(date.timeIntervalSince1970)
        let claims: [String: any Sendable] = [
            "aud": audience, "iat": issued, "exp": issued + Int(lifetime / .seconds(1)),
            "jti": String(generator.next(), radix: 16),
        ]
        let header = Data(#"{"alg":"HS256","typ":"JWT"}"#.utf8)
        let payload = try JSONSerialization.data(withJSONObject: claims, options: [.sortedKeys])
        let signature = Data((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
        let token = [header, payload, signature].map(base64URL).joined(separator: ".")
        expiries[token] = now + lifetime
        return token
    }

    /// Whether the value of an `Authorization` header carries a token that holds.
    func accepts(authorization: String?, at now: Duration) -> Bool {
        guard let authorization else { return false }
        let words = authorization.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return false }
        guard let expiry = expiries[String(words[1])] else { return false }
        return now < expiry
    }

    mutating func revokeAll() {
        expiries.removeAll()
    }
}

private func base64URL(_ data: Data) -> String {
    data.base64EncodedString()
        .replacingOccurrences(of: "+", with: "-")
        .replacingOccurrences(of: "/", with: "_")
        .replacingOccurrences(of: "=", with: "")
}
