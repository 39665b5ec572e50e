import Delivery
import Model
import SluiceConfiguration

/// How a running service is, as nobody else can tell.
package struct LiveStatus: Sendable {
    package var state: ServiceMonitor.State
    package var startedAt: Timestamp
    package var now: Timestamp
    /// Requests of the last 60 seconds, and how many there may be; `nil`: as many as one likes.
    package var requests: Int
    package var limit: Int?
    /// `nil`: there is none.
    package var token: TokenState?
    /// Bytes of documents that are held, and how many may be.
    package var memory: (held: Int, limit: Int)

    /// What keeps it from working as it should, in an admin's words; empty: it is healthy.
    package var troubles: [String] {
        var troubles: [String] = []
        if !state.isReady { troubles.append(state.isStopping ? "it is stopping" : "it is starting") }
        if let words = state.toDecide { troubles.append(LiveStatus.trouble(toDecide: words)) }
        if let outage = state.outage { troubles.append(LiveStatus.trouble(of: outage)) }
        if let trouble = state.tokenTrouble { troubles.append("no token can be had: \(trouble)") }
        for (inbox, trouble) in state.inboxTroubles.sorted(by: { $0.key < $1.key }) {
            troubles.append("inbox \(inbox): \(trouble)")
        }
        for (work, message) in state.faults.sorted(by: { $0.key < $1.key }) {
            troubles.append("cannot \(work), trying again: \(message)")
        }
        if state.pauses.contains("") {
            troubles.append("everything is paused by an admin (sluice resume)")
        } else if !state.pauses.isEmpty {
            troubles.append("paused by an admin: \(state.pauses.sorted().joined(separator: ", ")) (sluice resume)")
        }
        return troubles
    }

    static func trouble(toDecide words: String) -> String { "paused until you have decided: \(words)" }

    static func trouble(of outage: Breaker.Cause) -> String {
        switch outage {
        case .outage: "the API does not answer as it should; submission pauses and tries again by itself"
        case .misconfigured: "the API refuses all requests; check credentials, addresses and rights; submission pauses"
        }
    }
}

extension ServiceHealth {
    /// The troubles without those that a report has a line of its own for: the outage, and what is to be decided.
    package func troubles(besidesOutageAnd toDecide: String?) -> [String] {
        let told = [
            outage.flatMap(Breaker.Cause.init).map(LiveStatus.trouble(of:)),
            toDecide.map(LiveStatus.trouble(toDecide:)),
        ]
        return troubles.filter { !told.contains($0) }
    }
}

extension SluiceService {
    /// How it is now.
    package func live() async -> LiveStatus {
        let delivery = await desk.delivery
        let usage = await delivery?.usage
        let limits = await desk.configuration.limits
        return LiveStatus(
            state: monitor.current, startedAt: monitor.startedAt, now: time.timestamp, requests: usage?.used ?? 0,
            limit: limits.requestsPerMinute, token: await delivery?.token,
            memory: (await memory.held, memory.limit))
    }

    /// What an admin can ask of it by hand, with the configuration that is in effect.
    package func administration() async -> Administration {
        Administration(await desk.configuration, ledger: reader)
    }
}
