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
        package var breaker: Breaker.Settings
        /// Whether submissions wait for the end of a pause, and for a token as long as it takes; else they end with
        /// `CancellationError`.
        package var waits: Bool
        /// How status documents are read, and how long.
        package var status: StatusReading
        package var confirmation: ConfirmationSchedule
        /// For the `User-Agent`.
        package var version: String

        package init(
            endpoints: [Kind: Endpoint], tokenURL: String, audience: String, timeout: Duration, inFlight: Int,
            retry: RetryPolicy.Settings, breaker: Breaker.Settings = Breaker.Settings(),
            waits: Bool = true, status: StatusReading = StatusReading(),
            confirmation: ConfirmationSchedule = ConfirmationSchedule(), version: String
        ) {
            self.endpoints = endpoints
            self.tokenURL = tokenURL
            self.audience = audience
            self.timeout = timeout
            self.inFlight = inFlight
            self.retry = retry
            self.breaker = breaker
            self.waits = waits
            self.status = status
            self.confirmation = confirmation
            self.version = version
        }
    }

    package struct Endpoint: Sendable, Hashable {
        package let method: String
        package let url: String
        /// The part of the URL that a log line shows.
        let path: String

        package init(method: String, url: String) {
            self.method = method
            self.url = url
            path = URL(string: url)?.path ?? url
        }
    }

    /// Client identifier and secret, read anew for every token, so that a rotated secret is found.
    ///
    /// - Throws: ``NetworkFailure`` that says, without a secret, why they cannot be read.
    package typealias Credentials = @Sendable () async throws -> (id: String, secret: String)

    let settings: Settings
    let client: APIClient
    let gate: ThrottleGate
    /// Batches that are written down and have no answer that is.
    let ahead: Turnstile
    /// Those of them that are on their way, and what else is.
    let turnstile: Turnstile
    let tokens: TokenCache
    let journal: any RequestJournal
    let time: any TimeSource
    let report: @Sendable (DeliveryEvent) -> Void
    /// Requests under way. They outlive the cancellation of whoever waits for them, until ``abort()``.
    var underWay: [String: Task<APIClient.Reply, any Error>] = [:]
    /// Where the drops are that it was given.
    var stages: [DropID: SubmissionStage] = [:]
    /// What an admin paused.
    package nonisolated let pauses: PauseGate
    let breaker: BreakerGate
    private var generator: any RandomNumberGenerator & Sendable

    /// How many batches are written down before there is a place for them, so that no place waits for a disk. After a
    /// crash they may have left.
    private static let lead = 64

    /// How many requests are in the journal without an answer, at most, whether they left or not.
    package static func writtenDown(inFlight: Int) -> Int { inFlight + lead }

    package init(
        _ settings: Settings, connections: Connections, throttle: Throttle, journal: any RequestJournal,
        time: any TimeSource, generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
        tokenStore: (any TokenStore)? = nil, credentials: @escaping Credentials,
        report: @escaping @Sendable (DeliveryEvent) -> Void
    ) {
        let client = APIClient(
            connections: connections, timeout: settings.timeout, version: settings.version, time: time)
        let gate = ThrottleGate(throttle, time: time)
        self.settings = settings
        self.client = client
        self.gate = gate
        self.journal = journal
        self.time = time
        self.report = report
        self.generator = generator
        let pauses = PauseGate(waits: settings.waits)
        self.pauses = pauses
        ahead = Turnstile(places: DeliveryService.writtenDown(inFlight: settings.inFlight))
        turnstile = Turnstile(places: settings.inFlight)
        breaker = BreakerGate(
            Breaker(settings.breaker), waits: settings.waits, isHeld: { await pauses.holdsAll }, time: time
        ) { report(.breaker($0)) }
        let source = TokenSource(
            settings: settings, credentials: credentials, client: client, gate: gate, journal: journal, time: time,
            store: tokenStore, report: report)
        tokens = TokenCache(
            backoff: Backoff(base: settings.retry.base, cap: settings.retry.cap),
            attempts: settings.waits ? nil : settings.retry.attempts, time: time, report: report,
            kept: { await source.kept() }, fetch: { try await source.fetch() })
    }

    /// How many slots of the throttle are taken now, and of how many.
    package var usage: (used: Int, limit: Int?) {
        get async { await gate.usage }
    }

    /// Whether a request could leave now.
    package var hasFreeSlot: Bool {
        get async {
            let (used, limit) = await gate.usage
            return limit.map { used < $0 } ?? true
        }
    }

    /// How old the token is and how long it is still good for; `nil`: there is none.
    package var token: TokenState? {
        get async { await tokens.state }
    }

    /// Why submission pauses by itself; `nil`: it does not.
    package var outage: Breaker.Cause? {
        get async { await breaker.cause }
    }

    /// Sends a batch until the API has accepted or refused it, the attempts are used up, or an admin pauses its inbox. While
    /// submission pauses by itself it waits, for as long as that takes.
    ///
    /// - Throws: `CancellationError`: the service stops; a request that was cut off leaves its batch unresolved.
    package func deliver(_ submission: Submission) async throws -> Delivered {
        var policy = RetryPolicy(
            settings.retry, isAttachment: submission.kind == .attachment, attempts: submission.attempts)
        defer { stages[submission.drop] = nil }
        while true {
            if await pauses.holds(submission.inbox) { return .held }
            guard let judged = try await attempt(submission, &policy) else { continue }
            let reply = judged.reply
            switch judged.action {
            case .accept: return judged.unwritten.map(Delivered.handedOver) ?? .accepted
            case .refuse(let code): return .refused(problem(code, reply))
            case .giveUp(let code): return .unresolved(problem(code, reply))
            case .early: return .early
            case .renewToken, .hold: continue
            case .retry(let delay, _):
                KillPoint.retryWaits.reach()
                let next = time.moment + delay
                stages[submission.drop] = .retry(at: next)
                try await time.sleep(until: next)
            }
        }
    }

    /// Cuts off what is under way; its batches stay unresolved.
    package func abort() async {
        for request in underWay.values { request.cancel() }
        await tokens.abort()
    }

    /// An answer, and what follows from it.
    private struct Judged {
        var action: RetryPolicy.Action
        var reply: APIClient.Reply
        /// What the journal is not told.
        var unwritten: RequestEnd?
    }

    /// - Returns: `nil` where submission was paused before the request could leave.
    private func attempt(_ submission: Submission, _ policy: inout RetryPolicy) async throws -> Judged? {
        stages[submission.drop] = .gates
        let pass = try await breaker.enter(submission.drop)
        do {
            return try await ahead.withPlace(lane: submission.inbox) {
                try Task.checkCancellation()
                KillPoint.requestBegins.reach()
                let intent = try await intend(.batch(drop: submission.drop, reference: submission.reference))
                guard let answered = try await exchange(submission, intent, pass) else {
                    try await journal.withdraw(intent.entry)
                    await breaker.withdraw(pass)
                    return nil
                }
                return try await judge(answered, of: submission, pass, &policy)
            }
        } catch {
            await breaker.giveBack(pass)
            throw error
        }
    }

    private typealias Answered = (exchange: Exchange, token: Token, slot: Int64)

    /// Sends a batch that is written down, once there is a place, a token and a slot for it.
    ///
    /// - Returns: `nil` where submission paused meanwhile.
    private func exchange(
        _ submission: Submission, _ intent: Intent, _ pass: BreakerGate.Pass
    ) async throws -> Answered? {
        let endpoint = endpoint(of: submission)
        var mayHaveLeft = false
        let answered: Answered?
        do {
            answered = try await turnstile.withPlace(lane: submission.inbox) {
                let (token, slot) = try await permission()
                guard await breaker.admits(pass), await !pauses.holds(submission.inbox) else {
                    await gate.turnBack(slot)
                    return nil
                }
                stages[submission.drop] = .answer
                mayHaveLeft = true
                let outgoing = Outgoing(
                    method: endpoint.method, url: endpoint.url, body: submission.body, token: token)
                return (try await exchange(outgoing, intent, slot), token, slot)
            }
        } catch {
            // It never left, and a stop does not make that unknown.
            if !mayHaveLeft { try await journal.withdraw(intent.entry) }
            throw error
        }
        guard var answered else { return nil }
        let reply = answered.exchange.reply
        if let kept = submission.keeping.atOnce(reply.body, status: reply.status) {
            answered.exchange.reply.body = kept
        } else {
            answered.exchange.reply.body = await submission.keeping.kept(reply.body)
        }
        return answered
    }

    private func endpoint(of submission: Submission) -> Endpoint {
        guard let endpoint = settings.endpoints[submission.kind] else {
            preconditionFailure("every kind has an endpoint")
        }
        return endpoint
    }

    private func judge(
        _ answered: Answered, of submission: Submission, _ pass: BreakerGate.Pass,
        _ policy: inout RetryPolicy
    ) async throws -> Judged {
        KillPoint.answerArrived.reach()
        let (exchange, token, slot) = answered
        let endpoint = endpoint(of: submission)
        let reply = exchange.reply
        let sign = Breaker.Sign(of: reply.answer, submission.kind, isNewToken: policy.wasUnauthorized)
        let isPaused = await breaker.note(sign, of: submission.drop, pass)
        let action = isPaused ? sign.hold(reply.answer) ?? decide(reply.answer, &policy) : decide(reply.answer, &policy)
        let silence = pause(reply.answer, action).map { Silence($0, time) }
        if let silence { await gate.slowDown(until: silence.end, leftAt: exchange.left) }
        await gate.leave(slot)
        var ending = DeliveryService.ending(exchange, action)
        ending.silence = silence
        var unwritten: RequestEnd?
        if submission.handsOverAcceptance, ending.batch == .accepted {
            unwritten = ending
        } else {
            try await journal.end(ending)
            KillPoint.answerCommitted.reach()
        }
        if reply.status == 401 { await tokens.refuse(token) }
        report(
            .answered(
                AttemptReport(
                    subject: AttemptReport.Subject(
                        inbox: submission.inbox, drop: submission.drop, reference: submission.reference,
                        attempt: max(policy.attempts, 1)),
                    method: endpoint.method, path: endpoint.path, requestID: exchange.intent.requestID,
                    status: ending.status, code: ending.error, duration: exchange.duration,
                    retryIn: DeliveryService.retryDelay(action), failure: reply.failure, isHeld: action.isHold)))
        return Judged(action: action, reply: reply, unwritten: unwritten)
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
    private func pause(_ answer: Answer, _ action: RetryPolicy.Action) -> Duration? {
        switch (action, answer) {
        case (.retry(let delay, .submitRateLimited), _): delay
        case (.giveUp(.submitRateLimited), .status(_, let retryAfter)),
            (.hold(.submitRateLimited), .status(_, let retryAfter)):
            retryAfter ?? settings.retry.base
        default: nil
        }
    }

    private static func retryDelay(_ action: RetryPolicy.Action) -> Duration? {
        switch action {
        case .retry(let delay, _): delay
        case .renewToken: .zero
        case .accept, .refuse, .giveUp, .early, .hold: nil
        }
    }

    private static func ending(_ exchange: Exchange, _ action: RetryPolicy.Action) -> RequestEnd {
        let reply = exchange.reply
        var ending = RequestEnd(
            request: exchange.intent.entry.id, left: exchange.leftAt, status: reply.status, duration: exchange.duration)
        if case .none(let failure) = reply.answer { ending.isCounted = failure.origin != .machine }
        switch action {
        case .accept:
            ending.batch = .accepted
            ending.statusURI = reply.location
        case .refuse(let code):
            ending.batch = .refused
            ending.error = code
        case .giveUp(let code), .retry(_, let code):
            ending.error = code
            // The end of the request never left.
            if case .none(let failure) = reply.answer, failure.origin == .changedFile {
                ending.batch = exchange.intent.entry.before
            }
        case .renewToken:
            ending.error = .submitUnauthorized
        case .hold(let code):
            ending.error = code
            ending.isCounted = false
        case .early:
            // The API took nothing: the attachment has not left, as far as its books go.
            ending.batch = .waiting
            ending.error = .submitNotFound
        }
        ending.response = reply.text
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

    /// The beginning of the body as text; `nil` where there is none.
    var text: String? {
        body.isEmpty ? nil : String(decoding: body.prefix(APIClient.keptAnswer), as: UTF8.self)
    }

    /// The same, as far as it may be kept.
    func text(_ keeping: Keeping) async -> String? {
        var kept = self
        kept.body = await keeping.kept(Array(body.prefix(APIClient.keptAnswer)))
        return kept.text
    }

    /// Why no answer came.
    var failure: String? {
        if case .none(let failure) = answer { failure.message } else { nil }
    }
}

extension RetryPolicy.Action {
    var isHold: Bool {
        if case .hold = self { true } else { false }
    }
}
