import Delivery
import FileSystem
import Foundation
import Model
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(5))) struct TokenFileTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)
    private static let moment = Moment(sinceBoot: .seconds(500))

    @Test func itIsReadAsItWasWritten() throws {
        let folder = try TemporaryFolder()
        let file = TokenFile(state: folder.path)
        #expect(try file.load() == nil)
        let token = KeptToken(bearer: "t", fetchedAt: Self.now, lifetime: .seconds(60), owner: "me")
        try file.save(token)
        try file.save(token)
        #expect(try file.load() == token)
        #expect(try folder.url.names == ["token.json"])
        let attributes = try FileManager.default.attributesOfItem(
            atPath: folder.url.appendingPathComponent("token.json").path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test(arguments: ["", "{", "[]", #"{"bearer": 7}"#]) func whatIsNoTokenIsNone(text: String) throws {
        let folder = try TemporaryFolder()
        try folder.url.write(text, as: "token.json")
        #expect(try TokenFile(state: folder.path).load() == nil)
    }

    @Test func itAgesWhileTheServiceIsAway() throws {
        let kept = KeptToken(bearer: "t", fetchedAt: Self.now, lifetime: .seconds(100), owner: "me")
        let token = try #require(kept.token(for: "me", at: Self.moment, Self.now + .seconds(40)))
        #expect(token.expires == Self.moment + .seconds(60))
        #expect(kept.token(for: "me", at: Self.moment, Self.now + .seconds(100)) == nil)
        #expect(kept.token(for: "somebody", at: Self.moment, Self.now) == nil)
        // A clock that was set back makes nothing last longer than it can.
        let early = try #require(kept.token(for: "me", at: Self.moment, Self.now + .seconds(-5000)))
        #expect(early.expires == Self.moment + .seconds(100))
    }

    @Test func aTokenThatExpiresDuringALongBackoffIsRenewedFirst() async throws {
        let short = StubServer.Reply.status(
            200, body: #"{"access_token": "short", "token_type": "Bearer", "expires_in": 600}"#)
        try await DeliveryStage.run([.status(503, headers: ["Retry-After": "1200"])], tokens: [short]) {
            stage async throws in
            #expect(try await stage.deliver(stage.submission()) == .accepted)
            #expect(stage.submitted.map(\.bearer) == ["short", "token-1"])
            #expect(stage.tokenRequests.count == 2)
        }
    }
}

@Suite struct ProxyTests {
    private func host(_ environment: [String: String], _ url: String) throws -> String? {
        try ProxyRules(environment: environment).server(for: try #require(URL(string: url))).map {
            "\($0.host):\($0.port)"
        }
    }

    @Test(arguments: [
        ("https://api.example.com/x", nil as String?), ("https://example.org", "proxy:3128"),
        ("https://deep.api.example.com", nil), ("https://notexample.org", "proxy:3128"), ("http://plain.org", nil),
        ("https://localhost:1", nil),
    ])
    func whatGoesThroughAProxy(url: String, proxy: String?) throws {
        let environment = ["https_proxy": "http://proxy:3128", "no_proxy": "localhost, .example.com"]
        #expect(try host(environment, url) == proxy)
    }

    @Test func variablesInUpperCaseCountToo() throws {
        #expect(try host(["HTTPS_PROXY": "proxy:99"], "https://a.b") == "proxy:99")
        #expect(try host(["HTTPS_PROXY": "proxy:99", "NO_PROXY": "*"], "https://a.b") == nil)
        #expect(try host(["HTTP_PROXY": "proxy:99"], "http://a.b") == nil, "a request's header could set it")
        #expect(try host(["http_proxy": "http://p"], "http://a.b") == "p:80")
    }

    @Test(arguments: ["socks5://secret:1", "http://:secret@", "::secret"]) func whatIsNoProxyIsSaidWithoutItsValue(
        value: String
    ) {
        let error = #expect(throws: ProxyError.self) { try ProxyRules(environment: ["https_proxy": value]) }
        #expect(error.map { "\($0)".contains("https_proxy") && !"\($0)".contains("secret") } == true)
    }

    @Test func requestsGoThroughIt() async throws {
        // A proxy of our own: it answers in the server's place.
        let proxy = try StubServer { _ in .status(200, body: "{}") }
        defer { proxy.stop() }
        let rules = try ProxyRules(environment: ["http_proxy": proxy.url("")])
        let connections = Connections(count: 2, timeout: .seconds(10), proxies: rules)
        let client = APIClient(connections: connections, timeout: .seconds(10), version: "1", time: ManualTime())
        let reply = try await client.send(
            method: "PUT", url: "http://api.invalid/v1/account", headers: [], body: .json([1]), requestID: "r")
        try await connections.shutdown()
        #expect(reply.answer == .status(200, retryAfter: nil))
        #expect(proxy.requests.map(\.method) == ["CONNECT", "PUT"])
        #expect(proxy.requests.map(\.path) == ["api.invalid:80", "/v1/account"])
    }
}
