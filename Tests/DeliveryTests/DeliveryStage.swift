import Delivery
import Foundation
import Model
import Synchronization
import TestSupport

/// A delivery service, a server that says what a test wants, and everything that was written down and told.
final class DeliveryStage: Sendable {
    struct Options: Sendable {
        var timeout = Duration.seconds(30)
        var inFlight = 8
        var attempts = 3
        var limit: Int?
        /// Where requests go instead of the server.
        var url: String?
        var breaker = Breaker.Settings()
        var confirmation = ConfirmationSchedule()
        var store: (any TokenStore)?
    }

    /// What a test carries out of a stage.
    final class Outcome: Sendable {
        private let state = Mutex<(Delivered, [RecordingJournal.Entry])?>(nil)
        func set(_ delivered: Delivered, _ entries: [RecordingJournal.Entry]) {
            state.withLock { $0 = (delivered, entries) }
        }
        var delivered: Delivered? { state.withLock { $0?.0 } }
        var entries: [RecordingJournal.Entry] { state.withLock { $0?.1 ?? [] } }
    }

    let server: StubServer
    let time = ManualTime()
    let journal = RecordingJournal()
    private let told = Mutex<[DeliveryEvent]>([])
    let delivery: DeliveryService

    /// Runs a test on a stage whose server answers the API's requests with `replies`, one after the other, then 200.
    static func run(
        _ replies: [StubServer.Reply] = [], tokens: [StubServer.Reply] = [], _ options: Options = Options(),
        _ body: (DeliveryStage) async throws -> Void
    ) async throws {
        let api = Script(replies)
        let token = Script(tokens)
        let count = Script([Int]())
        try await run(options, body) { request in
            guard request.path == "/token" else { return api.take() ?? .status(200) }
            return token.take() ?? DeliveryStage.token(count.number())
        }
    }

    /// Runs a test on a stage whose server answers as `handler` says.
    static func run(
        _ options: Options = Options(), _ body: (DeliveryStage) async throws -> Void,
        handler: @escaping StubServer.Handler
    ) async throws {
        let server = try StubServer(handler)
        let http = Connections(count: 64, timeout: options.timeout)
        do {
            try await body(DeliveryStage(server, http, options))
        } catch {
            server.stop()
            try await http.shutdown()
            throw error
        }
        server.stop()
        try await http.shutdown()
    }

    static func token(_ number: Int) -> StubServer.Reply {
        .status(200, body: "{\"access_token\":\"token-\(number)\",\"token_type\":\"Bearer\",\"expires_in\":86400}")
    }

    private init(_ server: StubServer, _ http: Connections, _ options: Options) {
        self.server = server
        let url = options.url ?? server.url("")
        let endpoints = Kind.allCases.map {
            ($0, DeliveryService.Endpoint(method: $0 == .attachment ? "POST" : "PUT", url: "\(url)/v1/\($0)"))
        }
        let listener = Told()
        delivery = DeliveryService(
            DeliveryService.Settings(
                endpoints: Dictionary(uniqueKeysWithValues: endpoints), tokenURL: server.url("/token"),
                audience: "https://audience", timeout: options.timeout, inFlight: options.inFlight,
                retry: RetryPolicy.Settings(attempts: options.attempts), breaker: options.breaker,
                confirmation: options.confirmation, version: "1.2.3"),
            connections: http, throttle: Throttle(limit: options.limit), journal: journal, time: time,
            generator: SeededGenerator(seed: 1), tokenStore: options.store, credentials: { ("client", "very-secret") },
            report: { listener.pass($0) })
        listener.set { [weak self] event in self?.told.withLock { $0.append(event) } }
    }

    func submission(
        _ reference: String = "account-1", kind: Kind = .account, inbox: String = "erp", body: RequestBody? = nil,
        attempts: Int = 0, handsOverAcceptance: Bool = false
    ) -> Submission {
        Submission(
            inbox: inbox, drop: DropID(text: "drop of \(reference)"), kind: kind, reference: reference,
            body: body ?? .json(Array("{\"batchReferenceId\":\"\(reference)\"}".utf8)), attempts: attempts,
            handsOverAcceptance: handsOverAcceptance)
    }

    /// Delivers while time runs by itself from one deadline to the next.
    func deliver(_ submission: Submission) async throws -> Delivered {
        try await whileTimeRuns { try await delivery.deliver(submission) }
    }

    /// Confirms while time runs by itself.
    func confirm(_ subject: StatusSubject) async throws -> Confirmation {
        try await whileTimeRuns { try await delivery.confirm(subject, keeping: .all) }
    }

    private func whileTimeRuns<Value>(_ body: () async throws -> Value) async throws -> Value {
        let clock = Task { [time] in
            while !Task.isCancelled {
                if let deadline = time.nextDeadline { time.advance(by: deadline - time.moment) }
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        defer { clock.cancel() }
        return try await body()
    }

    var events: [DeliveryEvent] { told.withLock { $0 } }
    /// The requests for batches, tokens left out.
    var submitted: [StubServer.Request] { server.requests.filter { $0.path != "/token" } }
    var tokenRequests: [StubServer.Request] { server.requests(to: "/token") }

    /// Passes events on to whoever came later than the service.
    private final class Told: Sendable {
        private let target = Mutex<(@Sendable (DeliveryEvent) -> Void)?>(nil)
        func set(_ target: @escaping @Sendable (DeliveryEvent) -> Void) { self.target.withLock { $0 = target } }
        func pass(_ event: DeliveryEvent) { target.withLock { $0 }?(event) }
    }
}

/// A script that connections share.
final class Script<Element: Sendable>: Sendable {
    private let state: Mutex<(rest: [Element], taken: Int)>

    init(_ elements: [Element]) {
        state = Mutex((elements, 0))
    }

    func take() -> Element? { state.withLock { $0.rest.isEmpty ? nil : $0.rest.removeFirst() } }

    func number() -> Int {
        state.withLock { state in
            state.taken += 1
            return state.taken
        }
    }
}

/// Writes down what the delivery tells it, and holds a beginning back for as long as a test wants.
final class RecordingJournal: RequestJournal {
    struct Entry: Sendable {
        var purpose: RequestPurpose
        var requestID: String
        var ending: RequestEnd?
        var isWithdrawn = false
    }

    private let state = Mutex((entries: [Entry](), isShut: false, waiting: 0, error: (any Error)?.none))

    /// Those that left.
    var entries: [Entry] { all.filter { !$0.isWithdrawn } }
    var all: [Entry] { state.withLock { $0.entries } }
    /// How many wait to be written down.
    var waiting: Int { state.withLock { $0.waiting } }
    var batches: [Entry] { entries.filter { $0.purpose != .token } }
    func shut() { state.withLock { $0.isShut = true } }
    func open() { state.withLock { $0.isShut = false } }
    func refuse(with error: (any Error)?) { state.withLock { $0.error = error } }

    func begin(_ purpose: RequestPurpose, requestID: String) async throws -> RequestEntry {
        if purpose != .token {
            if let error = state.withLock({ $0.error }) { throw error }
            state.withLock { $0.waiting += 1 }
            defer { state.withLock { $0.waiting -= 1 } }
            try await eventually("the journal is open") { state.withLock { !$0.isShut } }
        }
        return state.withLock { state in
            // As the ledger has it: a request without a last word leaves its batch unresolved.
            let last = state.entries.last { $0.purpose == purpose }
            let before = last.map { $0.ending?.batch ?? .unresolved } ?? .waiting
            state.entries.append(Entry(purpose: purpose, requestID: requestID))
            return RequestEntry(id: Int64(state.entries.count - 1), before: before)
        }
    }

    func end(_ request: RequestEnd) async throws {
        state.withLock { $0.entries[Int(request.request)].ending = request }
    }

    func withdraw(_ request: RequestEntry) async throws {
        state.withLock { $0.entries[Int(request.id)].isWithdrawn = true }
    }
}
