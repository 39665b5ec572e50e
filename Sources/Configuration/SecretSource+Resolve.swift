import SystemPackage

/// Why a secret could not be had. Names the place and never shows what was there.
package enum SecretError: Error, Sendable, Equatable, CustomStringConvertible {
    case missingVariable(String)
    case emptyVariable(String)
    /// The path, and what the system said.
    case unreadableFile(FilePath, String)
    case emptyFile(FilePath)
    case notText(FilePath)
    /// `$CREDENTIALS_DIRECTORY` is not set: the service was not started by systemd with `LoadCredential=`.
    case noCredentialsDirectory(credential: String)
    case impossibleCredentialName
    case commandNotStarted(String, String)
    case commandFailed(String, status: String)
    case commandTimedOut(String, after: Duration)
    case commandWroteNothing(String)
    case commandWroteNoText(String)

    package var description: String {
        switch self {
        case .missingVariable(let name): "the environment variable \(name) is not set"
        case .emptyVariable(let name): "the environment variable \(name) is empty"
        case .unreadableFile(let path, let reason): "the secret file \(path) \(reason)"
        case .emptyFile(let path): "the secret file \(path) is empty"
        case .notText(let path): "the secret file \(path) is not one line of UTF-8 text"
        case .noCredentialsDirectory(let name):
            "the credential \(name) cannot be read: $CREDENTIALS_DIRECTORY is not set; "
                + "give the unit a LoadCredential=\(name):PATH"
        case .impossibleCredentialName: "a credential's name must be a file name without a slash"
        case .commandNotStarted(let program, let reason): "the secret command \(program) cannot be started: \(reason)"
        case .commandFailed(let program, let status): "the secret command \(program) failed: \(status)"
        case .commandTimedOut(let program, let limit):
            "the secret command \(program) was ended: it was not done within \(limit.shortText)"
        case .commandWroteNothing(let program): "the secret command \(program) wrote nothing"
        case .commandWroteNoText(let program):
            "the secret command \(program) did not write one line of UTF-8 text"
        }
    }
}

extension SecretSource {
    /// How long a command may take.
    package static let commandTimeout: Duration = .seconds(30)

    /// Fetches the secret. A file's last line end, and white space around a command's output, do not belong to it.
    package func resolve(
        environment: [String: String], commandTimeout: Duration = SecretSource.commandTimeout
    ) async throws(SecretError) -> Secret {
        switch self {
        case .literal(let text):
            return Secret(text)
        case .env(let name):
            guard let value = environment[name] else { throw .missingVariable(name) }
            guard !value.isEmpty else { throw .emptyVariable(name) }
            return Secret(value)
        case .file(let path):
            return try Self.read(path)
        case .credential(let name):
            guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else { throw .impossibleCredentialName }
            guard let directory = environment["CREDENTIALS_DIRECTORY"], !directory.isEmpty else {
                throw .noCredentialsDirectory(credential: name)
            }
            return try Self.read(FilePath(directory).appending(name))
        case .command(let words):
            return try await SecretCommand(words, environment: environment, timeout: commandTimeout).run()
        }
    }

    private static func read(_ path: FilePath) throws(SecretError) -> Secret {
        let bytes: [UInt8]
        do {
            bytes = try FileContent.read(path, atMost: 65_536)
        } catch {
            throw .unreadableFile(path, error.description)
        }
        guard var text = String(validating: bytes, as: UTF8.self) else { throw .notText(path) }
        // "\r\n" is one character.
        if text.last?.isNewline == true { text.removeLast() }
        guard !text.isEmpty else { throw .emptyFile(path) }
        guard !text.contains(where: \.isNewline) else { throw .notText(path) }
        return Secret(text)
    }
}
