import Model

/// The token that all requests share: fetched once, renewed before it expires, never asked for twice at a time.
package actor TokenCache {
    /// Fetches a token; throws ``NetworkFailure`` where there is none to be had, or `CancellationError`.
    package typealias Fetch = @Sendable () async throws -> Token

    private let fetch: Fetch
    private let kept: @Sendable () async -> Token?
    private var hasLookedForKept = false
    private let backoff: Backoff
    private let attempts: Int?
    private var isGivenUp = false
    /// Whether the token came, or comes, in the place of one that a status was refused to.
    private var isReplacement = false
    private let time: any TimeSource
    private let report: @Sendable (DeliveryEvent) -> Void
    private var current: Token?
    /// The fetch that is under way: it goes on, and keeps the endpoint's wish for silence, whoever stops waiting for it.
    private var flight: Task<Void, Never>?
    private var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
    private var nextWaiter = 0

    /// - Parameters:
    ///   - attempts: after so many failures in a row nobody gets another token; `nil`: it is tried for ever.
    ///   - kept: the token of an earlier run, looked for once.
    package init(
        backoff: Backoff, attempts: Int? = nil, time: any TimeSource,
        report: @escaping @Sendable (DeliveryEvent) -> Void,
        kept: @escaping @Sendable () async -> Token? = { nil }, fetch: @escaping Fetch
    ) {
        self.kept = kept
        self.backoff = backoff
        self.attempts = attempts
        self.time = time
        self.report = report
        self.fetch = fetch
    }

    /// `nil`: there is no token.
    package var state: TokenState? {
        current.map { TokenState(age: time.moment - $0.fetchedAt, left: $0.expires - time.moment) }
    }

    /// A token that is good now, without waiting for one.
    package var usable: Token? {
        guard let current, time.moment < current.expires else { return nil }
        if time.moment >= current.renewal, !isGivenUp { renew() }
        return current
    }

    /// A token that is good now; waits as long as it takes to get one.
    ///
    /// - Throws: `CancellationError`.
    package func token() async throws -> Token {
        while true {
            try Task.checkCancellation()
            if let usable { return usable }
            if isGivenUp { throw CancellationError() }
            renew()
            try await waitForFlight()
        }
    }

    /// - Throws: `CancellationError`, and what the flight ends with.
    private func waitForFlight() async throws {
        nextWaiter += 1
        let id = nextWaiter
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
                waiting[id] = continuation
            }
        } onCancel: {
            Task { await self.stopWaiting(id) }
        }
    }

    private func stopWaiting(_ id: Int) {
        waiting.removeValue(forKey: id)?.resume(throwing: CancellationError())
    }

    /// The API refused a token: it is given to nobody any more.
    package func refuse(_ token: Token) {
        guard current?.bearer == token.bearer else { return }
        current = nil
        isReplacement = false
    }

    /// The API refused a token when a status was read. Where another one was had for that already, it is the status that
    /// it is not good for.
    package func refuseForStatus(_ token: Token) {
        guard current?.bearer == token.bearer, !isReplacement else { return }
        current = nil
        isReplacement = true
    }

    /// Gives up a fetch that is under way.
    package func abort() {
        flight?.cancel()
    }

    private func renew() {
        if flight != nil { return }
        if current != nil { isReplacement = false }
        flight = Task {
            let result: Result<Void, any Error>
            do {
                current = try await next()
                result = .success(())
            } catch {
                result = .failure(error)
            }
            flight = nil
            let landed = waiting
            waiting = [:]
            for waiter in landed.values { waiter.resume(with: result) }
        }
    }

    private func next() async throws -> Token {
        if !hasLookedForKept {
            hasLookedForKept = true
            if let token = await kept(), time.moment < token.expires { return token }
        }
        let token = try await fetchPatiently()
        report(.tokenRenewed(lifetime: token.lifetime))
        return token
    }

    private func fetchPatiently() async throws -> Token {
        for attempt in 1... {
            do {
                return try await fetch()
            } catch let failure as NetworkFailure {
                if attempt == attempts {
                    isGivenUp = true
                    report(.tokenFailed(message: failure.message, retryIn: nil))
                    break
                }
                let delay = max(
                    backoff.delay(attempt: attempt), failure.retryAfter ?? .zero, .milliseconds(100))
                report(.tokenFailed(message: failure.message, retryIn: delay))
                try await time.sleep(for: delay)
            }
        }
        throw CancellationError()
    }
}

/// How old a token is, and how long it is still good for; negative once it has expired.
package struct TokenState: Sendable, Hashable {
    package var age: Duration
    package var left: Duration
}
