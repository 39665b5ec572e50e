import Delivery
import Foundation
import Hummingbird
import Ledger
import Model
import Service
import SluiceConfiguration

/// `/metrics`.
struct MetricsPage: Sendable {
    let service: SluiceService
    let version: String

    func add(to router: Router<BasicRequestContext>) {
        router.get("metrics") { _, _ in
            let live = await service.live()
            let ledger = await service.administration().ledger
            let queues = try ledger.queues()
            let text = MetricsPage.text(live, queues: queues, ledgerBytes: try ledger.bytes(), version: version)
            return Response.text(text, type: "text/plain; version=0.0.4; charset=utf-8")
        }
    }

    static func text(
        _ live: LiveStatus, queues: [String: LedgerReader.Queue], ledgerBytes: Int64, version: String
    ) -> String {
        var text = PrometheusText()
        text.metric("sluice_build_info", .gauge, "The version that runs.")
        text.sample("sluice_build_info", ["version": version], 1)
        text.metric("sluice_ready", .gauge, "Whether the inboxes are at work.")
        text.sample("sluice_ready", live.state.isReady ? 1 : 0)
        write(live.state.tallies, to: &text)
        write(live, to: &text)
        write(queues, at: live.now, to: &text)
        text.metric("sluice_ledger_bytes", .gauge, "Size of the ledger.")
        text.sample("sluice_ledger_bytes", Int(ledgerBytes))
        ProcessFigures.current.write(startedAt: live.startedAt, to: &text)
        return text.text
    }

    private static func write(_ tallies: Tallies, to text: inout PrometheusText) {
        text.metric("sluice_drops_total", .counter, "Drops that were filed.")
        for (labels, count) in tallies.drops.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            text.sample(
                "sluice_drops_total",
                [
                    "inbox": labels.inbox, "kind": labels.kind?.rawValue ?? "unknown",
                    "outcome": labels.outcome.rawValue, "code": labels.code?.rawValue ?? "",
                ], count)
        }
        text.metric("sluice_last_filed_timestamp_seconds", .gauge, "When a drop was filed last so, since 1970.")
        for (labels, time) in tallies.lastFiled.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            text.sample(
                "sluice_last_filed_timestamp_seconds",
                ["inbox": labels.inbox, "outcome": labels.outcome.rawValue], Double(time.milliseconds) / 1000)
        }
        text.metric("sluice_requests_total", .counter, "Requests by what they were for and the answer's status.")
        for (labels, count) in tallies.requests.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            let status = labels.status.map { $0 == 0 ? "other" : String($0) } ?? "none"
            text.sample("sluice_requests_total", ["purpose": labels.purpose.rawValue, "status": status], count)
        }
        for (name, help, counts) in [
            ("sluice_attempts_total", "Requests for batches and attachments.", tallies.attempts),
            ("sluice_retries_total", "Those of them that were not the first of their batch.", tallies.retries),
        ] {
            text.metric(name, .counter, help)
            for (inbox, count) in counts.sorted(by: { $0.key < $1.key }) {
                text.sample(name, ["inbox": inbox], count)
            }
        }
        text.metric("sluice_stage_seconds", .histogram, "How long parts of a drop's way took.")
        for stage in Tallies.Stage.allCases {
            guard let histogram = tallies.stages[stage] else { continue }
            text.histogram(
                "sluice_stage_seconds", ["stage": stage.rawValue], bounds: Histogram.bounds,
                counts: histogram.counts, sum: histogram.sum)
        }
        text.metric("sluice_request_seconds", .histogram, "How long answers took.")
        for purpose in Tallies.Purpose.allCases {
            guard let histogram = tallies.requestTimes[purpose] else { continue }
            text.histogram(
                "sluice_request_seconds", ["purpose": purpose.rawValue], bounds: Histogram.bounds,
                counts: histogram.counts, sum: histogram.sum)
        }
    }

    private static func write(_ live: LiveStatus, to text: inout PrometheusText) {
        text.metric("sluice_rate_used", .gauge, "Requests of the last 60 seconds.")
        text.sample("sluice_rate_used", live.requests)
        if let limit = live.limit {
            text.metric("sluice_rate_limit", .gauge, "How many there may be.")
            text.sample("sluice_rate_limit", limit)
        }
        if let token = live.token {
            text.metric("sluice_token_age_seconds", .gauge, "How old the token is.")
            text.sample("sluice_token_age_seconds", token.age.inSeconds.rounded())
            text.metric("sluice_token_left_seconds", .gauge, "How long the token is still good for.")
            text.sample("sluice_token_left_seconds", token.left.inSeconds.rounded())
        }
        text.metric("sluice_breaker_open", .gauge, "Whether submission pauses by itself, and why.")
        for cause in [Breaker.Cause.outage, .misconfigured] {
            text.sample("sluice_breaker_open", ["cause": cause.rawValue], live.state.outage == cause ? 1 : 0)
        }
        text.metric("sluice_paused", .gauge, "Whether an admin paused an inbox, or all (inbox empty).")
        text.sample("sluice_paused", ["inbox": ""], live.state.pauses.contains("") ? 1 : 0)
        for inbox in live.state.pauses.sorted() where !inbox.isEmpty {
            text.sample("sluice_paused", ["inbox": inbox], 1)
        }
        text.metric("sluice_inbox_unavailable", .gauge, "Inboxes that cannot be worked on.")
        text.sample("sluice_inbox_unavailable", live.state.inboxTroubles.count)
        text.metric("sluice_alert_active", .gauge, "Whether an alert is on.")
        for event in Configuration.Alert.Event.allCases {
            let isOn = live.state.alerts.contains { $0.change.event == event }
            text.sample("sluice_alert_active", ["alert": event.rawValue], isOn ? 1 : 0)
        }
        text.metric("sluice_documents_bytes", .gauge, "Bytes of documents that are held.")
        text.sample("sluice_documents_bytes", live.memory.held)
        text.metric("sluice_documents_limit_bytes", .gauge, "How many may be (limits.memory).")
        text.sample("sluice_documents_limit_bytes", live.memory.limit)
    }

    private static func write(
        _ queues: [String: LedgerReader.Queue], at now: Timestamp, to text: inout PrometheusText
    ) {
        let queues = queues.sorted { $0.key < $1.key }.prefix(Tallies.mostInboxes)
        text.metric("sluice_queue_drops", .gauge, "Drops between their claim and their folder.")
        for (inbox, queue) in queues { text.sample("sluice_queue_drops", ["inbox": inbox], queue.drops) }
        text.metric("sluice_queue_oldest_seconds", .gauge, "How long ago the oldest of them arrived.")
        for (inbox, queue) in queues {
            text.sample("sluice_queue_oldest_seconds", ["inbox": inbox], age(of: queue.oldest, at: now))
        }
        text.metric(
            "sluice_queue_oldest_document_seconds", .gauge,
            "How long ago the oldest document of them arrived; attachments may wait for their account.")
        for (inbox, queue) in queues {
            guard let oldest = queue.oldestDocument else { continue }
            text.sample("sluice_queue_oldest_document_seconds", ["inbox": inbox], age(of: oldest, at: now))
        }
    }

    private static func age(of time: Timestamp, at now: Timestamp) -> Double {
        max(0, time.duration(to: now).inSeconds)
    }
}

/// What the kernel says of this process (`proc(5)`).
struct ProcessFigures: Sendable {
    var residentBytes: Int?
    var openDescriptors: Int?

    static var current: ProcessFigures {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        let resident = pages.flatMap { $0.count > 1 ? Int($0[1]) : nil }
        let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        return ProcessFigures(
            residentBytes: resident.map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) }, openDescriptors: descriptors)
    }

    func write(startedAt: Timestamp, to text: inout PrometheusText) {
        if let residentBytes {
            text.metric("process_resident_memory_bytes", .gauge, "Resident memory.")
            text.sample("process_resident_memory_bytes", residentBytes)
        }
        if let openDescriptors {
            text.metric("process_open_fds", .gauge, "Open file descriptors.")
            text.sample("process_open_fds", openDescriptors)
        }
        text.metric("process_start_time_seconds", .gauge, "When the service was started, since 1970.")
        text.sample("process_start_time_seconds", Double(startedAt.milliseconds) / 1000)
    }
}
