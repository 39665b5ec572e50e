import ArgumentParser
import Ledger
import Model
import Service
import SluiceConfiguration

struct StatusCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show queue, rate, token, outage, inboxes and the last failures.",
        discussion: """
            With --watch it looks once a second until Ctrl-C: on a terminal in place, elsewhere one report after the \
            other, with --json as one line each. While there is a backlog it says how long that takes at the rate of the \
            last minute.

            Exit status: 0 healthy, 1 degraded, 3 not running; with --watch that of the last look.
            """)

    @OptionGroup var option: ConfigurationOption

    @Flag(help: "Print JSON.") var json = false

    @Flag(help: "Go on looking, once a second.") var watch = false

    func run(with configuration: SluiceConfiguration.Configuration) async throws {
        if watch { return try await StatusWatch(configuration: configuration, json: json).run() }
        guard let administration = try Administration.found(configuration) else {
            Output.line(
                json ? #"{"status": "not running", "running": false}"# : "not running: no service has run so far")
            throw Exit.notRunning
        }
        let now = SystemTime().timestamp
        let report = try administration.status(at: now)
        let health = await StatusCommand.health(report, configuration)
        let condition = Condition(report, health)
        if json {
            Output.line(StatusCommand.json(report, health, condition))
        } else {
            StatusCommand.show(report, health, condition)
        }
        try condition.exit()
    }

    /// What the running service says of itself; `nil`: none runs, or it cannot be asked.
    static func health(
        _ report: StatusReport, _ configuration: SluiceConfiguration.Configuration
    ) async -> ServiceHealth? {
        guard report.isRunning else { return nil }
        do {
            return try await ControlSocket(state: configuration.state).health()
        } catch {
            // It starts, stops, or runs with --once: the ledger says the rest.
            return nil
        }
    }

    private static func show(_ report: StatusReport, _ health: ServiceHealth?, _ condition: Condition) {
        let process = report.process.map { " (process \($0))" } ?? ""
        let rate = report.limit.map { " of \($0)" } ?? ""
        let word = Output.colored(condition.rawValue, condition.color)
        Output.line("\(word)\(process), \(report.requests)\(rate) requests in the last minute")
        if let words = report.toDecide {
            Output.line()
            Output.line("\(Output.colored("paused until you have decided:", .red)) \(words)")
        }
        if let health { show(health, report) }
        if let last = report.lastRequest, let error = last.error {
            Output.line("the last request, at \(last.at), ended with \(error.rawValue)")
        }
        Output.line()
        for line in Table.inboxes(report.inboxes).lines() { Output.line(line) }
        guard !report.failures.isEmpty else { return }
        Output.line()
        Output.line("last failures (ended drops are counted over 24 hours):")
        for drop in report.failures {
            let problem = drop.problem.map { "\($0.code.rawValue): \($0.message)" } ?? ""
            let text = "\(drop.drop.inbox)/\(drop.shownName)  \(problem)"
            Output.line("  \(drop.finishedAt?.shortText ?? "")  \(Output.safe(text))")
        }
    }

    private static func show(_ health: ServiceHealth, _ report: StatusReport) {
        let token = health.tokenLeft.map { "the token is good for \(WatchView.text($0))" } ?? "there is no token"
        if let outage = health.outage {
            let since = health.outageSince.map { " since \($0)" } ?? ""
            Output.line("\(token); \(Output.colored("submission pauses by itself\(since): \(outage)", .red))")
        } else {
            Output.line("\(token), there is no outage")
        }
        for trouble in health.troubles(besidesOutageAnd: report.toDecide) {
            Output.line("\(Output.colored("trouble:", .yellow)) \(Output.safe(trouble))")
        }
    }
}

extension StatusCommand {
    /// A report for machines.
    ///
    /// - Parameter state: what a live view has besides; `nil` for a single report.
    static func json(
        _ report: StatusReport, _ health: ServiceHealth?, _ condition: Condition, _ state: WatchState? = nil
    ) -> String {
        // A line each, where one follows the other.
        var json = JSONWriter(indented: state == nil)
        json.object {
            if let state { $0.member("at", state.now.description) }
            $0.member("status", condition.rawValue)
            $0.member("running", report.isRunning)
            $0.member("process") { $0.value(report.process.flatMap(Int.init)) }
            $0.member("toDecide") { $0.value(report.toDecide) }
            $0.member("requestsLastMinute", report.requests)
            $0.member("requestsPerMinute") { $0.value(report.limit) }
            $0.member("outage", health?.outage)
            $0.member("outageSince", health?.outageSince?.description)
            $0.member("tokenSecondsLeft") { $0.value(health?.tokenLeft.map { Int($0.components.seconds) }) }
            $0.member("troubles") { json in
                json.array { list in for trouble in health?.troubles ?? [] { list.element { $0.value(trouble) } } }
            }
            $0.member("lastRequest", report.lastRequest) { $0.write(to: &$1) }
            $0.member("inboxes") { json in
                json.array { list in for inbox in report.inboxes { list.element { inbox.write(to: &$0) } } }
            }
            $0.member("failures") { json in
                json.array { list in for drop in report.failures { list.element { drop.write(to: &$0) } } }
            }
            if let state { write(state, to: &$0) }
        }
        return json.text
    }

    private static func write(_ state: WatchState, to json: inout JSONWriter) {
        json.member("drops") { json in
            json.array { list in
                for drop in state.drops {
                    list.element { json in
                        json.object {
                            $0.member("finishedAt", drop.at.description)
                            $0.member("inbox", drop.inbox)
                            $0.member("name", drop.name)
                            $0.member("outcome", drop.outcome.rawValue)
                            $0.member("code", drop.code?.rawValue)
                        }
                    }
                }
            }
        }
        json.member("backlog", state.backlog) { backlog, json in
            json.object {
                $0.member("remaining", backlog.remaining)
                $0.member("finished", backlog.finished)
                $0.member("finishedLastMinute", backlog.lastMinute)
                $0.member("secondsLeft") { $0.value(backlog.timeLeft.map { Int($0.components.seconds) }) }
            }
        }
    }
}

extension Table {
    /// Ended drops are counted over 24 hours.
    static func inboxes(_ inboxes: [StatusReport.Inbox]) -> Table {
        var table = Table(flexible: [6], "INBOX", "WAITING", "UNDER WAY", "ACCEPTED", "DUPLICATE", "FAILED", "")
        for inbox in inboxes {
            table.add(
                .init(inbox.name), .init(inbox.waiting.map(String.init) ?? "?"), .init(String(inbox.underWay)),
                .init(String(inbox.accepted)), .init(String(inbox.duplicate)),
                .init(String(inbox.failed), inbox.failed > 0 ? .red : nil),
                .init(inbox.isPaused ? "paused" : inbox.problems.first ?? "", .red))
        }
        return table
    }
}
