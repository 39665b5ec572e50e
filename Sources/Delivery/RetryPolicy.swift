import Model

/// The table of answers (contract, section 4) for one batch, as a plain value.
package struct RetryPolicy: Sendable {
    package struct Settings: Sendable, Hashable {
        /// The most requests for a batch.
        package var attempts: Int
        /// The first backoff's upper end; it doubles with every attempt up to `cap`.
        package var base: Duration
        package var cap: Duration

        package init(attempts: Int = 3, base: Duration = .seconds(1), cap: Duration = .seconds(60)) {
            self.attempts = attempts
            self.base = base
            self.cap = cap
        }
    }

    package enum Action: Sendable, Hashable {
        case accept
        /// A final answer: the batch is refused.
        case refuse(Code)
        /// The attempts are used up and nobody knows whether the batch was taken: it is unresolved.
        case giveUp(Code)
        /// Renew the token and send again.
        case renewToken
        /// Send again after this time.
        case retry(after: Duration, error: Code)
        /// An attachment whose account is not known: not a fault, and no attempt.
        case early
        /// The API is out for everybody (``Breaker``): wait for a turn, and count no attempt.
        case hold(Code)
    }

    /// How long a 403 is waited out.
    package static let forbiddenWait = Duration.seconds(60)

    /// How long this machine is given to come round.
    package static let machineWait = Duration.seconds(1)

    private let settings: Settings
    private let isAttachment: Bool
    package private(set) var attempts: Int
    /// Whether the next 401 is to a new token.
    package private(set) var wasUnauthorized = false
    private var wasForbidden = false

    /// - Parameter attempts: how many the batch has used before, in an earlier run of the service.
    package init(_ settings: Settings, isAttachment: Bool, attempts: Int = 0) {
        self.settings = settings
        self.isAttachment = isAttachment
        self.attempts = attempts
    }

    /// What follows from an answer.
    package mutating func next(
        after answer: Answer, using generator: inout some RandomNumberGenerator
    ) -> Action {
        switch answer {
        case .status(200...299, _):
            attempts += 1
            return .accept
        case .status(401, _):
            if wasUnauthorized { return refuse(.submitUnauthorized) }
            wasUnauthorized = true
            return .renewToken
        case .status(403, _):
            attempts += 1
            if wasForbidden || attempts >= settings.attempts { return .refuse(.submitForbidden) }
            wasForbidden = true
            return .retry(after: RetryPolicy.forbiddenWait, error: .submitForbidden)
        case .status(404, _):
            return isAttachment ? .early : refuse(.submitNotFound)
        case .status(408, let retryAfter), .status(429, let retryAfter):
            return retry(.submitRateLimited, notBefore: retryAfter, using: &generator)
        case .status(500..., let retryAfter):
            return retry(.submitServerError, notBefore: retryAfter, using: &generator)
        case .status:
            return refuse(.submitBadRequest)
        case .none(let failure):
            switch failure.origin {
            case .network, .untrusted: return retry(.submitNetwork, notBefore: nil, using: &generator)
            case .changedFile: return .giveUp(.readChanged)
            // Nothing on our side fails a drop.
            case .machine: return .retry(after: RetryPolicy.machineWait, error: .submitNetwork)
            }
        }
    }

    private mutating func refuse(_ code: Code) -> Action {
        attempts += 1
        return .refuse(code)
    }

    private mutating func retry(
        _ code: Code, notBefore: Duration?, using generator: inout some RandomNumberGenerator
    ) -> Action {
        attempts += 1
        if attempts >= settings.attempts { return .giveUp(code) }
        let backoff = Backoff(base: settings.base, cap: settings.cap).delay(attempt: attempts, using: &generator)
        return .retry(after: max(backoff, notBefore ?? .zero), error: code)
    }
}
