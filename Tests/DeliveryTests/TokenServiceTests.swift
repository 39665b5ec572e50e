import Delivery
import Foundation
import Model
import Testing
import TestSupport

/// The token endpoint over a real socket.
@Suite(.timeLimit(.minutes(5))) struct TokenServiceTests {
    @Test func theRequestIsThatOfTheContract() async throws {
        try await DeliveryStage.run { stage async throws in
            #expect(try await stage.delivery.deliver(stage.submission()) == .accepted)
            let request = try #require(stage.tokenRequests.first)
            let body = try JSONDecoder().decode([String: String].self, from: Data(request.body))
            #expect(request.method == "POST")
            #expect(request.headers["content-type"] == "application/json")
            #expect(request.headers["authorization"] == nil)
            #expect(
                body == [
                    "client_id": "client", "client_secret": "very-secret", "audience": "https://audience",
                    "grant_type": "client_credentials",
                ])
            #expect(stage.journal.entries.count { $0.purpose == .token } == 1 && stage.journal.entries.count == 2)
        }
    }

    @Test func oneTokenServesAll() async throws {
        try await DeliveryStage.run { stage async throws in
            try await withThrowingTaskGroup(of: Delivered.self) { group in
                for number in 0..<200 {
                    group.addTask { try await stage.delivery.deliver(stage.submission("account-\(number)")) }
                }
                for try await delivered in group { #expect(delivered == .accepted) }
            }
            #expect(stage.tokenRequests.count == 1)
            #expect(Set(stage.submitted.map(\.body)).count == 200)
        }
    }

    @Test func aTokenThatEndsInTheMiddleIsRenewedOnce() async throws {
        let tokens = Script([Int]())
        try await DeliveryStage.run { stage async throws in
            try await withThrowingTaskGroup(of: Delivered.self) { group in
                for number in 0..<60 {
                    group.addTask { try await stage.delivery.deliver(stage.submission("account-\(number)")) }
                }
                for try await delivered in group { #expect(delivered == .accepted) }
            }
            #expect(stage.tokenRequests.count == 2)
            let accepted = stage.journal.batches.filter { $0.ending?.batch == .accepted }
            #expect(Set(accepted.map(\.purpose)).count == 60)
        } handler: { request in
            if request.path == "/token" { return DeliveryStage.token(tokens.number()) }
            return .status(request.bearer == "token-1" ? 401 : 200)
        }
    }

    @Test(arguments: [
        StubServer.Reply.status(500), .status(401, body: "no very-secret"), .close, .status(200, body: "{}"),
        .status(200, body: "not JSON"), .status(200, body: "{\"access_token\":\"two\\r\\nlines\"}"),
    ])
    func withoutATokenNothingLeavesAndItIsTriedAgain(reply: StubServer.Reply) async throws {
        try await DeliveryStage.run([], tokens: [reply, reply]) { stage async throws in
            #expect(try await stage.deliver(stage.submission()) == .accepted)
            #expect(stage.tokenRequests.count == 3)
            #expect(stage.submitted.count == 1)
            let failures = stage.events.filter { if case .tokenFailed = $0 { true } else { false } }
            #expect(failures.count == 2)
        }
    }

    @Test func theTokenEndpointsRetryAfterIsObeyed() async throws {
        try await DeliveryStage.run([], tokens: [.status(429, headers: ["Retry-After": "25"])]) { stage async throws in
            async let delivered = stage.delivery.deliver(stage.submission())
            try await eventually("it waits") { stage.time.sleeperCount == 1 }
            stage.time.advance(by: .milliseconds(24_999))
            #expect(stage.time.sleeperCount == 1)
            stage.time.advance(by: .milliseconds(1))
            #expect(try await delivered == .accepted)
        }
    }

    @Test func aTokenThatExpiresIsFetchedAnewAndNeverUsedLater() async throws {
        let short = StubServer.Reply.status(200, body: "{\"access_token\":\"short\",\"expires_in\":\"100\"}")
        try await DeliveryStage.run([], tokens: [short]) { stage async throws in
            #expect(try await stage.delivery.deliver(stage.submission("account-1")) == .accepted)
            stage.time.advance(by: .seconds(100))
            #expect(try await stage.delivery.deliver(stage.submission("account-2")) == .accepted)
            #expect(stage.submitted.map(\.bearer) == ["short", "token-1"])
        }
    }

    @Test func noSecretIsEverTold() async throws {
        let replies: [StubServer.Reply] = [.status(401), .status(400, body: "bad"), .status(200)]
        try await DeliveryStage.run(replies, tokens: [.status(403, body: "client client very-secret")]) {
            stage async throws in
            var told: [String] = []
            for number in 0..<2 {
                told.append(String(reflecting: try await stage.deliver(stage.submission("account-\(number)"))))
            }
            told.append(String(reflecting: stage.events))
            told.append(String(reflecting: stage.journal.entries))
            for text in told {
                #expect(!text.contains("very-secret"))
                #expect(!text.contains("token-1") && !text.contains("token-2"))
            }
        }
    }

    @Test func whoIsCancelledTakesTheTokenFromNobody() async throws {
        let time = ManualTime()
        let cache = TokenCache(
            backoff: Backoff(base: .seconds(1), cap: .seconds(1)), time: time, report: { _ in },
            fetch: {
                try await time.sleep(for: .seconds(5))
                return Token(bearer: "late", lifetime: .seconds(100), fetchedAt: time.moment)
            })
        let first = Task.immediate { try await cache.token() }
        let second = Task.immediate { try await cache.token() }
        // Both have asked when the cache answers this: it takes its callers one after the other.
        #expect(await cache.usable == nil)
        try await eventually("a token is asked for") { time.sleeperCount == 1 }
        first.cancel()
        await #expect(throws: CancellationError.self) { _ = try await first.value }
        try await eventually("it is asked for again") { time.sleeperCount == 1 }
        time.advance(by: .seconds(5))
        #expect(try await second.value.bearer == "late")
    }
}
