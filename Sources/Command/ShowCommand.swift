import ArgumentParser
import Ledger
import Model
import Service
import SluiceConfiguration
import SystemPackage

struct ShowCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one drop's whole story.",
        discussion: """
            DROP is a drop's identifier, the path of its file or its result in done or failed, or its name. Of one that is \
            on its way, by its path in the inbox that it came to or in .work, too, it says what that waits for, and until \
            when; so it does of a file that lies in an inbox, by its path.

            Exit status: 0; 66 if there is no such drop.
            """)

    @OptionGroup var option: ConfigurationOption

    @Argument(help: "A drop.", completion: .file()) var drop: PathArgument

    @Flag(help: "Print JSON: the result as it stands beside the file, or what is known so far.") var json = false

    func run(with configuration: SluiceConfiguration.Configuration) async throws {
        let administration = try Administration(configuration)
        let entry: DropEntry
        do {
            entry = try administration.drop(drop.path)
        } catch let error as Administration.Unknown {
            if await showFile(administration) { return }
            Output.error("sluice: \(error)")
            throw Exit.noSuchFile
        }
        let batches = try administration.ledger.batches(of: entry.drop.id)
        if json, let result = try administration.result(of: entry) {
            return Output.line(String(decoding: result.sidecar.dropLast(), as: UTF8.self))
        }
        let waitsFor = try await Asking(administration).waitsFor(entry)
        if json { return Output.line(ShowCommand.json(entry, batches, waitsFor)) }
        ShowCommand.show(
            entry, batches, at: administration.place(of: entry)?.string,
            origin: try administration.ledger.origin(of: entry.drop.id))
        if let waitsFor { ShowCommand.show(waitsFor) }
    }

    /// Shows a file that lies in an inbox and is no drop so far.
    ///
    /// - Returns: `false` where it is none, or none that the service takes.
    private func showFile(_ administration: Administration) async -> Bool {
        guard let file = administration.fileInInbox(drop.path) else { return false }
        guard let waitsFor = await Asking(administration).waitsFor(file.name, in: file.inbox) else { return false }
        if json {
            var json = JSONWriter(indented: true)
            json.object {
                $0.member("file") { json in
                    json.object {
                        $0.member("inbox", file.inbox)
                        $0.member("name", file.name.description)
                        $0.member("bytes", file.bytes)
                    }
                }
                $0.member("waitsFor") { waitsFor.write(to: &$0) }
            }
            Output.line(json.text)
            return true
        }
        let label = Output.colored(file.name.description, .bold)
        Output.line("\(label)  \(file.bytes) bytes, in the inbox \(Output.safe(file.inbox))")
        ShowCommand.show(waitsFor)
        return true
    }

    private static func show(_ waitsFor: WaitsFor) {
        Output.line()
        Output.line(
            "\(Output.colored("waits for \(waitsFor.what.rawValue):", .yellow)) \(Output.safe(waitsFor.message))")
        if let until = waitsFor.until { Output.line("  until     \(until)") }
        if let behind = waitsFor.behind { Output.line("  behind    \(behind)") }
    }

    private static func show(
        _ entry: DropEntry, _ batches: [DropResult.BatchReport], at place: String?, origin: RetryOrder?
    ) {
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
        fact("put back", origin.map { "was \($0.drop); \($0.terms)" })
        fact("finished", entry.finishedAt?.description)
        fact("lies at", place)
        fact("removed", entry.removedAt.map { "on \($0.date), for its retention was over" })
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

    private static func json(
        _ entry: DropEntry, _ batches: [DropResult.BatchReport], _ waitsFor: WaitsFor?
    ) -> String {
        var json = JSONWriter(indented: true)
        json.object {
            $0.member("drop") { entry.write(to: &$0) }
            $0.member("batches") { json in
                json.array { list in
                    for report in batches { list.element { report.write(to: &$0, isFull: false) } }
                }
            }
            $0.member("waitsFor", waitsFor) { $0.write(to: &$1) }
        }
        return json.text
    }
}

/// Asks the running service, and says what is known where it cannot be asked.
private struct Asking {
    private let administration: Administration
    private let socket: ControlSocket

    init(_ administration: Administration) {
        self.administration = administration
        socket = ControlSocket(state: administration.configuration.state)
    }

    func waitsFor(_ entry: DropEntry) async throws -> WaitsFor? {
        if entry.isFiled { return nil }
        guard administration.isServed else {
            return try administration.waitsFor(entry, unasked: "The service does not run")
        }
        do {
            return try await socket.waitsFor(entry.drop.id)
        } catch {
            return try administration.waitsFor(entry, unasked: "The service runs and cannot be asked (\(error))")
        }
    }

    func waitsFor(_ file: FileName, in inbox: String) async -> WaitsFor? {
        guard administration.isServed else { return WaitsFor(.service, "The service does not run: nothing is taken.") }
        do {
            return try await socket.waitsFor(file: file, in: inbox)
        } catch {
            return WaitsFor(.service, "The service runs and cannot be asked (\(error)).")
        }
    }
}

extension Table.Cell {
    var shown: String { color.map { Output.colored(text, $0) } ?? text }
}
