import Delivery
import Model

/// What the service did since its start, counted: what metrics are made of.
///
/// Labels are bounded: kinds, outcomes, codes and stages are few, and of inboxes beyond ``mostInboxes`` one stands for
/// the rest.
package struct Tallies: Sendable {
    package struct DropLabels: Sendable, Hashable {
        package var inbox: String
        package var kind: Kind?
        package var outcome: Outcome
        package var code: Code?
    }

    package enum Purpose: String, Sendable, Hashable, CaseIterable {
        case token, submit, status
    }

    package struct FiledLabels: Sendable, Hashable {
        package var inbox: String
        package var outcome: Outcome
    }

    package struct RequestLabels: Sendable, Hashable {
        package var purpose: Purpose
        /// `nil`: there was no answer.
        package var status: Int?
    }

    /// Parts of a drop's way whose time is told.
    package enum Stage: String, Sendable, Hashable, CaseIterable {
        /// Read, converted, validated, and its reference derived.
        case judge
        /// From its arrival to its first request: its turn, the rate, an outage.
        case wait
        /// From its first request to its last answer.
        case submit
        /// Result written, moved, closed.
        case file
        /// From its arrival to its folder.
        case total
    }

    package static let mostInboxes = 1000
    package static let otherInboxes = "(others)"

    package private(set) var drops: [DropLabels: Int] = [:]
    /// When a drop was filed last: a count cannot tell, for what is scraped never sees it begin.
    package private(set) var lastFiled: [FiledLabels: Timestamp] = [:]
    package private(set) var requests: [RequestLabels: Int] = [:]
    package private(set) var attempts: [String: Int] = [:]
    package private(set) var retries: [String: Int] = [:]
    package private(set) var stages: [Stage: Histogram] = [:]
    package private(set) var requestTimes: [Purpose: Histogram] = [:]
    private var inboxes: Set<String> = []

    package init() {}

    package mutating func count(filed result: DropResult, at now: Timestamp) {
        let labels = DropLabels(
            inbox: label(result.drop.inbox), kind: result.kind, outcome: result.outcome, code: result.problem?.code)
        drops[labels, default: 0] += 1
        lastFiled[FiledLabels(inbox: labels.inbox, outcome: labels.outcome)] = now
        let attempts = result.batches.flatMap(\.attempts)
        if let first = attempts.map(\.at).min() {
            add(result.drop.receivedAt.duration(to: first), to: .wait)
            let last = attempts.map { $0.at + ($0.duration ?? .zero) }.max() ?? first
            add(first.duration(to: last), to: .submit)
        }
        add(result.drop.receivedAt.duration(to: now), to: .total)
    }

    package mutating func count(_ report: AttemptReport) {
        let purpose: Purpose = report.subject == nil ? .token : report.isStatus ? .status : .submit
        let status = report.status.map { (100..<600).contains($0) ? $0 : 0 }
        requests[RequestLabels(purpose: purpose, status: status), default: 0] += 1
        requestTimes[purpose, default: Histogram()].add(report.duration)
        guard purpose == .submit, let subject = report.subject else { return }
        let inbox = label(subject.inbox)
        attempts[inbox, default: 0] += 1
        if subject.attempt > 1 { retries[inbox, default: 0] += 1 }
    }

    package mutating func add(_ duration: Duration, to stage: Stage) {
        stages[stage, default: Histogram()].add(duration)
    }

    private mutating func label(_ inbox: String) -> String {
        if inboxes.contains(inbox) { return inbox }
        guard inboxes.count < Tallies.mostInboxes else { return Tallies.otherInboxes }
        inboxes.insert(inbox)
        return inbox
    }
}
