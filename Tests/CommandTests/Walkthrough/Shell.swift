import Foundation
import Subprocess
import SystemPackage
import TestSupport

/// A shell that is given one script after the other, as somebody at a terminal would.
final class Shell: Sendable {
    struct Ended: Sendable {
        var status: Int32
        /// Both its output and its errors.
        var output: String
    }

    private let folder: TemporaryFolder
    private let say: @Sendable (String) async throws -> Void

    private init(_ folder: TemporaryFolder, _ say: @escaping @Sendable (String) async throws -> Void) {
        self.folder = folder
        self.say = say
    }

    /// Starts one in a folder for as long as `body` takes. What runs in its background ends with it.
    static func run(
        in place: TemporaryFolder, environment: [String: String],
        _ body: @escaping @Sendable (Shell) async throws -> Void
    ) async throws {
        let variables = Dictionary(
            uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), $1) })
        let own = try TemporaryFolder()
        _ = try await Subprocess.run(
            .path("/bin/bash"), arguments: ["-s"], environment: .custom(variables), workingDirectory: place.path,
            input: .inputWriter, output: .discarded, error: .discarded
        ) { execution in
            let writer = execution.standardInputWriter
            let shell = Shell(own) { _ = try await writer.write($0) }
            try await shell.say("trap 'kill $(jobs -p)' EXIT\n")
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(shell))
            } catch {
                result = .failure(error)
            }
            try await writer.finish()
            try result.get()
        }
    }

    /// Runs a script, which may change the shell's folder and variables.
    func run(_ script: String) async throws -> Ended {
        let path = folder.url.appendingPathComponent(UUID().uuidString).path
        try Data(script.utf8).write(to: URL(fileURLWithPath: path))
        try await say(
            "source \(path) </dev/null >\(path).out 2>&1; echo $? >\(path).part; mv \(path).part \(path).status\n")
        try await eventually("the script ends: \(script)") { FileManager.default.fileExists(atPath: path + ".status") }
        let status = try String(contentsOfFile: path + ".status", encoding: .utf8)
        return Ended(
            status: Int32(status.trimmingCharacters(in: .newlines)) ?? -1,
            output: try String(contentsOfFile: path + ".out", encoding: .utf8))
    }
}
