import Foundation

/// The built program, run as a user runs it.
struct Program {
    struct Ended {
        let status: Int32
        let output: String
        let errors: String
    }

    /// Beside the test runner.
    static var executable: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("sluice")
    }

    /// Runs the program to its end.
    static func run(
        _ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:]
    ) async throws -> Ended {
        let running = try Running(arguments, in: folder, environment: environment)
        let status = await running.status
        return Ended(status: status, output: try running.output, errors: try running.errors)
    }

    /// The program under way.
    final class Running: Sendable {
        private let process: Process
        private let ended: Task<Int32, Never>
        private let outputFile: URL
        private let errorFile: URL

        init(_ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:]) throws {
            let process = Process()
            process.executableURL = Program.executable
            process.arguments = arguments
            if let folder { process.currentDirectoryURL = folder }
            process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/tmp"].merging(environment) { $1 }
            let base = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-run-\(UUID().uuidString)")
            outputFile = base.appendingPathExtension("out")
            errorFile = base.appendingPathExtension("err")
            for file in [outputFile, errorFile] { try Data().write(to: file) }
            process.standardOutput = try FileHandle(forWritingTo: outputFile)
            process.standardError = try FileHandle(forWritingTo: errorFile)
            process.standardInput = FileHandle.nullDevice
            let (statuses, continuation) = AsyncStream.makeStream(of: Int32.self)
            process.terminationHandler = { continuation.yield($0.terminationStatus) }
            try process.run()
            self.process = process
            ended = Task {
                for await status in statuses { return status }
                return -1
            }
        }

        deinit {
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            for file in [outputFile, errorFile] { unlink(file.path) }
        }

        var status: Int32 { get async { await ended.value } }
        var isRunning: Bool { process.isRunning }
        var output: String { get throws { try String(contentsOf: outputFile, encoding: .utf8) } }
        var errors: String { get throws { try String(contentsOf: errorFile, encoding: .utf8) } }

        func signal(_ signal: Int32) {
            kill(process.processIdentifier, signal)
        }
    }
}
