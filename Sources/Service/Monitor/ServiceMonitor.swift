import Delivery
import Inbox
import Model
import SluiceConfiguration
import Synchronization

/// Watches a running service by what it tells, for those who ask how it is: the admin site, metrics, health.
package final class ServiceMonitor: Sendable {
    /// How things are by what was told.
    package struct State: Sendable {
        /// Its inboxes are at work. Before that it is starting, and after that stopping.
        package var isReady = false
        package var isStopping = false
        package var tallies = Tallies()
        package var history = RateHistory()
        /// Why submission pauses by itself; `nil`: it does not.
        package var outage: Breaker.Cause?
        package var outageSince: Timestamp?
        /// Why no token can be had; `nil`: one can, or nobody asked.
        package var tokenTrouble: String?
        /// What is wrong with inboxes, by name.
        package var inboxTroubles: [String: String] = [:]
        /// What of this machine is in the way, by the work that cannot be done.
        package var faults: [String: String] = [:]
        /// What an admin paused: inboxes by name, and everything where the name is empty.
        package var pauses: Set<String> = []
        /// What an admin has to decide before anything goes on; `nil`: nothing.
        package var toDecide: String?
        package var alerts: [Alert] = []
        /// The newest filed drops, the newest first.
        package var recent: [DropResult] = []
        /// Goes up with everything that is told: whether something is new.
        package var version: UInt64 = 0
    }

    /// An alert that is on.
    package struct Alert: Sendable, Hashable {
        package var change: AlertChange
        package var since: Timestamp
    }

    package static let recentDrops = 20

    private let state = Mutex(State())
    private let time: any TimeSource

    package let startedAt: Timestamp

    package init(time: any TimeSource) {
        self.time = time
        startedAt = time.timestamp
    }

    package var current: State { state.withLock { $0 } }

    /// Called with everything that the service tells, from any thread.
    package func note(_ event: ServiceEvent) {
        let now = time.timestamp
        state.withLock {
            $0.note(event, at: now)
            $0.version &+= 1
        }
    }
}

extension ServiceMonitor.State {
    fileprivate mutating func note(_ event: ServiceEvent, at now: Timestamp) {
        switch event {
        case .started: isReady = true
        case .stopping, .stopped: (isReady, isStopping) = (false, true)
        case .inbox(let name, .unavailable(let error)): inboxTroubles[name] = "\(error)"
        case .inbox(let name, .unsuitable(let problem)): inboxTroubles[name] = problem
        case .inbox(let name, .available): inboxTroubles[name] = nil
        case .inboxGone(let name, _): inboxTroubles[name] = nil
        case .delivery(let event): note(event, at: now)
        case .measured(let stage, let duration): tallies.add(duration, to: stage)
        case .filed(let result, _):
            tallies.count(filed: result, at: now)
            recent.insert(result, at: 0)
            if recent.count > ServiceMonitor.recentDrops { recent.removeLast() }
        case .paused(let names):
            pauses = names
            if !names.contains("") { toDecide = nil }
        case .ledgerNeedsDecision(let words): toDecide = words
        case .fault(let fault): faults[fault.work] = fault.message
        case .faultOver(let work): faults[work] = nil
        case .alert(let change):
            alerts.removeAll { $0.change.event == change.event && $0.change.subject == change.subject }
            if change.phase == .begins { alerts.append(.init(change: change, since: now)) }
        default: break
        }
    }

    private mutating func note(_ event: DeliveryEvent, at now: Timestamp) {
        switch event {
        case .answered(let report):
            tallies.count(report)
            let isRefused = report.status.map { $0 == 408 || $0 == 429 || $0 >= 500 } ?? true
            history.add(isRefused: isRefused, at: now)
        case .breaker(.opened(let cause, _)): (outage, outageSince) = (cause, now)
        case .breaker(.closed): (outage, outageSince) = (nil, nil)
        case .tokenFailed(let message, _): tokenTrouble = message
        case .tokenRenewed: tokenTrouble = nil
        case .tokenNotKept: break
        }
    }
}
