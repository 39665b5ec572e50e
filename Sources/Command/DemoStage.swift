import FileSystem
import Foundation
import Logging
import Model
import SluiceConfiguration
import SystemPackage

/// The demo's temporary folder: a sender a folder, each with an inbox.
struct DemoStage: Sendable {
    let root: URL
    let senders: [String]
    private let samples: Directory

    /// The credentials that the demo's configuration asks for; the stand-in takes any.
    static let environment = ["SLUICE_DEMO_SECRET": UUID().uuidString]

    var configurationFile: URL { root.appendingPathComponent("sluice.yaml") }

    init(samples: FilePath) throws {
        let files = FileManager.default
        let samples = try Directory(opening: samples)
        self.samples = samples
        root = files.temporaryDirectory.appendingPathComponent("sluice-demo-\(UUID().uuidString.prefix(8))")
        senders = try samples.list().filter { try samples.status(of: $0)?.form == .directory }
            .map(\.description).sorted()
        for sender in senders {
            try files.createDirectory(at: inbox(of: sender), withIntermediateDirectories: true)
        }
    }

    func remove() throws {
        try FileManager.default.removeItem(at: root)
    }

    /// What each sender's inbox is like, beside its folder.
    private static let traits = [
        "bank": "kind: payment",
        "partner": "attachments: {name: \"{brand}-{portfolio}-{clientReferenceId}\"}",
    ]

    /// Writes the configuration, and reads it as the service does.
    func writeConfiguration(apiURL: String, tokenURL: String) throws -> Configuration {
        var yaml = """
            state: state
            api:
              url: \(apiURL)
              tokenURL: \(tokenURL)
              audience: demo
              clientID: demo
              clientSecret: {env: SLUICE_DEMO_SECRET}
            admin: {listen: none}
            inboxes:

            """
        for sender in senders {
            yaml += "  - name: \(sender)\n    path: \(sender)/inbox\n    settle: 100ms\n    partialGrace: 1s\n"
            if let trait = DemoStage.traits[sender] { yaml += "    \(trait)\n" }
        }
        try Data(yaml.utf8).write(to: configurationFile)
        return try Configuration.load(
            explicit: FilePath(configurationFile.path), environment: DemoStage.environment,
            currentDirectory: FilePath(root.path))
    }

    func makeLogger() throws -> Logger {
        let file = try FileDescriptor.open(
            FilePath(root.appendingPathComponent("sluice.log").path), .writeOnly, options: [.create, .exclusiveCreate],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        return Logger(Configuration.Log(format: .text, level: .info), output: LogOutput(file))
    }

    /// Drops the samples as senders should: under a temporary name, then renamed.
    ///
    /// - Returns: how many there are.
    func dropSamples() throws -> Int {
        var count = 0
        for sender in senders {
            let folder = URL(fileURLWithPath: samples.textPath).appendingPathComponent(sender)
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
                let part = inbox(of: sender).appendingPathComponent(name + ".part")
                try FileManager.default.copyItem(at: folder.appendingPathComponent(name), to: part)
                try FileManager.default.moveItem(at: part, to: inbox(of: sender).appendingPathComponent(name))
                count += 1
            }
        }
        return count
    }

    private func inbox(of sender: String) -> URL {
        root.appendingPathComponent(sender).appendingPathComponent("inbox")
    }

    /// One line a drop: name, outcome, code, reference, what to do.
    static func printLine(_ result: DropResult) {
        let color: Output.Color =
            switch result.outcome {
            case .accepted: .green
            case .duplicate: .yellow
            case .failed: .red
            }
        let name = "\(result.drop.inbox)/\(result.drop.name)"
        let outcome = padded(result.outcome.rawValue, 9)
        let code = padded(result.problem?.code.rawValue ?? "–", 16)
        let reference = padded(result.batches.first?.batch.reference ?? "–", 25)
        let advice =
            switch result.outcome {
            case .accepted: "Nothing to do."
            case .duplicate: "Nothing to do: \(result.duplicateOf?.description ?? "the same") was accepted before."
            case .failed: result.action
            }
        Output.line("\(padded(name, 46)) \(Output.colored(outcome, color)) \(code) \(reference) \(advice)")
    }

    /// The folders as they are now.
    func printTree() {
        Output.line("\n\(Output.colored("Where everything is now", .bold))")
        for sender in senders {
            Output.line("  \(sender)/")
            for folder in ["inbox", ".work", "done", "failed"] {
                let path = root.appendingPathComponent(sender).appendingPathComponent(folder).path
                let names = (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? []
                Output.line("    \(folder)/\(names.isEmpty ? "  (empty)" : "")")
                for name in names { Output.line("      \(name)") }
            }
        }
    }

    /// The result with the most to say, in full.
    func printOneFailure(of results: [DropResult]) {
        let failed = results.filter { $0.outcome == .failed }
        guard let worst = failed.max(by: { $0.problem?.findingCount ?? 0 < $1.problem?.findingCount ?? 0 }) else {
            return
        }
        let file = "\(worst.drop.inbox)/failed/\(worst.drop.name).result.json"
        Output.line("\n\(Output.colored("What an admin reads: \(file)", .bold))")
        let path = root.appendingPathComponent(file)
        if let text = try? String(contentsOf: path, encoding: .utf8) {
            Output.line(text.trimmingCharacters(in: .newlines))
        }
    }

    /// Filled up with spaces, or cut with an ellipsis.
    private static func padded(_ text: String, _ width: Int) -> String {
        if text.count > width { return text.prefix(width - 1) + "…" }
        return text + String(repeating: " ", count: width - text.count)
    }
}
