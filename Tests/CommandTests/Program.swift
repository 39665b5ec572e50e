import Foundation
import Subprocess
import Synchronization
import SystemPackage

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
    ///
    /// - Parameter wrapper: a program with arguments that runs it, `setpriv` for one.
    static func run(
        _ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:], under wrapper: [String] = []
    ) async throws -> Ended {
        let running = try Running(arguments, in: folder, environment: environment, under: wrapper)
        let status = try await running.status
        return Ended(status: status, output: try running.output, errors: try running.errors)
    }

    /// The program under way.
    final class Running: Sendable {
        private let ended: Task<Int32, any Error>
        private let child = Child()
        private let outputFile: FilePath
        private let errorFile: FilePath

        /// - Parameter wrapper: a program with arguments that runs it, `setpriv` for one.
        init(
            _ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:],
            under wrapper: [String] = []
        ) throws {
            let line = wrapper + [Program.executable.path] + arguments
            let base = FilePath(FileManager.default.temporaryDirectory.path)
                .appending("sluice-run-\(UUID().uuidString)")
            outputFile = FilePath(base.string + ".out")
            errorFile = FilePath(base.string + ".err")
            let output = try FileDescriptor.open(
                outputFile, .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
            let errors = try FileDescriptor.open(
                errorFile, .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
            let variables = ["PATH": "/usr/bin:/bin", "HOME": "/tmp"].merging(environment) { $1 }
            ended = Task { [child] in
                defer { child.end() }
                let result = try await Subprocess.run(
                    .path(FilePath(line[0])), arguments: Arguments(Array(line.dropFirst())),
                    environment: .custom(
                        Dictionary(
                            uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0), $1) })),
                    workingDirectory: folder.map { FilePath($0.path) }, input: .none,
                    output: .fileDescriptor(output, closeAfterSpawningProcess: true),
                    error: .fileDescriptor(errors, closeAfterSpawningProcess: true)
                ) { execution in
                    child.begin(execution.processIdentifier)
                }
                switch result.terminationStatus {
                case .exited(let status): return status
                case .signaled(let signal): return 128 + signal
                }
            }
        }

        deinit {
            signal(SIGKILL)
            unlink(outputFile.string)
            unlink(errorFile.string)
        }

        /// The exit status; 128 and more for a signal.
        var status: Int32 { get async throws { try await ended.value } }
        var output: String { get throws { try String(contentsOfFile: outputFile.string, encoding: .utf8) } }
        var errors: String { get throws { try String(contentsOfFile: errorFile.string, encoding: .utf8) } }

        /// The most memory that the program has held so far, in bytes; `nil` once it has ended.
        var peakMemory: Int? {
            get throws {
                guard let process else { return nil }
                let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
                let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
                return line.flatMap { Int($0.filter(\.isNumber)) }.map { $0 * 1024 }
            }
        }

        /// Whether it has ended.
        var hasEnded: Bool { child.hasEnded }

        /// The process's number while it runs.
        var process: pid_t? { child.process }

        /// Sends a signal, once the program has started.
        func signal(_ signal: Int32) { child.signal(signal) }
    }

    /// The process while it lives: its number may be another's afterwards.
    final class Child: Sendable {
        private enum State {
            /// A busy machine may let the program speak before its number is told here.
            case starting(signals: [Int32])
            case alive(ProcessIdentifier)
            case ended
        }

        private let state = Mutex(State.starting(signals: []))

        var process: pid_t? { state.withLock { if case .alive(let process) = $0 { process.value } else { nil } } }

        var hasEnded: Bool { state.withLock { if case .ended = $0 { true } else { false } } }

        func begin(_ process: ProcessIdentifier) {
            state.withLock { state in
                if case .starting(let signals) = state { for signal in signals { kill(process.value, signal) } }
                state = .alive(process)
            }
        }

        func end() {
            state.withLock { $0 = .ended }
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
}
