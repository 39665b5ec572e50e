import Delivery
import Inbox
import Model
import SluiceConfiguration
import Synchronization

/// Makes alerts of what the service tells, and tells them on.
final class AlertWatch: Sendable {
    private let book: Mutex<AlertBook>
    private let time: any TimeSource
    private let report: @Sendable (ServiceEvent) -> Void

    init(_ book: AlertBook, time: any TimeSource, report: @escaping @Sendable (ServiceEvent) -> Void) {
        self.book = Mutex(book)
        self.time = time
        self.report = report
    }

    /// Whoever told the event hears of its alerts right behind it.
    func note(_ event: ServiceEvent) {
        let now = time.moment
        let changes = book.withLock { book in
            AlertWatch.changes(event, &book, at: now) + book.look(at: now)
        }
        for change in changes { report(.alert(change)) }
    }

    private static func changes(_ event: ServiceEvent, _ book: inout AlertBook, at now: Moment) -> [AlertChange] {
        switch event {
        case .delivery(let event): changes(event, &book, at: now)
        case .inbox(let name, .unavailable(let error)):
            one(book.note(.inboxUnavailable, isOn: true, subject: name, detail: "\(error)"))
        case .inbox(let name, .unsuitable(let problem)):
            one(book.note(.inboxUnavailable, isOn: true, subject: name, detail: problem))
        case .inbox(let name, .available): one(book.note(.inboxUnavailable, isOn: false, subject: name))
        case .filed(let result, _) where result.outcome == .failed: one(book.count(.failedDrops, at: now))
        case .fault(let work, let message):
            one(book.note(AlertWatch.fault(work, message), isOn: true, subject: work, detail: message))
        case .faultOver(let work):
            // Which of the two it was is not said again.
            one(book.note(.diskFull, isOn: false, subject: work))
                + one(book.note(.inboxUnavailable, isOn: false, subject: work))
                + one(book.note(.ledgerUnwritable, isOn: false, subject: work))
        default: []
        }
    }

    private static func changes(_ event: DeliveryEvent, _ book: inout AlertBook, at now: Moment) -> [AlertChange] {
        switch event {
        case .answered(let report):
            var changes = one(book.count(.rateNear, at: now))
            switch report.status ?? 599 {
            case 408, 429: changes += one(book.count(.rateLimited, at: now))
            case 500...: changes += one(book.count(.serverErrors, at: now))
            default: break
            }
            if report.code == .submitUnauthorized && !report.isHeld && report.retryIn == nil {
                changes += one(book.note(.misconfigured, isOn: true, detail: "the API refuses a new token"))
            } else if report.code == .submitForbidden && !report.isHeld && report.retryIn == nil {
                changes += one(book.note(.misconfigured, isOn: true, detail: "the API forbids requests"))
            } else if report.code == nil, report.subject != nil {
                changes += one(book.note(.misconfigured, isOn: false))
            }
            return changes
        case .tokenFailed(let message, _):
            return one(book.note(.tokenFailure, isOn: true, detail: message))
        case .tokenRenewed: return one(book.note(.tokenFailure, isOn: false))
        case .tokenNotKept: return []
        case .breaker(.opened(let cause, _)):
            return one(book.note(AlertWatch.event(cause), isOn: true, detail: "submission pauses"))
        case .breaker(.closed(let cause)): return one(book.note(AlertWatch.event(cause), isOn: false))
        }
    }

    private static func event(_ cause: Breaker.Cause) -> Configuration.Alert.Event {
        switch cause {
        case .outage: .outage
        case .misconfigured: .misconfigured
        }
    }

    /// A full disk is one wherever it shows.
    private static func fault(_ work: String, _ message: String) -> Configuration.Alert.Event {
        let isFull = ["No space left", "disk is full", "Disk quota"].contains { message.contains($0) }
        return isFull ? .diskFull : work.contains("ledger") ? .ledgerUnwritable : .inboxUnavailable
    }

    private static func one(_ change: AlertChange?) -> [AlertChange] { change.map { [$0] } ?? [] }
}
