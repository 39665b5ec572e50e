import ArgumentParser
import FileSystem
import Foundation
import Model
import Service
import SluiceConfiguration
import SystemPackage

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Judge files as drops, and send nothing.",
        discussion: """
            A line for each error: FILE:LINE:COLUMN: error: CODE: MESSAGE

            Exit status: 0 valid; 65 invalid; 66 no such file; 78 bad configuration or schema.
            """)

    @Argument(help: "The files to judge.", completion: .file())
    var files: [PathArgument]

    @Option(help: "What the documents are: account, payment or claim.")
    var kind: DocumentKind?

    @Option(help: "Validate JSON files against this schema instead.", completion: .file(extensions: ["json"]))
    var schema: PathArgument?

    @Option(help: "Judge the files as drops of this inbox of the configuration.", completion: .inboxes)
    var inbox: String?

    @Flag(help: "Print the verdicts as JSON.")
    var json = false

    @Flag(help: "Print the body that would be sent.")
    var print = false

    @OptionGroup var option: ConfigurationOption

    enum DocumentKind: String, ExpressibleByArgument, CaseIterable {
        case account, payment, claim
    }

    func validate() throws {
        if schema != nil && (kind != nil || inbox != nil) {
            throw ValidationError("--schema stands alone: it goes with neither --kind nor --inbox")
        }
        if json && print { throw ValidationError("--json and --print exclude each other") }
    }

    func run() async throws {
        let checker = try makeChecker()
        var isMissing = false
        var isInvalid = false
        var verdicts: [(PathArgument, FileChecker.Verdict)] = []
        try await judgeAll(with: checker) { file, judged in
            switch judged {
            case .success(let verdict):
                if verdict.problem != nil { isInvalid = true }
                if json { verdicts.append((file, verdict)) } else { try show(file, verdict) }
            case .failure(let error):
                isMissing = true
                Output.error("\(file): \(CheckCommand.reason(error))")
            }
        }
        if json { Output.line(CheckReport(verdicts).json) }
        if isMissing { throw Exit.noSuchFile }
        if isInvalid { throw Exit.invalid }
    }

    /// Judges as many files at a time as there are processors, and hands the verdicts over in the files' order.
    private func judgeAll(
        with checker: FileChecker, _ handOver: (PathArgument, Result<FileChecker.Verdict, any Error>) throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: (Int, Result<FileChecker.Verdict, any Error>).self) { group in
            func start(_ index: Int) {
                let file = files[index].path
                group.addTask {
                    do {
                        return (index, .success(try checker.check(file)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var done: [Int: Result<FileChecker.Verdict, any Error>] = [:]
            var next = 0
            // Verdicts that wait for a slower file hold memory, so no file runs far ahead of the others.
            let width = max(2, ProcessInfo.processInfo.activeProcessorCount)
            for index in files.indices.prefix(width) { start(index) }
            while let (index, verdict) = try await group.next() {
                done[index] = verdict
                while let ready = done.removeValue(forKey: next) {
                    try handOver(files[next], ready)
                    next += 1
                    if next + width - 1 < files.count { start(next + width - 1) }
                }
            }
        }
    }

    private static func reason(_ error: any Error) -> String {
        (error as? SystemCallError).map { "\($0.errno)" } ?? String(describing: error)
    }

    private func makeChecker() throws -> FileChecker {
        let kind = kind.flatMap { Kind(rawValue: $0.rawValue) }
        let (inbox, configuration) = try namedInbox()
        do throws(CannotStart) {
            if let schema { return try FileChecker(schema: schema.path) }
            return try FileChecker(inbox: inbox, in: configuration, kind: kind)
        } catch {
            Output.error("sluice: \(error)")
            throw Exit.badConfiguration
        }
    }

    /// The inbox of `--inbox`; without one, no configuration is read.
    private func namedInbox() throws -> (Configuration.Inbox?, Configuration?) {
        guard let name = inbox else { return (nil, nil) }
        let configuration = try option.load()
        let inboxes = configuration.expandedInboxes()
        guard let inbox = inboxes.first(where: { $0.name == name }) else {
            let names = inboxes.map(\.name).joined(separator: ", ")
            Output.error("\(configuration.source): there is no inbox \(name), only \(names)")
            throw Exit.badConfiguration
        }
        return (inbox, configuration)
    }

    private func show(_ name: PathArgument, _ verdict: FileChecker.Verdict) throws {
        guard let problem = verdict.problem else {
            if print {
                try verdict.forEachBody { Output.line(String(decoding: $0, as: UTF8.self)) }
            } else {
                Output.line("\(name): \(Output.colored("ok", .green))\(CheckReport.summary(verdict))")
            }
            return
        }
        let error = Output.colored("error", .red)
        if problem.findings.isEmpty {
            Output.line("\(name):1:1: \(error): \(problem.code.rawValue): \(Output.safe(problem.message))")
        }
        let excerpt = excerpt(name.path, problem.findings)
        for finding in problem.findings {
            let pointer = finding.pointer.flatMap { $0.isEmpty ? nil : "\($0): " } ?? ""
            let text = Output.safe(pointer + finding.message)
            Output.line(
                "\(name):\(finding.line ?? 1):\(finding.column ?? 1): \(error): \(problem.code.rawValue): \(text)")
            if let place = finding.place, let line = excerpt?.line(at: place) { Output.line(CheckCommand.show(line)) }
        }
        let more = problem.findingCount - problem.findings.count
        if more > 0 { Output.line("\(name): and \(more) more errors") }
    }
}

extension CheckCommand {
    /// The lines that the findings are in, for a terminal; a file that cannot be read again shows none.
    private func excerpt(_ path: FilePath, _ findings: [Finding]) -> SourceExcerpt? {
        guard Output.isTerminal else { return nil }
        do throws(SystemCallError) {
            let (folder, name) = try Directory.containing(path)
            let opened = try OpenFile(reading: name, in: folder)
            let text = try opened.bytes(at: 0, count: Int(opened.status().size))
            return SourceExcerpt(of: text, at: findings.compactMap(\.place))
        } catch {
            return nil
        }
    }

    /// Two lines: the text around the place, and a caret below the column.
    private static func show(_ line: SourceExcerpt.Line) -> String {
        "\(line.text)\n\(String(repeating: " ", count: line.mark ?? 0))\(Output.colored("^", .green))"
    }
}

/// What `--json` prints: an array with an object for each file.
struct CheckReport {
    private let verdicts: [(PathArgument, FileChecker.Verdict)]

    init(_ verdicts: [(PathArgument, FileChecker.Verdict)]) {
        self.verdicts = verdicts
    }

    var json: String {
        var json = JSONWriter(indented: true)
        json.array { list in
            for (file, verdict) in verdicts { list.element { CheckReport.write(file, verdict, &$0) } }
        }
        return json.text
    }

    private static func write(_ file: PathArgument, _ verdict: FileChecker.Verdict, _ json: inout JSONWriter) {
        json.object {
            $0.member("file", file.description)
            $0.member("valid", verdict.problem == nil)
            $0.member("kind", verdict.kind?.rawValue)
            $0.member("reference", verdict.reference)
            $0.member("records", verdict.records)
            $0.member("parts", verdict.parts)
            $0.member("code", verdict.problem?.code.rawValue)
            $0.member("message", verdict.problem?.message)
            $0.member("action", verdict.problem?.code.action)
            $0.member("errorCount", verdict.problem?.findingCount ?? 0)
            $0.member("errors") { json in
                json.array { list in
                    for finding in verdict.problem?.findings ?? [] { list.element { finding.write(to: &$0) } }
                }
            }
        }
    }

    /// ` (account, 5 records, account-3f…)`.
    static func summary(_ verdict: FileChecker.Verdict) -> String {
        guard let kind = verdict.kind, let reference = verdict.reference else { return "" }
        let records = kind == .attachment ? "" : ", \(verdict.records) record\(verdict.records == 1 ? "" : "s")"
        let parts = verdict.parts > 1 ? " in \(verdict.parts) parts" : ""
        return " (\(kind.rawValue)\(records)\(parts), \(reference))"
    }
}
