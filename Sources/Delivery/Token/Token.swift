import Foundation
import Model

/// A bearer token and how long it is good for.
package struct Token: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What goes into the `Authorization` header.
    package let bearer: String
    package let lifetime: Duration
    package let fetchedAt: Moment

    /// A token lives this long where the answer does not say.
    package static let usualLifetime = Duration.seconds(24 * 3600)

    package init(bearer: String, lifetime: Duration, fetchedAt: Moment) {
        self.bearer = bearer
        self.lifetime = lifetime
        self.fetchedAt = fetchedAt
    }

    package var expires: Moment { fetchedAt + lifetime }
    /// From here on a new one is fetched in the background.
    package var renewal: Moment { fetchedAt + lifetime * 0.9 }

    package var description: String { "[token]" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// Reads the token endpoint's answer: `{"access_token", "token_type", "expires_in"?}`.
    ///
    /// - Returns: `nil` where it holds no token.
    package init?(answer: [UInt8], at now: Moment, _ time: Timestamp) {
        struct Answer: Decodable {
            var access_token: String
            var expires_in: Seconds?
        }
        /// A number, or what some servers write: a number in quotes.
        struct Seconds: Decodable {
            var value: Double?

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                value =
                    (try? container.decode(Double.self)) ?? (try? container.decode(String.self)).flatMap(Double.init)
            }
        }
        guard let read = try? JSONDecoder().decode(Answer.self, from: Data(answer)), !read.access_token.isEmpty,
            read.access_token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        bearer = read.access_token
        fetchedAt = now
        if let seconds = read.expires_in?.value, seconds > 0, seconds < 1e9 {
            lifetime = .milliseconds(Int64(seconds * 1000))
        } else {
            lifetime = Token.jwtLifetime(read.access_token, at: time) ?? Token.usualLifetime
        }
    }

    /// What the `exp` of a JWT (RFC 7519, section 4.1.4) leaves from now.
    private static func jwtLifetime(_ token: String, at time: Timestamp) -> Duration? {
        struct Claims: Decodable {
            var exp: Double
        }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var base64 = parts[1].replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
        guard let data = Data(base64Encoded: base64), let claims = try? JSONDecoder().decode(Claims.self, from: data)
        else { return nil }
        let left = claims.exp * 1000 - Double(time.milliseconds)
        return left > 0 && left < 1e12 ? .milliseconds(Int64(left)) : nil
    }
}
