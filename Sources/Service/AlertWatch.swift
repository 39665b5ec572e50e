import Delivery
import FileSystem
import Inbox
import Model
import SluiceConfiguration
import Synchronization
import SystemPackage

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
        case .inbox(let name, .cannotClaim(let file, let error)):
            claimFault(of: file, in: name, error).map { begin($0, of: name, &book) } ?? []
        case .inbox(let name, .claimsAgain(let file)): end(claim(of: file, in: name), of: name, &book)
        case .fault(let fault): begin(fault, &book)
        case .faultOver(let work): end(work, &book)
        case .ledgerNeedsDecision(let words):
            one(book.note(.ledgerUnwritable, isOn: true, subject: "the ledger", detail: words))
        case .paused(let names) where !names.contains(""):
            one(book.note(.ledgerUnwritable, isOn: false, subject: "the ledger"))
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

    private static func begin(
        _ fault: LocalFault, of inbox: String? = nil, _ book: inout AlertBook
    ) -> [AlertChange] {
        one(book.begin(event(fault.cause), work: fault.work, subject: inbox, detail: fault.message))
    }

    private static func end(_ work: String, of inbox: String? = nil, _ book: inout AlertBook) -> [AlertChange] {
        // Which of them it was is not said again.
        [.diskFull, .inboxUnavailable, .ledgerUnwritable].flatMap { one(book.end($0, work: work, subject: inbox)) }
    }

    private static func event(_ cause: LocalFault.Cause) -> Configuration.Alert.Event {
        switch cause {
        case .diskFull: .diskFull
        case .ledger: .ledgerUnwritable
        case .folder: .inboxUnavailable
        }
    }

    /// Most of what keeps a file from being claimed is its own; a full or read-only disk, or a process without a
    /// descriptor left, is not.
    private static func claimFault(of file: FileName, in inbox: String, _ error: SystemCallError) -> LocalFault? {
        let isOurs: [Errno] = [.noSpace, .diskQuotaExceeded, .readOnlyFileSystem, .ioError, .tooManyOpenFiles]
        guard isOurs.contains(error.errno) else { return nil }
        return LocalFault(claim(of: file, in: inbox), error)
    }

    private static func claim(of file: FileName, in inbox: String) -> String { "take \(file) out of \(inbox)" }

    private static func one(_ change: AlertChange?) -> [AlertChange] { change.map { [$0] } ?? [] }
}
