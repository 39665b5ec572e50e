import Delivery
import Ledger
import Model
import Service
import SluiceConfiguration

/// How the service is, at a glance.
struct OverviewPage: Sendable {
    struct InboxLine: Sendable {
        var label: String
        var link: String
        var waiting: String
        var underWay: Int
        var accepted: Int
        var duplicate: Int
        var failed: Int
        var hasFailed: Bool
        var problems: [String]
        var isPaused: Bool
        /// For forms: the name, whatever it is, as a part of an address.
        var query: String
    }

    struct AlertLine: Sendable {
        var words: String
        var since: When
    }

    var frame: Frame
    var isHealthy: Bool
    var headline: String
    var troubles: [String]
    var chart: RateChart
    var width = RateChart.width
    var height = RateChart.height
    var barWidth: Int
    /// `unlimited`, or the limit with what it is for.
    var limitWords: String
    var requests: Int
    var limitShown: String?
    var queued: Int
    /// How long the oldest has been under way.
    var oldest: String?
    var tokenWords: String
    var outageWords: String
    var memoryWords: String
    var uptime: String
    var alerts: [AlertLine]
    var hasAlerts: Bool
    var inboxes: [InboxLine]
    var isAllPaused: Bool
    var drops: [DropLine]
    var hasDrops: Bool

    init(_ figures: OverviewFigures, _ frame: Frame) {
        let live = figures.live
        self.frame = frame
        troubles = live.troubles
        isHealthy = troubles.isEmpty
        headline = isHealthy ? "All is well" : live.state.isReady ? "Needs attention" : "Not ready"
        chart = RateChart(live.state.history, limit: live.limit, at: live.now)
        barWidth = chart.barWidth
        limitWords = live.limit.map { "limit \($0) a minute" } ?? "no limit"
        requests = live.requests
        limitShown = live.limit.map(String.init)
        queued = figures.queues.values.map(\.drops).reduce(0, +)
        oldest = figures.queues.values.map(\.oldest).min().map { Lasting.text($0.duration(to: live.now)) }
        tokenWords =
            if let trouble = live.state.tokenTrouble {
                "cannot be had: \(trouble)"
            } else if let token = live.token {
                "good for \(Lasting.text(token.left))"
            } else {
                "none needed so far"
            }
        outageWords =
            switch live.state.outage {
            case .outage: "since \(live.state.outageSince.map { When($0).text } ?? "")"
            case .misconfigured: "the API refuses all, since \(live.state.outageSince.map { When($0).text } ?? "")"
            case nil: "none"
            }
        memoryWords = "\(live.memory.held / 1_000_000) of \(live.memory.limit / 1_000_000) MB"
        uptime = Lasting.text(live.startedAt.duration(to: live.now))
        alerts = live.state.alerts.map { alert in
            let subject = alert.change.subject.map { " (\($0))" } ?? ""
            let detail = alert.change.detail.map { ": \($0)" } ?? ""
            return AlertLine(words: "\(alert.change.event.rawValue)\(subject)\(detail)", since: When(alert.since))
        }
        hasAlerts = !alerts.isEmpty
        isAllPaused = live.state.pauses.contains("")
        inboxes = figures.inboxes.map(InboxLine.init)
        drops = figures.drops.map(DropLine.init)
        hasDrops = !drops.isEmpty
    }
}

extension OverviewPage.InboxLine {
    init(_ inbox: StatusReport.Inbox) {
        label = FileName.escaped(inbox.name.utf8)
        link = "/drops" + FormFields.query(["inbox": inbox.name])
        waiting = inbox.waiting.map(String.init) ?? "?"
        underWay = inbox.underWay
        accepted = inbox.accepted
        duplicate = inbox.duplicate
        failed = inbox.failed
        hasFailed = inbox.failed > 0
        problems = inbox.problems
        isPaused = inbox.isPaused
        query = FormFields.query(["inbox": inbox.name])
    }
}

/// What the overview is made of, gathered once a second at most, however many look at it.
struct OverviewFigures: Sendable {
    var live: LiveStatus
    var inboxes: [StatusReport.Inbox]
    var queues: [String: LedgerReader.Queue]
    var drops: [DropEntry]

    init(of service: SluiceService) async throws {
        live = await service.live()
        let administration = await service.administration()
        inboxes = try administration.status(failures: 0, at: live.now).inboxes
        queues = try administration.ledger.queues()
        drops = try administration.ledger.drops(DropQuery(limit: 10))
    }
}

/// Keeps the newest figures for whoever looks.
actor OverviewDesk {
    private static let age = Duration.seconds(1)

    private let service: SluiceService
    private let time: any TimeSource
    private var kept: (at: Moment, work: Task<OverviewFigures, any Error>)?

    init(_ service: SluiceService, time: any TimeSource) {
        self.service = service
        self.time = time
    }

    var figures: OverviewFigures {
        get async throws {
            let now = time.moment
            if let kept, now - kept.at < OverviewDesk.age { return try await kept.work.value }
            let work = Task { [service] in try await OverviewFigures(of: service) }
            kept = (now, work)
            return try await work.value
        }
    }

    /// Somebody did something that has to be seen.
    func forget() {
        kept = nil
    }
}
