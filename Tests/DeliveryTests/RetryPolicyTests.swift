import Delivery
import Model
import TestSupport
import Testing

/// The table of answers (contract, section 4) as a value.
@Suite struct RetryPolicyTests {
    private static let settings = RetryPolicy.Settings(attempts: 3, base: .seconds(1), cap: .seconds(60))
    private static let lost = Answer.none(NetworkFailure("lost"))

    private static func status(_ status: Int) -> Answer { .status(status, retryAfter: nil) }

    static let sequences: [([Answer], [String])] = [
        ([status(200)], ["accept"]),
        ([status(202)], ["accept"]),
        ([status(204)], ["accept"]),
        ([status(400)], ["refuse submit.badRequest"]),
        ([status(413)], ["refuse submit.badRequest"]),
        ([status(422)], ["refuse submit.badRequest"]),
        ([status(409)], ["refuse submit.badRequest"]),
        ([status(301)], ["refuse submit.badRequest"]),
        ([status(401), status(200)], ["renew", "accept"]),
        ([status(401), status(401)], ["renew", "refuse submit.unauthorized"]),
        ([status(403), status(202)], ["retry submit.forbidden", "accept"]),
        ([status(403), status(403)], ["retry submit.forbidden", "refuse submit.forbidden"]),
        ([status(404)], ["refuse submit.notFound"]),
        (
            [status(429), status(408), status(429)],
            ["retry submit.rateLimited", "retry submit.rateLimited", "give up submit.rateLimited"]
        ),
        (
            [status(500), status(502), status(503)],
            ["retry submit.serverError", "retry submit.serverError", "give up submit.serverError"]
        ),
        ([status(504), status(200)], ["retry submit.serverError", "accept"]),
        ([lost, lost, lost], ["retry submit.network", "retry submit.network", "give up submit.network"]),
        (
            // A 401 counts no attempt.
            [status(500), status(401), status(500), status(500)],
            ["retry submit.serverError", "renew", "retry submit.serverError", "give up submit.serverError"]
        ),
    ]

    @Test(arguments: sequences)
    func answersHaveTheirConsequences(answers: [Answer], expected: [String]) {
        var generator = SeededGenerator(seed: 1)
        var policy = RetryPolicy(Self.settings, isAttachment: false)
        #expect(answers.map { Self.name(policy.next(after: $0, using: &generator)) } == expected)
    }

    private static func name(_ action: RetryPolicy.Action) -> String {
        switch action {
        case .accept: "accept"
        case .refuse(let code): "refuse \(code.rawValue)"
        case .giveUp(let code): "give up \(code.rawValue)"
        case .renewToken: "renew"
        case .retry(_, let code): "retry \(code.rawValue)"
        case .early: "early"
        case .hold(let code): "hold \(code.rawValue)"
        }
    }

    @Test func anAttachments404IsEarlyAndCountsNoAttempt() {
        var generator = SeededGenerator(seed: 1)
        var policy = RetryPolicy(Self.settings, isAttachment: true)
        for _ in 0..<100 { #expect(policy.next(after: Self.status(404), using: &generator) == .early) }
        #expect(policy.attempts == 0)
    }

    @Test func attemptsOfAnEarlierRunCount() {
        var generator = SeededGenerator(seed: 1)
        var policy = RetryPolicy(Self.settings, isAttachment: false, attempts: 2)
        #expect(policy.next(after: Self.status(500), using: &generator) == .giveUp(.submitServerError))
    }

    @Test func a403WaitsAMinute() {
        var generator = SeededGenerator(seed: 1)
        var policy = RetryPolicy(Self.settings, isAttachment: false)
        let action = policy.next(after: Self.status(403), using: &generator)
        #expect(action == .retry(after: .seconds(60), error: .submitForbidden))
    }

    @Test func nothingIsSentBeforeRetryAfter() {
        for seed in 0..<200 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var policy = RetryPolicy(Self.settings, isAttachment: false)
            guard
                case .retry(let delay, _) = policy.next(
                    after: .status(429, retryAfter: .seconds(7)), using: &generator)
            else {
                Issue.record("a 429 is sent again")
                return
            }
            #expect(delay >= .seconds(7))
        }
    }

    /// Full jitter: any time up to an end that doubles, and never beyond the cap.
    @Test func theBackoffDoublesUpToItsCapAndUsesAllOfIt() {
        let backoff = Backoff(base: .seconds(1), cap: .seconds(60))
        var generator = SeededGenerator(seed: 7)
        for (attempt, end) in [(1, 1.0), (2, 2), (3, 4), (6, 32), (7, 60), (50, 60), (1_000_000, 60)] {
            let delays = (0..<2000).map { _ in backoff.delay(attempt: attempt, using: &generator).inSeconds }
            #expect(delays.allSatisfy { (0...end).contains($0) })
            #expect(delays.contains { $0 < end * 0.05 } && delays.contains { $0 > end * 0.95 })
        }
    }
}
