import ArgumentParser
import Ledger
import Model
import Service
import SystemPackage

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one drop's whole story.",
        discussion: """
            DROP is a drop's identifier, the path of its file or its result in done or failed, or its name.

            Exit status: 0; 66 if there is no such drop.
            """)

    @OptionGroup var option: AdministrationOption

    @Argument(help: "A drop.", completion: .file()) var drop: String

    @Flag(help: "Print JSON: the result as it stands beside the file, or what is known so far.") var json = false

    func run() async throws {
        let administration = try option.open()
        let entry: DropEntry
        do {
            entry = try administration.drop(drop)
        } catch let error as Administration.Unknown {
            Output.error("sluice: \(error)")
            throw Exit.noSuchFile
        }
        let batches = try administration.ledger.batches(of: entry.drop.id)
        if json {
            if let result = try administration.ledger.result(of: entry.drop.id) {
                return Output.line(String(result.json.dropLast()))
            }
            return Output.line(ShowCommand.json(entry, batches))
        }
        ShowCommand.show(entry, batches, at: administration.place(of: entry)?.string)
        try await showWaiting(entry, administration)
    }

    private func showWaiting(_ entry: DropEntry, _ administration: Administration) async throws {
        guard entry.outcome == nil else { return }
        let status = try administration.status(at: SystemTime().timestamp)
        let isRunning = status.isRunning
        Output.line()
        if let words = status.toDecide { Output.line("Everything is paused until an admin has decided: \(words)") }
        Output.line(isRunning ? "It is on its way." : "It waits for the service, which does not run.")
    }

    private static func show(_ entry: DropEntry, _ batches: [DropResult.BatchReport], at place: String?) {
        let drop = entry.drop
        Output.line("\(Output.colored(drop.name.description, .bold))  \(entry.outcomeCell.shown)")
        func fact(_ name: String, _ value: String?) {
            guard let value else { return }
            Output.line("  \(name)\(String(repeating: " ", count: max(1, 12 - name.count)))\(Output.safe(value))")
        }
        fact("drop", drop.id.text)
        fact("inbox", drop.inbox)
        fact("kind", entry.kind?.rawValue)
        fact("bytes", String(drop.bytes))
        fact("sha256", entry.sha256?.hex)
        fact("received", drop.receivedAt.description)
        fact("finished", entry.finishedAt?.description)
        fact("lies at", place)
        if let problem = entry.problem { show(problem) }
        for report in batches { show(report) }
    }

    private static func show(_ problem: Problem) {
        Output.line()
        Output.line("\(Output.colored(problem.code.rawValue, .red)): \(Output.safe(problem.message))")
        for finding in problem.findings {
            let place = finding.line.map { "line \($0), column \(finding.column ?? 1): " } ?? ""
            let record = finding.record.map { " (\($0))" } ?? ""
            let text = "\(finding.pointer.map { "\($0): " } ?? "")\(finding.message)\(record)"
            Output.line("  \(place)\(Output.safe(text))")
        }
        let more = problem.findingCount - problem.findings.count
        if more > 0 { Output.line("  and \(more) more") }
        Output.line("What to do: \(problem.code.action)")
    }

    private static func show(_ report: DropResult.BatchReport) {
        let batch = report.batch
        Output.line()
        let part = batch.parts > 1 ? ", part \(batch.part) of \(batch.parts)" : ""
        let records = batch.records > 0 ? ", \(batch.records) record\(batch.records == 1 ? "" : "s")" : ""
        Output.line("\(batch.reference)\(part)\(records), \(batch.bytes) bytes: \(batch.state.rawValue)")
        for (number, attempt) in report.attempts.enumerated() {
            let answer = attempt.status.map(String.init) ?? "no answer"
            let duration = attempt.duration.map { " after \($0.wholeMilliseconds) ms" } ?? ""
            let error = attempt.error.map { ", \($0.rawValue)" } ?? ""
            Output.line("  \(attempt.at)  attempt \(number + 1): \(answer)\(duration)\(error)")
        }
        if let uri = report.statusURI { Output.line("  status: \(FileName.escaped(uri.utf8))") }
    }

    private static func json(_ entry: DropEntry, _ batches: [DropResult.BatchReport]) -> String {
        var json = JSONWriter(indented: true)
        json.object {
            $0.member("drop") { entry.write(to: &$0) }
            $0.member("batches") { json in
                json.array { list in
                    for report in batches { list.element { report.write(to: &$0, isFull: false) } }
                }
            }
        }
        return json.text
    }
}

extension Table.Cell {
    var shown: String { color.map { Output.colored(text, $0) } ?? text }
}
