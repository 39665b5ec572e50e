import ArgumentParser
import Ledger
import Model
import Service

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show queue, rate, inboxes and the last failures.",
        discussion: "Exit status: 0 healthy, 1 degraded, 3 not running.")

    @OptionGroup var option: AdministrationOption

    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let configuration = try option.option.load()
        guard let administration = try option.open(configuration) else {
            Output.line(
                json ? #"{"status": "not running", "running": false}"# : "not running: no service has run so far")
            throw Exit.notRunning
        }
        let report = try administration.status(at: SystemTime().timestamp)
        if json { Output.line(StatusCommand.json(report)) } else { StatusCommand.show(report) }
        if !report.isRunning { throw Exit.notRunning }
        if report.isDegraded { throw Exit.degraded }
    }

    private static func word(_ report: StatusReport) -> String {
        report.isRunning ? report.isDegraded ? "degraded" : "healthy" : "not running"
    }

    private static func show(_ report: StatusReport) {
        let word = word(report)
        let color = report.isRunning ? report.isDegraded ? Output.Color.yellow : .green : .red
        let process = report.process.map { " (process \($0))" } ?? ""
        let rate = report.limit.map { " of \($0)" } ?? ""
        Output.line("\(Output.colored(word, color))\(process), \(report.requests)\(rate) requests in the last minute")
        if let words = report.toDecide {
            Output.line()
            Output.line("\(Output.colored("paused until you have decided:", .red)) \(words)")
        }
        if let last = report.lastRequest, let error = last.error {
            Output.line("the last request, at \(last.at), ended with \(error.rawValue)")
        }
        Output.line()
        var table = Table(flexible: [6], "INBOX", "WAITING", "UNDER WAY", "ACCEPTED", "DUPLICATE", "FAILED", "")
        for inbox in report.inboxes {
            table.add(
                .init(inbox.name), .init(inbox.waiting.map(String.init) ?? "?"), .init(String(inbox.underWay)),
                .init(String(inbox.accepted)), .init(String(inbox.duplicate)),
                .init(String(inbox.failed), inbox.failed > 0 ? .red : nil),
                .init(inbox.isPaused ? "paused" : inbox.problems.first ?? "", .red))
        }
        for line in table.lines() { Output.line(line) }
        guard !report.failures.isEmpty else { return }
        Output.line()
        Output.line("last failures (ended drops are counted over 24 hours):")
        for drop in report.failures {
            let problem = drop.problem.map { "\($0.code.rawValue): \($0.message)" } ?? ""
            let text = "\(drop.drop.inbox)/\(drop.shownName)  \(problem)"
            Output.line("  \(drop.finishedAt?.shortText ?? "")  \(Output.safe(text))")
        }
    }

    private static func json(_ report: StatusReport) -> String {
        var json = JSONWriter(indented: true)
        json.object {
            $0.member("status", word(report))
            $0.member("running", report.isRunning)
            $0.member("process") { $0.value(report.process.flatMap(Int.init)) }
            $0.member("toDecide") { $0.value(report.toDecide) }
            $0.member("requestsLastMinute", report.requests)
            $0.member("requestsPerMinute") { $0.value(report.limit) }
            $0.member("lastRequest") { json in
                if let last = report.lastRequest { last.write(to: &json) } else { json.value(String?.none) }
            }
            $0.member("inboxes") { json in
                json.array { list in
                    for inbox in report.inboxes {
                        list.element { inbox.write(to: &$0) }
                    }
                }
            }
            $0.member("failures") { json in
                json.array { list in for drop in report.failures { list.element { drop.write(to: &$0) } } }
            }
        }
        return json.text
    }
}
