import Delivery
import Foundation
import Model
import Synchronization
import TestSupport
import Testing

@Suite struct TokenTests {
    private static let now = Moment(sinceBoot: .seconds(100))
    private static let time = Timestamp(milliseconds: 1_800_000_000_000)

    private func token(_ answer: String) -> Token? {
        Token(answer: Array(answer.utf8), at: Self.now, Self.time)
    }

    @Test func itsLifetimeComesFromTheAnswer() {
        #expect(
            token(#"{"access_token": "t", "token_type": "Bearer", "expires_in": 3600}"#)?.lifetime == .seconds(3600))
    }

    @Test func elseFromTheJWT() {
        let claims = Data(#"{"exp": 1800000600}"#.utf8).base64EncodedString().replacing("=", with: "")
        #expect(token(#"{"access_token": "e30.\#(claims).c2ln"}"#)?.lifetime == .seconds(600))
    }

    @Test func elseItIsADay() {
        #expect(token(#"{"access_token": "opaque"}"#)?.lifetime == .seconds(86_400))
        #expect(token(#"{"access_token": "a.b.c"}"#)?.lifetime == .seconds(86_400))
        #expect(token(#"{"access_token": "opaque", "expires_in": -5}"#)?.lifetime == .seconds(86_400))
    }

    @Test(arguments: ["", "{}", "[]", #"{"access_token": ""}"#, #"{"access_token": "a\r\nX: y"}"#, "<html>"])
    func whatHoldsNoTokenIsNone(answer: String) {
        #expect(token(answer) == nil)
    }

    @Test func itNeverShows() throws {
        let token = try #require(self.token(#"{"access_token": "s3cr3t"}"#))
        var dumped = ""
        dump(token, to: &dumped)
        for text in ["\(token)", String(reflecting: token), dumped] { #expect(!text.contains("s3cr3t")) }
    }
}

@Suite struct TokenCacheTests {
    /// Counts fetches, and lets each end when the test says so.
    private final class Endpoint: Sendable {
        let fetches = Mutex(0)
        let time: ManualTime
        let answers: AsyncStream<Result<String, NetworkFailure>>
        let answer: AsyncStream<Result<String, NetworkFailure>>.Continuation

        init(time: ManualTime) {
            self.time = time
            (answers, answer) = AsyncStream.makeStream(of: Result<String, NetworkFailure>.self)
        }

        var count: Int { fetches.withLock { $0 } }

        func fetch() async throws -> Token {
            fetches.withLock { $0 += 1 }
            for await answer in answers {
                return Token(bearer: try answer.get(), lifetime: .seconds(1000), fetchedAt: time.moment)
            }
            throw CancellationError()
        }
    }

    private func make() -> (ManualTime, Endpoint, TokenCache) {
        let time = ManualTime()
        let endpoint = Endpoint(time: time)
        let backoff = Backoff(base: .seconds(1), cap: .seconds(60))
        return (
            time, endpoint, TokenCache(backoff: backoff, time: time, report: { _ in }) { try await endpoint.fetch() }
        )
    }

    @Test func manyWhoWantATokenCauseOneRequest() async throws {
        let (_, endpoint, cache) = make()
        endpoint.answer.yield(.success("one"))
        let bearers = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<100 { group.addTask { try await cache.token().bearer } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(bearers == ["one"])
        #expect(endpoint.count == 1)
    }

    @Test func itIsRenewedInTheBackgroundAtNineTenthsOfItsLife() async throws {
        let (time, endpoint, cache) = make()
        endpoint.answer.yield(.success("one"))
        _ = try await cache.token()
        time.advance(by: .milliseconds(899_900))
        #expect(try await cache.token().bearer == "one")
        #expect(endpoint.count == 1)
        time.advance(by: .milliseconds(200))
        #expect(try await cache.token().bearer == "one", "nobody waits for the renewal")
        try await eventually("a new one is asked for") { endpoint.count == 2 }
        endpoint.answer.yield(.success("two"))
        try await eventually("the new one is given out") { try await cache.token().bearer == "two" }
        #expect(endpoint.count == 2)
    }

    @Test func anExpiredTokenIsGivenToNobody() async throws {
        let (time, endpoint, cache) = make()
        endpoint.answer.yield(.success("one"))
        _ = try await cache.token()
        time.advance(by: .seconds(1000))
        #expect(await cache.usable == nil)
        endpoint.answer.yield(.success("two"))
        #expect(try await cache.token().bearer == "two")
    }

    @Test func onlyTheTokenThatWasRefusedIsThrownAway() async throws {
        let (_, endpoint, cache) = make()
        endpoint.answer.yield(.success("one"))
        let first = try await cache.token()
        await cache.refuse(first)
        endpoint.answer.yield(.success("two"))
        #expect(try await cache.token().bearer == "two")
        // A late 401 for the old one does not cost the new one.
        await cache.refuse(first)
        #expect(try await cache.token().bearer == "two")
        #expect(endpoint.count == 2)
    }

    @Test func aFailureIsBackedOffAndTriedAgain() async throws {
        let (time, endpoint, cache) = make()
        endpoint.answer.yield(.failure(NetworkFailure("down")))
        let wanted = Task { try await cache.token().bearer }
        try await eventually("it backs off") { time.sleeperCount == 1 }
        #expect(endpoint.count == 1)
        endpoint.answer.yield(.success("one"))
        time.advance(by: .seconds(1))
        #expect(try await wanted.value == "one")
        #expect(endpoint.count == 2)
    }

    /// Who waits for a status, or for an inbox that is removed, stops waiting while the service runs on.
    @Test(arguments: [1, 2]) func whoStopsWaitingDoesNotEndTheSilence(cancelled: Int) async throws {
        let (time, endpoint, cache) = make()
        endpoint.answer.yield(.failure(NetworkFailure("too many", retryAfter: .seconds(600))))
        let waiters = (1...2).map { _ in Task { try await cache.token().bearer } }
        try await eventually("it backs off") { time.sleeperCount == 1 }
        for waiter in waiters.prefix(cancelled) { waiter.cancel() }
        for waiter in waiters.prefix(cancelled) {
            await #expect(throws: CancellationError.self) { try await waiter.value }
        }
        let another = Task { try await cache.token().bearer }
        time.advance(by: .seconds(599))
        endpoint.answer.yield(.success("one"))
        try await eventually("the silence goes on") { time.sleeperCount == 1 }
        #expect(endpoint.count == 1)
        time.advance(by: .seconds(1))
        for waiter in waiters.dropFirst(cancelled) + [another] { #expect(try await waiter.value == "one") }
        #expect(endpoint.count == 2)
    }

    @Test func anAbortEndsTheWaitOfAll() async throws {
        let (_, endpoint, cache) = make()
        let waiters = (1...2).map { _ in Task { try await cache.token() } }
        try await eventually("it is asked for") { endpoint.count == 1 }
        await cache.abort()
        for waiter in waiters { await #expect(throws: CancellationError.self) { try await waiter.value } }
        #expect(endpoint.count == 1)
    }

    @Test func oneThatIsNotHadInSoManyTriesIsGivenUpForGood() async throws {
        let time = ManualTime()
        let endpoint = Endpoint(time: time)
        let cache = TokenCache(
            backoff: Backoff(base: .seconds(1), cap: .seconds(60)), attempts: 2, time: time, report: { _ in }
        ) { try await endpoint.fetch() }
        for _ in 1...2 { endpoint.answer.yield(.failure(NetworkFailure("down"))) }
        let wanted = (1...3).map { _ in Task { try await cache.token() } }
        try await eventually("it backs off") { time.sleeperCount == 1 }
        time.advance(by: .seconds(2))
        for each in wanted { await #expect(throws: CancellationError.self) { try await each.value } }
        await #expect(throws: CancellationError.self) { try await cache.token() }
        #expect(endpoint.count == 2)
    }
}
