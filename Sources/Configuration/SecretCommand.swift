/// A program whose output is a secret.
struct SecretCommand {
    private let program: TimedProgram
    private let timeout: Duration

    init(_ words: [String], environment: [String: String], timeout: Duration) {
        program = TimedProgram(words, environment: environment, timeout: timeout)
        self.timeout = timeout
    }

    func run() async throws(SecretError) -> Secret {
        let name = program.program
        switch await program.run() {
        case .timedOut: throw .commandTimedOut(name, after: timeout)
        case .notStarted(let reason): throw .commandNotStarted(name, reason)
        case .ended(.exited(0), let output): return try secret(output)
        case .ended(.exited(let code), _): throw .commandFailed(name, status: "exit status \(code)")
        case .ended(.signaled(let signal), _): throw .commandFailed(name, status: "ended by signal \(signal)")
        }
    }

    private func secret(_ output: [UInt8]) throws(SecretError) -> Secret {
        guard let text = String(validating: output, as: UTF8.self)?.trimming(\.isWhitespace) else {
            throw .commandWroteNoText(program.program)
        }
        guard !text.isEmpty else { throw .commandWroteNothing(program.program) }
        guard !text.contains(where: \.isNewline) else { throw .commandWroteNoText(program.program) }
        return Secret(text)
    }
}
