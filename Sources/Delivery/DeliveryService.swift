import AsyncHTTPClient
import Foundation
import Model

/// Brings batches to the API and answers with what became of them: one token, one throttle, one turnstile for all.
package actor DeliveryService {
    package struct Settings: Sendable {
        /// Method and full URL of each kind.
        package var endpoints: [Kind: Endpoint]
        package var tokenURL: String
        package var audience: String
        package var timeout: Duration
        package var inFlight: Int
        package var retry: RetryPolicy.Settings
        /// For the `User-Agent`.
        package var version: String

        package init(
            endpoints: [Kind: Endpoint], tokenURL: String, audience: String, timeout: Duration, inFlight: Int,
            retry: RetryPolicy.Settings, version: String
        ) {
            self.endpoints = endpoints
            self.tokenURL = tokenURL
            self.audience = audience
            self.timeout = timeout
            self.inFlight = inFlight
            self.retry = retry
            self.version = version
        }
    }

    package struct Endpoint: Sendable, Hashable {
        package var method: String
        package var url: String

        package init(method: String, url: String) {
            self.method = method
            self.url = url
        }

        /// The part of the URL that a log line shows.
        var path: String { URL(string: url)?.path ?? url }
    }

    /// Client identifier and secret, read anew for every token, so that a rotated secret is found.
    ///
    /// - Throws: ``NetworkFailure`` that says, without a secret, why they cannot be read.
    package typealias Credentials = @Sendable () async throws -> (id: String, secret: String)

    private let settings: Settings
    private let client: APIClient
    let gate: ThrottleGate
    let turnstile: Turnstile
    private let tokens: TokenCache
    private let journal: any RequestJournal
    private let time: any TimeSource
    private let report: @Sendable (DeliveryEvent) -> Void
    private var generator: any RandomNumberGenerator & Sendable
    /// Requests under way. They outlive the cancellation of whoever waits for them, until ``abort()``.
    private var underWay: [String: Task<APIClient.Reply, any Error>] = [:]

    package init(
        _ settings: Settings, http: HTTPClient, throttle: Throttle, journal: any RequestJournal, time: any TimeSource,
        generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
        credentials: @escaping Credentials, report: @escaping @Sendable (DeliveryEvent) -> Void
    ) {
        let client = APIClient(http: http, timeout: settings.timeout, version: settings.version, time: time)
        let gate = ThrottleGate(throttle, time: time)
        self.settings = settings
        self.client = client
        self.gate = gate
        self.journal = journal
        self.time = time
        self.report = report
        self.generator = generator
        turnstile = Turnstile(places: settings.inFlight)
        tokens = TokenCache(
            backoff: Backoff(base: settings.retry.base, cap: settings.retry.cap), time: time, report: report
        ) {
            try await TokenRequest(settings: settings, credentials: credentials)
                .fetch(client: client, gate: gate, journal: journal, time: time, report: report)
        }
    }

    /// How many slots of the throttle are taken now, and of how many.
    package var usage: (used: Int, limit: Int?) {
        get async { await gate.usage }
    }

    /// Sends a batch until the API has accepted or refused it, or the attempts are used up.
    ///
    /// - Throws: `CancellationError`: the service stops; a request that was cut off leaves its batch unresolved.
    package func deliver(_ submission: Submission) async throws -> Delivered {
        var policy = RetryPolicy(
            settings.retry, isAttachment: submission.kind == .attachment, attempts: submission.attempts)
        while true {
            let (action, reply) = try await attempt(submission, &policy)
            switch action {
            case .accept: return .accepted
            case .refuse(let code): return .refused(problem(code, reply))
            case .giveUp(let code): return .unresolved(problem(code, reply))
            case .early: return .early
            case .renewToken: continue
            case .retry(let delay, _): try await time.sleep(for: delay)
            }
        }
    }

    /// Cuts off what is under way; its batches stay unresolved.
    package func abort() async {
        for request in underWay.values { request.cancel() }
        await tokens.abort()
    }

    private func attempt(
        _ submission: Submission, _ policy: inout RetryPolicy
    ) async throws -> (RetryPolicy.Action, APIClient.Reply) {
        try await turnstile.enter(lane: submission.inbox)
        do {
            try Task.checkCancellation()
            let (token, slot) = try await permission()
            let answer = try await send(submission, token, slot, &policy)
            await turnstile.leave()
            return answer
        } catch {
            await turnstile.leave()
            throw error
        }
    }

    /// A good token and a slot at the same time.
    private func permission() async throws -> (Token, slot: Int64) {
        while true {
            _ = try await tokens.token()
            let slot = try await gate.pass()
            if let token = await tokens.usable { return (token, slot) }
            // It expired while the slot was waited for; a fetch needs a slot too.
            await gate.turnBack(slot)
        }
    }

    private func send(
        _ submission: Submission, _ token: Token, _ slot: Int64, _ policy: inout RetryPolicy
    ) async throws -> (RetryPolicy.Action, APIClient.Reply) {
        guard let endpoint = settings.endpoints[submission.kind] else {
            preconditionFailure("every kind has an endpoint")
        }
        let requestID = UUID().uuidString.lowercased()
        let entry: Int64
        do {
            entry = try await journal.begin(
                .batch(drop: submission.drop, reference: submission.reference), requestID: requestID)
        } catch {
            await gate.turnBack(slot)
            throw error
        }
        let started = time.moment
        let reply: APIClient.Reply
        do {
            let request = Task { [client] in
                try await client.send(
                    method: endpoint.method, url: endpoint.url,
                    headers: [("Authorization", "Bearer \(token.bearer)")], body: submission.body,
                    requestID: requestID)
            }
            underWay[requestID] = request
            defer { underWay[requestID] = nil }
            reply = try await request.value
        } catch {
            await gate.leave(slot)
            throw error
        }
        let duration = time.moment - started
        let action = decide(reply.answer, &policy)
        if let pause = DeliveryService.pause(reply.answer, action) { await gate.stop(until: time.moment + pause) }
        await gate.leave(slot)
        let judged = DeliveryService.ending(reply, action, duration)
        try await journal.end(entry, judged)
        if action == .renewToken { await tokens.refuse(token) }
        report(
            .answered(
                AttemptReport(
                    subject: AttemptReport.Subject(
                        inbox: submission.inbox, drop: submission.drop, reference: submission.reference,
                        attempt: max(policy.attempts, 1)),
                    method: endpoint.method, path: endpoint.path,
                    requestID: requestID, status: judged.status, code: judged.error, duration: duration,
                    retryIn: DeliveryService.retryDelay(action), failure: reply.failure)))
        return (action, reply)
    }

    private func decide(_ answer: Answer, _ policy: inout RetryPolicy) -> RetryPolicy.Action {
        func open<Generator: RandomNumberGenerator & Sendable>(
            _ generator: Generator
        ) -> (RetryPolicy.Action, any RandomNumberGenerator & Sendable) {
            var generator = generator
            return (policy.next(after: answer, using: &generator), generator)
        }
        let (action, used) = open(generator)
        generator = used
        return action
    }

    /// How long nobody may send: what one request was told by 408 or 429 holds for all, its last attempt's too.
    private static func pause(_ answer: Answer, _ action: RetryPolicy.Action) -> Duration? {
        switch (action, answer) {
        case (.retry(let delay, .submitRateLimited), _): delay
        case (.giveUp(.submitRateLimited), .status(_, let retryAfter)): retryAfter
        default: nil
        }
    }

    private static func retryDelay(_ action: RetryPolicy.Action) -> Duration? {
        switch action {
        case .retry(let delay, _): delay
        case .renewToken: .zero
        case .accept, .refuse, .giveUp, .early: nil
        }
    }

    private static func ending(
        _ reply: APIClient.Reply, _ action: RetryPolicy.Action, _ duration: Duration
    ) -> RequestEnding {
        var ending = RequestEnding(status: reply.status, duration: duration)
        switch action {
        case .accept:
            ending.batch = .accepted
            ending.statusURI = reply.location
        case .refuse(let code):
            ending.batch = .refused
            ending.error = code
        case .giveUp(let code), .retry(_, let code):
            ending.error = code
        case .renewToken:
            ending.error = .submitUnauthorized
        case .early:
            // The API took nothing: the attachment has not left, as far as its books go.
            ending.batch = .waiting
            ending.error = .submitNotFound
        }
        ending.response = reply.body.isEmpty ? nil : String(decoding: reply.body, as: UTF8.self)
        return ending
    }

    private func problem(_ code: Code, _ reply: APIClient.Reply) -> Problem {
        Problem(code, SubmissionMessage(code: code, reply: reply, attempts: settings.retry.attempts).text)
    }
}

extension APIClient.Reply {
    /// `nil` where no answer came.
    var status: Int? {
        if case .status(let status, _) = answer { status } else { nil }
    }

    /// Why no answer came.
    var failure: String? {
        if case .none(let failure) = answer { failure.message } else { nil }
    }
}
