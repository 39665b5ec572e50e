import Delivery
import Model
import SluiceConfiguration
import Synchronization
import TestSupport
import Testing

@testable import Service

/// What waits to be told, with the time in a test's hands.
@Suite(.timeLimit(.minutes(10))) struct AlertOutboxTests {
    private final class Recipient: Sendable {
        private let answers: Mutex<[AlertAttempt]>
        private let heard = Mutex<[String]>([])
        private let events = Mutex<[String]>([])

        init(_ answers: [AlertAttempt] = []) {
            self.answers = Mutex(answers)
        }

        var tries: [String] { heard.withLock { $0 } }
        var said: [String] { events.withLock { $0 } }

        func hear(_ message: AlertMessage) -> AlertAttempt {
            heard.withLock { $0.append("\(message.change.event) \(message.change.phase) \(message.change.count)") }
            return answers.withLock { $0.isEmpty ? .delivered : $0.removeFirst() }
        }

        func note(_ event: ServiceEvent) {
            let words: String? =
                switch event {
                case .alertTold(_, _, let attempts): "told after \(attempts)"
                case .alertDelayed(_, _, let reason): "delayed: \(reason)"
                case .alertLost(_, _, let reason): "lost: \(reason)"
                case .alertsNotTold(_, let count): "\(count) not told"
                default: nil
                }
            if let words { events.withLock { $0.append(words) } }
        }
    }

    private static func message(_ event: AlertBook.Event, _ phase: AlertChange.Phase = .begins, count: Int = 1)
        -> AlertMessage
    {
        AlertMessage(
            AlertChange(event, phase, count: count), at: Timestamp(milliseconds: 0), host: "h", configuration: "c")
    }

    private func outbox(
        _ recipient: Recipient, _ time: any TimeSource, _ limit: AlertRetry.Limit = .age(.seconds(3600))
    ) -> AlertOutbox {
        AlertOutbox(
            name: "alerts[0].webhook",
            retry: AlertRetry(Backoff(base: .seconds(10), cap: .seconds(60)), limit), time: time,
            report: { recipient.note($0) })
    }

    /// Lets time pass until something is so.
    private func pass(_ time: ManualTime, until isTrue: () -> Bool) async throws {
        try await eventually("it came so far") {
            if isTrue() { return true }
            if time.sleeperCount > 0 { time.advance(by: .seconds(10)) }
            return false
        }
    }

    @Test func anEndSaysTheSameBeginThatWasToldWhereverTheClockIs() async {
        let recipient = Recipient([])
        let outbox = outbox(recipient, ManualTime())
        func message(_ phase: AlertChange.Phase, _ subject: String, wall: Int64) -> AlertMessage {
            AlertMessage(
                AlertChange(.inboxUnavailable, phase, subject: subject), at: Timestamp(milliseconds: wall), host: "h",
                configuration: "c")
        }
        outbox.add(message(.begins, "a", wall: 1000))
        outbox.add(message(.begins, "b", wall: 2000))
        outbox.add(message(.ends, "a", wall: 90_000))
        outbox.add(message(.begins, "a", wall: 91_000))
        outbox.add(message(.ends, "a", wall: 92_000))
        outbox.finish()
        let told = Mutex<[Int64]>([])
        await outbox.run { message in
            told.withLock { $0.append(message.since.milliseconds) }
            return .delivered
        }
        #expect(told.withLock { $0 } == [1000, 2000, 1000, 91_000, 91_000])
    }

    @Test func theyAreToldInTheirOrderAndAFailureHoldsTheRestBack() async throws {
        let (time, recipient) = (ManualTime(), Recipient([.failed("busy"), .failed("busy")]))
        let outbox = outbox(recipient, time)
        outbox.add(Self.message(.outage))
        outbox.add(Self.message(.outage, .ends))
        let run = Task { await outbox.run { recipient.hear($0) } }
        try await pass(time) { recipient.said.count == 3 }
        #expect(recipient.tries == ["outage begins 1", "outage begins 1", "outage begins 1", "outage ends 1"])
        #expect(recipient.said == ["delayed: busy", "told after 3", "told after 1"])
        outbox.finish()
        await run.value
        #expect(recipient.said.count == 3)
    }

    @Test func whatNobodyTakesIsGivenUpAfterAnHour() async throws {
        let (time, recipient) = (ManualTime(), Recipient([AlertAttempt](repeating: .failed("gone"), count: 100_000)))
        let outbox = outbox(recipient, time)
        outbox.add(Self.message(.outage))
        let run = Task { await outbox.run { recipient.hear($0) } }
        let start = time.moment
        try await pass(time) { recipient.said.contains("lost: gone") }
        #expect(time.moment - start > .seconds(3500))
        outbox.finish()
        await run.value
    }

    @Test func ofTooManyTheOldestGo() async throws {
        let recipient = Recipient()
        let outbox = outbox(recipient, ManualTime())
        for number in 1...AlertOutbox.capacity + 2 { outbox.add(Self.message(.failedDrops, count: number)) }
        #expect(recipient.said == ["lost: too many are waiting", "lost: too many are waiting"])
        outbox.finish()
        await outbox.run { recipient.hear($0) }
        #expect(recipient.tries.first == "failedDrops begins 3")
        #expect(recipient.tries.count == AlertOutbox.capacity)
    }

    @Test func atAStopEachIsTriedOnceWithoutAPause() async throws {
        let (time, recipient) = (ManualTime(), Recipient([.failed("down"), .failed("down")]))
        let outbox = outbox(recipient, time)
        outbox.add(Self.message(.outage))
        outbox.add(Self.message(.diskFull))
        let run = Task { await outbox.run { recipient.hear($0) } }
        try await eventually("it waits for another try") { time.sleeperCount == 1 }
        outbox.finish()
        await run.value
        #expect(recipient.tries == ["outage begins 1", "outage begins 1", "diskFull begins 1"])
        #expect(recipient.said == ["delayed: down", "lost: down", "told after 1"])
    }

    @Test func whatAStopCutsOffIsCounted() async throws {
        let recipient = Recipient()
        let outbox = outbox(recipient, ManualTime(), .attempts(3))
        outbox.add(Self.message(.outage))
        outbox.add(Self.message(.diskFull))
        let run = Task {
            await outbox.run { message in
                _ = recipient.hear(message)
                try await Task.sleep(for: .seconds(3600))
                return .delivered
            }
        }
        try await eventually("it is being told") { recipient.tries.count == 1 }
        run.cancel()
        await run.value
        #expect(recipient.said == ["2 not told"])
    }
}
