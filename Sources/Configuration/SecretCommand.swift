import Subprocess
import SystemPackage

/// A program whose output is a secret. It is run as it is written: no shell sees its arguments.
struct SecretCommand {
    private let program: String
    private let arguments: [String]
    private let environment: [String: String]
    private let timeout: Duration

    init(_ words: [String], environment: [String: String], timeout: Duration) {
        program = words.first ?? ""
        arguments = Array(words.dropFirst())
        self.environment = environment
        self.timeout = timeout
    }

    private enum Outcome: Sendable {
        case ended(TerminationStatus, output: [UInt8])
        case notStarted(String)
        case timedOut
    }

    func run() async throws(SecretError) -> Secret {
        switch await race() {
        case .timedOut: throw .commandTimedOut(program, after: timeout)
        case .notStarted(let reason): throw .commandNotStarted(program, reason)
        case .ended(.exited(0), let output): return try secret(output)
        case .ended(.exited(let code), _): throw .commandFailed(program, status: "exit status \(code)")
        case .ended(.signaled(let signal), _): throw .commandFailed(program, status: "ended by signal \(signal)")
        }
    }

    private func secret(_ output: [UInt8]) throws(SecretError) -> Secret {
        guard let text = String(validating: output, as: UTF8.self)?.trimming(\.isWhitespace) else {
            throw .commandWroteNoText(program)
        }
        guard !text.isEmpty else { throw .commandWroteNothing(program) }
        guard !text.contains(where: \.isNewline) else { throw .commandWroteNoText(program) }
        return Secret(text)
    }

    /// Whichever is first, the program or the clock. A program that is cancelled is killed, so neither outlives this.
    private func race() async -> Outcome {
        await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await execute() }
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

    private func execute() async -> Outcome {
        do {
            let pipe = try OutputPipe()
            let status = try await start(output: pipe.writeEnd)
            return .ended(status, output: try pipe.readWhatIsThere())
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

    private func start(output: FileDescriptor) async throws -> TerminationStatus {
        var options = PlatformOptions()
        // A group of its own, so that what the program started is killed with it.
        options.processGroupID = 0
        options.teardownSequence = [.send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)]
        let variables = environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }
        let result = try await Subprocess.run(
            program.contains("/") ? .path(FilePath(program)) : .name(program),
            arguments: Arguments(arguments),
            environment: .custom(Dictionary(variables) { first, _ in first }),
            platformOptions: options,
            output: .fileDescriptor(output, closeAfterSpawningProcess: true), error: .discarded)
        return result.terminationStatus
    }
}
