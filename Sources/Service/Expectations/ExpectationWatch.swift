import Ledger
import Model
import SluiceConfiguration

/// Tells of inboxes to which nothing came by the time that the configuration names.
struct ExpectationWatch: Sendable {
    let ledger: Ledger
    let patience: Patience
    let time: any TimeSource
    let report: @Sendable (ServiceEvent) -> Void

    /// The clock on the wall may be set, and inboxes come and go: no sleep is longer than this.
    private static let longestSleep = Duration.seconds(300)

    /// Runs until it is cancelled.
    func run(_ inboxes: @Sendable () async -> [String: Configuration.Inbox.Expectation]) async {
        var book = ExpectationBook()
        do {
            while true {
                let now = time.timestamp
                let expected = await inboxes()
                let (questions, over, next) = book.look(at: now, expected)
                for inbox in over { report(.nothingExpected(inbox: inbox)) }
                for question in questions { try await ask(question, expected[question.inbox]) }
                let pause = next.map { now.duration(to: $0) } ?? ExpectationWatch.longestSleep
                try await time.sleep(for: min(max(pause, .milliseconds(100)), ExpectationWatch.longestSleep))
            }
        } catch {
            // Only a stop of the service ends up here.
        }
    }

    private func ask(
        _ question: ExpectationBook.Question, _ expectation: Configuration.Inbox.Expectation?
    ) async throws {
        let last = try await patience.persist("read the ledger") {
            try await ledger.lastArrival(inbox: question.inbox)
        }
        guard question.isMissing(lastArrival: last), let expectation else { return }
        report(.nothingCame(inbox: question.inbox, by: expectation, last: last))
    }
}
