import Crypto
import Hummingbird
import Model
import SluiceConfiguration
import Synchronization

/// Lets those in who know the token, and says of each request who made it.
final class Door: Sendable {
    /// Who asks.
    struct Visitor: Sendable {
        /// There is a token, so that there are actions for those who log in.
        var canLogIn: Bool
        /// `nil`: nobody is logged in.
        var session: Sessions.Session?
        var identifier: String?
    }

    private struct State {
        var sessions = Sessions()
        var throttle = LoginThrottle()
    }

    private let token: AdminToken?
    private let time: any TimeSource
    private let state = Mutex(State())
    private let cookie: String

    /// - Parameter port: tells the cookie from that of another instance of this host: cookies know no ports.
    init(token: Secret?, port: Int, time: any TimeSource) {
        self.token = token.map(AdminToken.init)
        self.time = time
        cookie = port == 0 ? "sluice_session" : "sluice_session_\(port)"
    }

    func visitor(_ request: Request) -> Visitor {
        guard token != nil else { return Visitor(canLogIn: false) }
        guard let identifier = request.cookies[cookie]?.value,
            let session = state.withLock({ $0.sessions.session(identifier, at: time.moment) })
        else { return Visitor(canLogIn: true) }
        return Visitor(canLogIn: true, session: session, identifier: identifier)
    }

    /// Checks that a form was sent by somebody who is logged in, from one of our own pages.
    ///
    /// - Throws: `HTTPError` 403 in words.
    func admit(_ request: Request, _ form: FormFields) throws -> Visitor {
        let visitor = try admit(request)
        guard let session = visitor.session else {
            throw HTTPError(.forbidden, message: "You are not logged in, or no longer. Nothing was done.")
        }
        guard AdminToken(Secret(session.formToken)).isEqual(to: form["csrf"] ?? "") else {
            throw HTTPError(
                .forbidden, message: "The form does not belong to this session. Load the page again. Nothing was done.")
        }
        return visitor
    }

    /// Checks all that can be said before a form was read.
    ///
    /// - Throws: as ``admit(_:_:)``.
    func admit(_ request: Request) throws -> Visitor {
        guard token != nil else {
            throw HTTPError(
                .forbidden, message: "This page has no actions: no admin.token is configured. Nothing was done.")
        }
        guard SitesOwn.isOwn(request) else {
            throw HTTPError(.forbidden, message: "The form was sent by another site. Nothing was done.")
        }
        return visitor(request)
    }

    enum LoginAnswer: Sendable {
        case wrong
        /// Too many wrong tokens.
        case wait(Duration)
        /// The value of `Set-Cookie`.
        case welcome(String)
    }

    func logIn(with offered: String, isHTTPS: Bool) -> LoginAnswer {
        let now = time.moment
        return state.withLock { state in
            if let wait = state.throttle.wait(at: now) { return .wait(wait) }
            guard let token, token.isEqual(to: offered) else {
                state.throttle.fail(at: now)
                return .wrong
            }
            var generator = SystemRandomNumberGenerator()
            let identifier = state.sessions.begin(at: now, using: &generator)
            return .welcome(setCookie(identifier, seconds: Sessions.lifetime.components.seconds, isHTTPS))
        }
    }

    /// - Returns: the value of `Set-Cookie`.
    func logOut(_ visitor: Visitor, isHTTPS: Bool) -> String {
        if let identifier = visitor.identifier { state.withLock { $0.sessions.end(identifier) } }
        return setCookie("", seconds: 0, isHTTPS)
    }

    /// Leaves a message for the visitor's next page.
    func leave(_ message: String, for visitor: Visitor) {
        guard let identifier = visitor.identifier else { return }
        state.withLock { $0.sessions.leave(message, for: identifier) }
    }

    func takeMessage(for visitor: Visitor) -> String? {
        guard let identifier = visitor.identifier else { return nil }
        return state.withLock { $0.sessions.takeMessage(for: identifier) }
    }

    private func setCookie(_ value: String, seconds: Int64, _ isHTTPS: Bool) -> String {
        "\(cookie)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict\(isHTTPS ? "; Secure" : "")"
    }
}

/// Where a form came from, as a browser says.
enum SitesOwn {
    /// Whether it may have been one of our pages. Programs say nothing of this, and have no cookie unless they are meant.
    static func isOwn(_ request: Request) -> Bool {
        if let site = field("Sec-Fetch-Site", request) {
            // It is the browser's own word, and right behind a proxy, too.
            return site == "same-origin" || site == "none"
        }
        guard let origin = field("Origin", request) else { return true }
        let hosts = [request.head.authority, field("X-Forwarded-Host", request)].compactMap { $0?.lowercased() }
        let parts = origin.lowercased().split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, ["http:", "https:"].contains(parts[0]) else { return false }
        return hosts.contains(String(parts[2]))
    }

    /// Whether the browser's side of a proxy speaks HTTPS.
    static func isHTTPS(_ request: Request) -> Bool { field("X-Forwarded-Proto", request)?.lowercased() == "https" }

    private static func field(_ name: String, _ request: Request) -> String? {
        HTTPFields.Element.Name(name).flatMap { request.headers[$0] }
    }
}
