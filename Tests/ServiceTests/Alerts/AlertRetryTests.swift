import Delivery
import Model
import TestSupport
import Testing

@testable import Service

@Suite struct AlertRetryTests {
    private static let backoff = Backoff(base: .seconds(1), cap: .seconds(60))

    private func actions(
        _ attempts: [AlertAttempt], _ limit: AlertRetry.Limit, age: Duration = .zero, isLast: Bool = false
    ) -> [AlertRetry.Action] {
        var retry = AlertRetry(Self.backoff, limit)
        var generator = SeededGenerator(seed: 1)
        return attempts.map { retry.next(after: $0, age: age, isLast: isLast, using: &generator) }
    }

    private func words(_ action: AlertRetry.Action) -> String {
        switch action {
        case .done: "done"
        case .again(_, let reason): "again: \(reason)"
        case .giveUp(let reason): "give up: \(reason)"
        }
    }

    @Test func aProgramIsRunAsOftenAsItMayBe() {
        let all = actions([.failed("x"), .failed("y"), .failed("z")], .attempts(3))
        #expect(all.map(words) == ["again: x", "again: y", "give up: z"])
        #expect(actions([.failed("x"), .delivered], .attempts(3)).map(words) == ["again: x", "done"])
        #expect(actions([.failed("x")], .attempts(1)).map(words) == ["give up: x"])
    }

    @Test func aServerIsTriedForAsLongAsTheNewsIsWorthIt() {
        let many = [AlertAttempt](repeating: .failed("x"), count: 50)
        #expect(actions(many, .age(.seconds(3600)), age: .seconds(3000)).allSatisfy { words($0) == "again: x" })
        #expect(actions([.failed("x")], .age(.seconds(3600)), age: .seconds(3601)).map(words) == ["give up: x"])
    }

    @Test func aRefusalIsFinal() {
        #expect(actions([.refused("it answered 404")], .age(.seconds(3600))).map(words) == ["give up: it answered 404"])
    }

    @Test func whereThereIsNoTimeForAnotherTryThereIsNone() {
        #expect(actions([.failed("x")], .age(.seconds(3600)), isLast: true).map(words) == ["give up: x"])
        #expect(actions([.delivered], .age(.seconds(3600)), isLast: true).map(words) == ["done"])
    }

    @Test func thePauseDoublesUpToItsCapAndIsNeverShorterThanWhatTheServerAsksFor() {
        let pauses = actions([AlertAttempt](repeating: .failed("x"), count: 200), .age(.seconds(3600))).map { action in
            if case .again(let pause, _) = action { pause } else { Duration.zero }
        }
        for (number, pause) in pauses.enumerated() {
            #expect(pause <= min(.seconds(60), .seconds(1) * (1 << min(number, 6))))
        }
        #expect(pauses.contains { $0 > .seconds(30) })
        guard case .again(let pause, _) = actions([.failed("x", retryAfter: .seconds(90))], .age(.seconds(3600)))[0]
        else { return #expect(Bool(false), "it is tried again") }
        #expect(pause == .seconds(90))
    }
}
