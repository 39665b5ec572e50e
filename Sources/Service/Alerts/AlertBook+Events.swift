import Delivery
import FileSystem
import Inbox
import Model
import SluiceConfiguration
import SystemPackage

/// Which alert follows from what the service tells.
extension AlertBook {
    mutating func note(_ event: ServiceEvent, at now: Moment) -> [AlertChange] {
        changes(event, at: now).compactMap(\.self) + look(at: now)
    }

    private mutating func changes(_ event: ServiceEvent, at now: Moment) -> [AlertChange?] {
        switch event {
        case .delivery(let event): changes(event, at: now)
        case .inbox(let name, .unavailable(let error)): [unavailable(name, "\(error)", at: now)]
        case .inbox(let name, .unsuitable(let problem)): [unavailable(name, problem, at: now)]
        case .inbox(let name, .available): [note(.inboxUnavailable, isOn: false, subject: name, at: now)]
        case .inboxGone(let name, _): [forget(name, at: now), came(name, at: now)]
        case .arrived(let drop): [came(drop.inbox, at: now)]
        case .nothingExpected(let inbox): [came(inbox, at: now)]
        case .nothingCame(let inbox, let by, let last):
            [
                note(
                    .missingDrop, isOn: true, subject: inbox, inbox: inbox,
                    detail: "something should by \(by), and the last drop came \(last.map { "at \($0)" } ?? "never")",
                    at: now)
            ]
        case .filed(let result, _) where result.outcome == .failed:
            [count(.failedDrops, inbox: result.drop.inbox, at: now)]
        case .inbox(let name, .cannotClaim(let file, let error)):
            AlertBook.claimFault(of: file, in: name, error).map { [begin($0, of: name, at: now)] } ?? []
        case .inbox(let name, .claimsAgain(let file)): end(AlertBook.claim(of: file, in: name), of: name, at: now)
        case .fault(let fault): [begin(fault, at: now)]
        case .faultOver(let work): end(work, at: now)
        case .ledgerNeedsDecision(let words):
            [note(.ledgerUnwritable, isOn: true, subject: "the ledger", detail: words, at: now)]
        case .paused(let names) where !names.contains(""):
            [note(.ledgerUnwritable, isOn: false, subject: "the ledger", at: now)]
        default: []
        }
    }

    private mutating func changes(_ event: DeliveryEvent, at now: Moment) -> [AlertChange?] {
        switch event {
        case .answered(let report): changes(report, at: now)
        case .tokenFailed(let message, _): [happen(.tokenFailure, detail: message, at: now)]
        case .tokenRenewed: [note(.tokenFailure, isOn: false, at: now)]
        case .tokenNotKept: []
        case .breaker(.opened(let cause, _)): [note(cause.alert, isOn: true, detail: "submission pauses", at: now)]
        case .breaker(.closed(let cause)): [note(cause.alert, isOn: false, at: now)]
        }
    }

    private mutating func changes(_ report: AttemptReport, at now: Moment) -> [AlertChange?] {
        var changes = [count(.rateNear, at: now)]
        switch report.status ?? 599 {
        case 408, 429: changes.append(count(.rateLimited, at: now))
        case 500...: changes.append(count(.serverErrors, at: now))
        default: break
        }
        // What is wrong with a status says nothing of what is submitted.
        guard !report.isStatus else { return changes }
        let isFinal = !report.isHeld && report.retryIn == nil
        if report.code == .submitUnauthorized && isFinal {
            changes.append(note(.misconfigured, isOn: true, detail: "the API refuses a new token", at: now))
        } else if report.code == .submitForbidden && isFinal {
            changes.append(note(.misconfigured, isOn: true, detail: "the API forbids requests", at: now))
        } else if report.code == nil, report.subject != nil {
            changes.append(note(.misconfigured, isOn: false, at: now))
        }
        return changes
    }

    private mutating func unavailable(_ inbox: String, _ detail: String, at now: Moment) -> AlertChange? {
        note(.inboxUnavailable, isOn: true, subject: inbox, inbox: inbox, detail: detail, at: now)
    }

    /// What was wrong with an inbox that is there no more is over.
    private mutating func forget(_ inbox: String, at now: Moment) -> AlertChange? {
        works[Key(event: .inboxUnavailable, subject: inbox)] = nil
        return note(.inboxUnavailable, isOn: false, subject: inbox, at: now)
    }

    private mutating func came(_ inbox: String, at now: Moment) -> AlertChange? {
        note(.missingDrop, isOn: false, subject: inbox, at: now)
    }

    private mutating func begin(_ fault: LocalFault, of inbox: String? = nil, at now: Moment) -> AlertChange? {
        begin(fault.cause.alert, work: fault.work, inbox: inbox, detail: fault.message, at: now)
    }

    private mutating func end(_ work: String, of inbox: String? = nil, at now: Moment) -> [AlertChange?] {
        // Which of them it was is not said again.
        [Event.diskFull, .inboxUnavailable, .ledgerUnwritable].map { end($0, work: work, inbox: inbox, at: now) }
    }

    /// Most of what keeps a file from being claimed is its own; a full or read-only disk, or a process without a
    /// descriptor left, is not.
    private static func claimFault(of file: FileName, in inbox: String, _ error: SystemCallError) -> LocalFault? {
        let isOurs: [Errno] = [.noSpace, .diskQuotaExceeded, .readOnlyFileSystem, .ioError, .tooManyOpenFiles]
        guard isOurs.contains(error.errno) else { return nil }
        return LocalFault(claim(of: file, in: inbox), error)
    }

    private static func claim(of file: FileName, in inbox: String) -> String { "take \(file) out of \(inbox)" }
}

extension Breaker.Cause {
    fileprivate var alert: Configuration.Alert.Event {
        switch self {
        case .outage: .outage
        case .misconfigured: .misconfigured
        }
    }
}

extension LocalFault.Cause {
    fileprivate var alert: Configuration.Alert.Event {
        switch self {
        case .diskFull: .diskFull
        case .ledger: .ledgerUnwritable
        case .folder: .inboxUnavailable
        }
    }
}
