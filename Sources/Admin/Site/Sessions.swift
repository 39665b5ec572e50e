import Crypto
import Model
import SluiceConfiguration

/// Who is logged in: decides, keeps nothing on disk.
struct Sessions: Sendable {
    struct Session: Sendable {
        /// What every form of this session has to bring.
        let formToken: String
        let expires: Moment
        /// Told on the next page, once.
        var message: String?
    }

    static let lifetime = Duration.seconds(8 * 3600)
    static let most = 64

    /// By the hash of their identifier, so that looking one up says nothing about the others.
    private var sessions: [SHA256.Digest: Session] = [:]

    /// Begins a session; the oldest goes where there are too many.
    ///
    /// - Returns: its identifier, which only the cookie has.
    mutating func begin(at now: Moment, using generator: inout some RandomNumberGenerator) -> String {
        sessions = sessions.filter { $0.value.expires > now }
        while sessions.count >= Sessions.most, let oldest = sessions.min(by: { $0.value.expires < $1.value.expires }) {
            sessions[oldest.key] = nil
        }
        let identifier = Sessions.random(using: &generator)
        sessions[Sessions.key(identifier)] = Session(
            formToken: Sessions.random(using: &generator), expires: now + Sessions.lifetime)
        return identifier
    }

    func session(_ identifier: String, at now: Moment) -> Session? {
        guard let session = sessions[Sessions.key(identifier)], session.expires > now else { return nil }
        return session
    }

    mutating func end(_ identifier: String) {
        sessions[Sessions.key(identifier)] = nil
    }

    mutating func leave(_ message: String, for identifier: String) {
        sessions[Sessions.key(identifier)]?.message = message
    }

    mutating func takeMessage(for identifier: String) -> String? {
        defer { sessions[Sessions.key(identifier)]?.message = nil }
        return sessions[Sessions.key(identifier)]?.message
    }

    var count: Int { sessions.count }

    private static func key(_ identifier: String) -> SHA256.Digest { SHA256.hash(data: Array(identifier.utf8)) }

    /// 256 bits.
    private static func random(using generator: inout some RandomNumberGenerator) -> String {
        (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }.hex
    }
}

/// How often somebody may offer a wrong token: ten times a minute, whoever it is, for behind a proxy all are one.
struct LoginThrottle: Sendable {
    static let most = 10
    static let window = Duration.seconds(60)

    private var failures: [Moment] = []

    /// - Returns: how long nobody may try; `nil`: now.
    mutating func wait(at now: Moment) -> Duration? {
        failures.removeAll { now - $0 >= LoginThrottle.window }
        guard failures.count >= LoginThrottle.most, let oldest = failures.first else { return nil }
        return LoginThrottle.window - (now - oldest)
    }

    mutating func fail(at now: Moment) {
        failures.append(now)
    }
}
