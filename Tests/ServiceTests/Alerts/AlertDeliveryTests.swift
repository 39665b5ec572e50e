import Delivery
import Foundation
import JSONSchema
import JSONText
import Model
import Sandbox
import SluiceConfiguration
import Synchronization
import Testing
import TestSupport

@testable import Service

/// Alerts on their way to real servers and programs.
@Suite(.timeLimit(.minutes(10))) struct AlertDeliveryTests {
    private static let options = SandboxOptions(requestsPerMinute: nil)

    private static func top(_ alerts: String) -> String {
        """
        retry: {base: 10ms, cap: 20ms}
        breaker: {failures: 2, probe: 50ms}
        alerts: [\(alerts)]
        """
    }

    private static func messages(_ server: StubServer) throws -> [JSONValue] {
        try server.requests.map { try JSONDocument(parsing: $0.body).root }
    }

    private static func words(_ message: JSONValue) -> String {
        ["event", "state"].compactMap { message[$0]?.string }.joined(separator: " ")
    }

    @Test func anOutageIsToldAWebhookWhenItBeginsAndWhenItEnds() async throws {
        let answers = Answers([.status(503), .close, .status(200)])
        let server = try StubServer { _ in answers.next() }
        defer { server.stop() }
        let webhook = server.url("/services/T0-a-secret-path")
        try await Stage.run(top: Self.top("{webhook: \"\(webhook)\", on: [outage]}"), options: Self.options) { stage in
            stage.sandbox.script([ScriptedAnswer](repeating: .status(503), count: 8), for: .kind(.account))
            for number in 1...3 { try stage.drop(Stage.account("INV-\(number)"), as: "\(number).json") }
            try await eventually("its end is told") { server.requests.count == 4 }
            let messages = try Self.messages(server)
            #expect(
                messages.map(Self.words) == ["outage begun", "outage begun", "outage begun", "outage ended"])
            let schema = try AlertMessageTests.schema()
            for message in messages { #expect(schema.validate(message).isValid) }
            #expect(messages.first?["key"]?.string == messages.last?["key"]?.string)
            #expect(messages.first?["since"]?.string == messages.last?["since"]?.string)
            let first = try #require(server.requests.first)
            #expect(first.method == "POST" && first.path == "/services/T0-a-secret-path")
            #expect(first.headers["content-type"]?.hasPrefix("application/json") == true)
            try await stage.waitForFiled(3)
            let told = String(describing: stage.allEvents)
            #expect(told.contains("alertDelayed") && !told.contains("secret-path"))
            #expect(!told.contains("127.0.0.1:\(server.port)"))
        }
    }

    @Test func aWebhookThatHangsIsInNobodysWay() async throws {
        let server = try StubServer { _ in .silence() }
        defer { server.stop() }
        let alert = "{webhook: \"\(server.url("/"))\", on: [failedDrops], thresholds: {failedDrops: 1/1m}}"
        try await Sandbox.withServer(Self.options) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration(top: Self.top(alert))
            let end = try await stage.serveUntilAsked {
                try stage.drop("{}", as: "bad.json")
                try await eventually("the alert is on its way") { server.requests.count == 1 }
                try stage.drop(Stage.account("INV-1"), as: "good.json")
                try await stage.waitForFiled(2)
            }
            #expect(end < .seconds(9), "the stop does not wait for its timeout")
            #expect(stage.allEvents.contains { if case .alertsNotTold(_, count: 1) = $0 { true } else { false } })
        }
    }

    @Test func aProgramReadsTheAlertFromItsInput() async throws {
        let folder = try TemporaryFolder()
        let (file, variables) = (folder.url.appendingPathComponent("told"), folder.url.appendingPathComponent("env"))
        let script = "cat >>'\(file.path)'; /usr/bin/env >'\(variables.path)'; echo a line; exit 0"
        let alert =
            "{command: [/bin/sh, -c, \"\(script)\"], on: [failedDrops], thresholds: {failedDrops: 2/1m}}"
        try await Stage.run(top: Self.top(alert), options: Self.options) { stage in
            for number in 1...2 { try stage.drop("{}", as: "bad\(number).json") }
            try await eventually("it is told") { stage.told == ["alerts[0].command failedDrops"] }
            let message = try JSONDocument(parsing: Array(Data(contentsOf: file))).root
            #expect(message["event"]?.string == "failedDrops" && message["count"]?.int == 2)
            #expect(message["inbox"]?.string == "erp")
            #expect(message["message"]?.string == "2 drops failed in the inbox erp.")
            let seen = try String(contentsOf: variables, encoding: .utf8)
            #expect(!seen.contains("a-secret-of-the-tests"))
        }
    }

    @Test func aProgramThatFailsIsTriedAsOftenAsABatch() async throws {
        let folder = try TemporaryFolder()
        let file = folder.url.appendingPathComponent("tries")
        // It reads nothing, which is its own affair.
        let alert =
            "{command: [/bin/sh, -c, \"echo x >>'\(file.path)'; exit 3\"], on: [failedDrops], thresholds: {failedDrops: 1/1m}}"
        try await Stage.run(top: Self.top(alert), options: Self.options) { stage in
            try stage.drop("{}", as: "bad.json")
            try await eventually("it is given up") {
                stage.allEvents.contains {
                    if case .alertLost("alerts[0].command", .failedDrops, "it ended with exit status 3") = $0 {
                        true
                    } else {
                        false
                    }
                }
            }
            #expect(try String(contentsOf: file, encoding: .utf8) == "x\nx\nx\n")
        }
    }

    @Test func aReloadTakesOverNewAlerts() async throws {
        let (first, second) = (try StubServer { _ in .status(200) }, try StubServer { _ in .status(200) })
        defer {
            first.stop()
            second.stop()
        }
        @Sendable func alerts(_ server: StubServer) -> String {
            "alerts: [{webhook: \"\(server.url("/"))\", on: [inboxUnavailable]}]"
        }
        try await Stage.prepare(inboxes: "name: erp, path: erp/inbox, rescan: 100ms", top: alerts(first)) { stage in
            try await stage.serving { service in
                try FileManager.default.removeItem(at: stage.inbox)
                try await eventually("the first is told") { first.requests.count == 1 }
                try stage.write(inboxes: "name: erp, path: erp/inbox, rescan: 100ms", top: alerts(second))
                try await stage.reload(service)
                #expect(stage.reloads.last?.changedKeys == ["alerts"])
                try await eventually("the second is told what is on") { second.requests.count == 1 }
                try FileManager.default.createDirectory(at: stage.inbox, withIntermediateDirectories: true)
                try await eventually("the second is told of its end") { second.requests.count == 2 }
                #expect(
                    try Self.messages(second).map(Self.words) == ["inboxUnavailable begun", "inboxUnavailable ended"])
                #expect(first.requests.count == 1)
            }
        }
    }

    @Test func whatIsOverByItselfIsToldWithoutAnotherEvent() async throws {
        let server = try StubServer { _ in .status(200) }
        defer { server.stop() }
        try await Sandbox.withServer(Self.options) { sandbox, address in
            let time = ManualTime()
            let stage = try Stage(sandbox: sandbox, address: address, time: time)
            try stage.writeConfiguration(
                top: Self.top(
                    "{webhook: \"\(server.url("/"))\", on: [failedDrops], thresholds: {failedDrops: 1/10m}}"))
            try await stage.whileServing {
                try stage.drop("{}", as: "bad.json")
                try await stage.waitForFiled(1)
                try await eventually("it is told") { server.requests.count == 1 }
                time.advance(by: .seconds(300))
                #expect(stage.alerts.map(\.phase) == [.begins])
                try await eventually("its end is told") {
                    time.advance(by: .seconds(30))
                    try await Task.sleep(for: .milliseconds(25))
                    return server.requests.count == 2
                }
                #expect(stage.alerts.map(\.phase) == [.begins, .ends])
                let messages = try Self.messages(server)
                #expect(messages.last?["message"]?.string == "No more drops fail. 1 drop did.")
            }
        }
    }

    // MARK: One try

    private static let message = AlertMessage(
        AlertChange(.outage, .begins), at: Timestamp(milliseconds: 0), host: "h", configuration: "c")

    private func bring(
        to target: Configuration.Alert.Target, proxies: ProxyRules? = nil
    ) async throws -> AlertAttempt {
        let connections = Connections(count: 1, timeout: .seconds(10), proxies: proxies)
        let carrier = AlertCarrier(connections, version: "test", environment: [:], time: SystemTime())
        do {
            let attempt = try await carrier.bring(Self.message, to: target)
            try await connections.shutdown()
            return attempt
        } catch {
            try await connections.shutdown()
            throw error
        }
    }

    @Test(arguments: [
        (StubServer.Reply.status(204), AlertAttempt.delivered),
        (.status(302, headers: ["Location": "http://127.0.0.1/elsewhere"]), .refused("it answered 302")),
        (.status(404), .refused("it answered 404")),
        (.status(429, headers: ["Retry-After": "7"]), .failed("it is busy", retryAfter: .seconds(7))),
        (.status(500), .failed("it answered 500")),
        (.close, .failed("the connection was closed before the answer")),
    ]) func whatAServerAnswersDecides(reply: StubServer.Reply, attempt: AlertAttempt) async throws {
        let server = try StubServer { _ in reply }
        defer { server.stop() }
        #expect(try await bring(to: .webhook(Secret(server.url("/x")))) == attempt)
        #expect(server.requests.count == 1)
    }

    @Test func aServerThatIsNotThereIsNotNamed() async throws {
        let attempt = try await bring(to: .webhook(Secret("http://hooks.invalid:8080/secret")))
        #expect(attempt == .failed("the name [host] cannot be found"))
    }

    @Test func theProxyIsUsed() async throws {
        let proxy = try StubServer { _ in .status(200) }
        defer { proxy.stop() }
        let rules = try ProxyRules(environment: ["http_proxy": "http://127.0.0.1:\(proxy.port)"])
        let attempt = try await bring(to: .webhook(Secret("http://hooks.example.com/x")), proxies: rules)
        #expect(attempt == .delivered)
        // A tunnel, so that a proxy that only passes it on sees no path.
        #expect(proxy.requests.map(\.path) == ["hooks.example.com:80", "/x"])
    }

    @Test(arguments: [
        ("exit 0", AlertAttempt.delivered), ("exit 7", .failed("it ended with exit status 7")),
        ("kill -9 $$", .failed("it ended with signal 9")),
    ]) func howAProgramEndsDecides(script: String, attempt: AlertAttempt) async throws {
        #expect(try await bring(to: .command(["/bin/sh", "-c", script])) == attempt)
    }

    @Test func aProgramThatIsNotThereIsSaid() async throws {
        let attempt = try await bring(to: .command(["/no/such/program"]))
        #expect(attempt == .failed("it cannot be started: there is no such program"))
    }
}

/// What a server answers, one after the other, and then for good.
private final class Answers: Sendable {
    private let left: Mutex<[StubServer.Reply]>

    init(_ replies: [StubServer.Reply]) {
        left = Mutex(replies)
    }

    func next() -> StubServer.Reply {
        left.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
    }
}

extension Stage {
    /// What recipients were told, as `RECIPIENT EVENT`.
    fileprivate var told: [String] {
        allEvents.compactMap {
            if case .alertTold(let recipient, let event, _) = $0 { "\(recipient) \(event.rawValue)" } else { nil }
        }
    }

    /// Runs a service until `body` is done, then stops it.
    ///
    /// - Returns: how long the stop took.
    fileprivate func serveUntilAsked(_ body: @escaping @Sendable () async throws -> Void) async throws -> Duration {
        let service = try makeService()
        return try await withThrowingTaskGroup(of: Void.self, returning: Duration.self) { group in
            group.addTask { try await service.run() }
            try await body()
            let start = ContinuousClock.now
            group.cancelAll()
            try await group.waitForAll()
            return ContinuousClock.now - start
        }
    }
}
