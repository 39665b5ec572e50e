import Foundation

/// Everything a sandbox knows, and what it decides. Moments are passed in; nothing here waits, reads or writes.
struct SandboxState: Sendable {
    let options: SandboxOptions
    /// The moment from which outages are counted.
    let start: Duration
    var generator: SplitMix64
    var window: RequestWindow
    var tokens: TokenDesk
    var tokenRequests = 0
    var memory = AcceptanceMemory()
    var script = Script()
    var log = RequestLog()
    /// The identities whose records are refused when their batch is applied, and what is said of them.
    var refusedIdentities: [String: String] = [:]

    init(options: SandboxOptions, start: Duration) {
        self.options = options
        self.start = start
        generator = SplitMix64(seed: options.seed)
        window = RequestWindow(limit: options.requestsPerMinute)
        tokens = TokenDesk(lifetime: options.tokenLifetime)
    }

    /// What becomes of a request, as far as its head decides it.
    struct Arrival: Sendable {
        enum Course: Sendable {
            /// It is looked at and applied, and then answered, unless a fault befalls the answer.
            case proceed(Endpoint, then: FaultPlan.Effect?)
            case end(Ending)
        }

        /// Its number in the log.
        var number: Int
        /// How long it waits first.
        var latency: Duration
        var course: Course
    }

    /// Takes a request's head: the rate first, then an outage, the route, and chance.
    mutating func arrive(
        method: String, path: String, requestID: String?, isHTTP2: Bool = false, at now: Duration, date: Date
    ) -> Arrival {
        let number = log.begin(method: method, path: path, requestID: requestID, isHTTP2: isHTTP2, at: date)
        let match = Endpoint.match(method: method, path: path)
        if match == .found(.token) { tokenRequests += 1 }
        var arrival = Arrival(number: number, latency: .zero, course: .end(.silence))
        if case .blocked(let retryAfter) = window.arrive(at: now) {
            let seconds = max(1, Int((retryAfter / .seconds(1)).rounded(.up)))
            arrival.course = .end(
                .answer(
                    .problem(429, "Over the rate of requests a minute", headers: [("Retry-After", "\(seconds)")])))
            return arrival
        }
        arrival.latency = options.faults.latency.map { generator.duration(in: $0) } ?? .zero
        arrival.course = course(of: match, at: now)
        return arrival
    }

    private mutating func course(of match: Endpoint.Match, at now: Duration) -> Arrival.Course {
        if options.faults.isOut(at: now - start) {
            return .end(.answer(.problem(503, "An outage is on")))
        }
        switch match {
        case .unknown:
            return .end(.answer(.problem(404, "No such endpoint")))
        case .wrongMethod(let allowed):
            return .end(.answer(.problem(405, "Method not allowed", headers: [("Allow", allowed)])))
        case .found(let endpoint):
            let effect = options.faults.effect(onToken: endpoint == .token, using: &generator)
            switch effect {
            case .status(let code):
                let headers = code == 429 ? [(name: "Retry-After", value: "1")] : []
                return .end(.answer(.problem(code, "A fault, as asked for", headers: headers)))
            case .drop where Bool.random(using: &generator): return .end(.close)
            case .hang where Bool.random(using: &generator): return .end(.silence)
            case .cut: return .end(.cut)
            case .early: return .end(.answerAndClose(.problem(503, "A fault, before the body was read")))
            case .drop, .hang, .tear, .garbage, .huge, .endless, nil: return .proceed(endpoint, then: effect)
            }
        }
    }

    /// The refusal of a request without a token that holds; `nil` where it has one.
    func refusal(ofAuthorization authorization: String?, at now: Duration) -> Answer? {
        guard !tokens.accepts(authorization: authorization, at: now) else { return nil }
        return .problem(
            401, "The token is missing, unknown or expired", headers: [("WWW-Authenticate", "Bearer")])
    }

    /// Answers a status request.
    mutating func status(_ identifier: String, at now: Duration) -> Answer {
        memory.settle(upTo: now)
        guard let entry = memory.entry(statusIdentifier: identifier) else {
            return .problem(404, "No such batch")
        }
        return .json(200, entry.status(at: now))
    }
}
