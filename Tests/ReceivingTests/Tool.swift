import Foundation
import Subprocess
import Synchronization
import SystemPackage
import TestSupport

/// A program of the system's under way, and what it says.
final class Tool: Sendable {
    struct Ended: Sendable {
        let status: Int32
        let output: String
    }

    /// The process while it lives: its number may be another's afterwards.
    private final class Child: Sendable {
        private enum State {
            /// A busy machine may let the program speak before its number is told here.
            case starting(signals: [Int32])
            case alive(ProcessIdentifier)
            case ended(Int32)
        }

        private let state = Mutex(State.starting(signals: []))

        var status: Int32? { state.withLock { if case .ended(let status) = $0 { status } else { nil } } }

        func begin(_ process: ProcessIdentifier) {
            state.withLock { state in
                if case .starting(let signals) = state { for signal in signals { kill(process.value, signal) } }
                state = .alive(process)
            }
        }

        func end(_ status: Int32) {
            state.withLock { $0 = .ended(status) }
        }

        func signal(_ signal: Int32) {
            state.withLock { state in
                switch state {
                case .starting(let signals): state = .starting(signals: signals + [signal])
                case .alive(let process): kill(process.value, signal)
                case .ended: break
                }
            }
        }
    }

    private let name: String
    private let child = Child()
    private let outputFile: URL

    /// - Parameters:
    ///   - input: what it reads.
    ///   - folder: where input and output are kept.
    init(
        _ arguments: [String], input: String = "", environment: [String: String] = [:], in folder: TemporaryFolder
    ) throws {
        name = arguments.joined(separator: " ")
        let identifier = UUID().uuidString
        let inputFile = folder.url.appendingPathComponent("\(identifier).in")
        outputFile = folder.url.appendingPathComponent("\(identifier).out")
        try Data(input.utf8).write(to: inputFile)
        let reading = try FileDescriptor.open(FilePath(inputFile.path), .readOnly)
        let output = try FileDescriptor.open(
            FilePath(outputFile.path), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
        let errors = try output.duplicate()
        let variables = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"].merging(environment) { $1 }
        var options = PlatformOptions()
        // smbd ends its whole process group when it ends.
        options.processGroupID = 0
        Task { [child, options] in
            let status: Int32
            do {
                let result = try await Subprocess.run(
                    .path(FilePath(arguments[0])), arguments: Arguments(Array(arguments.dropFirst())),
                    environment: .custom(
                        Dictionary(
                            uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0), $1) })),
                    platformOptions: options, input: .fileDescriptor(reading, closeAfterSpawningProcess: true),
                    output: .fileDescriptor(output, closeAfterSpawningProcess: true),
                    error: .fileDescriptor(errors, closeAfterSpawningProcess: true)
                ) { execution in
                    child.begin(execution.processIdentifier)
                }
                switch result.terminationStatus {
                case .exited(let code): status = code
                case .signaled(let signal): status = 128 + signal
                }
            } catch {
                status = 127
            }
            child.end(status)
        }
    }

    deinit {
        signal(SIGKILL)
    }

    /// Both its output and its errors.
    var output: String { get throws { try String(contentsOf: outputFile, encoding: .utf8) } }

    var hasEnded: Bool { child.status != nil }

    /// The exit status; 128 and more for a signal.
    var status: Int32 {
        get async throws {
            try await eventually("\(name) has ended") { hasEnded }
            return child.status ?? -1
        }
    }

    /// Sends a signal, once the program has started.
    func signal(_ signal: Int32) {
        child.signal(signal)
    }

    /// Ends the process as it wants to be ended.
    func stop() async throws {
        signal(SIGTERM)
        _ = try await status
    }

    /// Runs a program to its end.
    static func run(_ arguments: [String], input: String = "", in folder: TemporaryFolder) async throws -> Ended {
        let tool = try Tool(arguments, input: input, in: folder)
        let status = try await tool.status
        return Ended(status: status, output: try tool.output)
    }
}
