import Subprocess
import SystemPackage

/// A program that is run as it is written: no shell sees its arguments. It has so much time, and is killed then,
/// together with what it started.
package struct TimedProgram: Sendable {
    package enum Outcome: Sendable {
        case ended(Status, output: [UInt8])
        /// Why, in a person's words.
        case notStarted(String)
        case timedOut
    }

    package enum Status: Sendable, Hashable {
        case exited(Int32)
        case signaled(Int32)

        /// `exit status 1`, `signal 9`.
        package var words: String {
            switch self {
            case .exited(let code): "exit status \(code)"
            case .signaled(let signal): "signal \(signal)"
            }
        }
    }

    /// Without a slash it is looked up in `$PATH`.
    let program: String
    private let arguments: [String]
    private let environment: [String: String]
    private let timeout: Duration

    package init(_ words: [String], environment: [String: String], timeout: Duration) {
        program = words.first ?? ""
        arguments = Array(words.dropFirst())
        self.environment = environment
        self.timeout = timeout
    }

    /// Whichever is first, the program or the clock. A program that is cancelled is killed, so neither outlives this.
    ///
    /// - Parameter input: what it reads from its standard input, at most 64 KiB; `nil`: nothing.
    package func run(input: [UInt8]? = nil) async -> Outcome {
        await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await execute(input) }
            group.addTask {
                do {
                    try await Task.sleep(for: timeout)
                } catch {
                    // Cancelled: the program was first, and nobody looks at this outcome.
                }
                return .timedOut
            }
            let first = await group.next() ?? .timedOut
            group.cancelAll()
            return first
        }
    }

    private func execute(_ input: [UInt8]?) async -> Outcome {
        do {
            let output = try OutputPipe()
            let status =
                if let input {
                    try await start(
                        input: .fileDescriptor(InputPipe.filled(with: input), closeAfterSpawningProcess: true), output)
                } else {
                    try await start(input: .none, output)
                }
            return .ended(status, output: try output.readWhatIsThere())
        } catch let error as SubprocessError where error.code == .executableNotFound {
            return .notStarted("there is no such program")
        } catch let error as SubprocessError {
            return .notStarted(error.underlyingError?.description ?? "the system refused")
        } catch let error as Errno {
            return .notStarted(error.description)
        } catch {
            return .notStarted("the system refused")
        }
    }

    private func start(input: some InputProtocol, _ output: OutputPipe) async throws -> Status {
        var options = PlatformOptions()
        // A group of its own, so that what the program started is killed with it.
        options.processGroupID = 0
        options.teardownSequence = [.send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)]
        let variables = environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }
        let result = try await Subprocess.run(
            program.contains("/") ? .path(FilePath(program)) : .name(program),
            arguments: Arguments(arguments),
            environment: .custom(Dictionary(variables) { first, _ in first }),
            platformOptions: options, input: input,
            output: .fileDescriptor(output.writeEnd, closeAfterSpawningProcess: true), error: .discarded)
        return switch result.terminationStatus {
        case .exited(let code): .exited(code)
        case .signaled(let signal): .signaled(signal)
        }
    }
}
