import Foundation
import Model
import SluiceConfiguration

/// Which inboxes are to be asked whether something came, and when: a plain value.
struct ExpectationBook: Sendable {
    /// Whether something came to an inbox after one deadline and by the next one.
    struct Question: Sendable, Equatable {
        let inbox: String
        let after: Timestamp
        let deadline: Timestamp
        /// Whether an inbox that never got anything should have: it was there before the deadline.
        let wasKnown: Bool

        /// - Parameter lastArrival: `nil`: nothing ever came. What came late is here, too.
        func isMissing(lastArrival: Timestamp?) -> Bool {
            lastArrival.map { $0 <= after } ?? wasKnown
        }
    }

    /// What was claimed right before the deadline is in the ledger by then.
    static let delay = Duration.seconds(5)
    /// What lay in an inbox at the start is in the ledger by then.
    static let settling = Duration.seconds(60)

    private struct Entry {
        let firstSeen: Timestamp
        var asked: Timestamp?
    }

    private let zone: TimeZone?
    private var entries: [String: Entry] = [:]

    /// - Parameter zone: `nil`: the machine's.
    init(zone: TimeZone? = nil) {
        self.zone = zone
    }

    /// - Parameter inboxes: where something is expected.
    /// - Returns: what to ask now, each deadline once; the inboxes where nothing is expected any more; and when to look
    ///   again, `nil`: nothing is expected anywhere.
    mutating func look(
        at now: Timestamp, _ inboxes: [String: Configuration.Inbox.Expectation]
    ) -> (questions: [Question], over: [String], next: Timestamp?) {
        let over = entries.keys.filter { inboxes[$0] == nil }.sorted()
        for inbox in over { entries[inbox] = nil }
        var questions: [Question] = []
        var looks: [Timestamp] = []
        for (inbox, expectation) in inboxes.sorted(by: { $0.key < $1.key }) {
            var entry = entries[inbox] ?? Entry(firstSeen: now)
            let (before, last, next) = Deadlines(expectation, zone: zone).around(now)
            let wasKnown = entry.firstSeen <= last
            let due = wasKnown ? last + ExpectationBook.delay : entry.firstSeen + ExpectationBook.settling
            looks.append(next + ExpectationBook.delay)
            if entry.asked.map({ $0 < last }) ?? true {
                if due <= now {
                    questions.append(Question(inbox: inbox, after: before, deadline: last, wasKnown: wasKnown))
                    entry.asked = last
                } else {
                    looks.append(due)
                }
            }
            entries[inbox] = entry
        }
        return (questions, over, looks.min())
    }
}
