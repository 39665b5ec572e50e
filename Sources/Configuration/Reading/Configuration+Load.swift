import SystemPackage

extension Configuration {
    /// The last place to look, after `--config`, `$SLUICE_CONFIG` and `./sluice.yaml`.
    package static let systemFile: FilePath = "/etc/sluice/sluice.yaml"

    /// Finds, reads and checks the configuration.
    ///
    /// A file that is named, by `--config` or `$SLUICE_CONFIG`, must exist; an empty `$SLUICE_CONFIG` names none.
    package static func load(
        explicit: FilePath?, environment: [String: String], currentDirectory: FilePath,
        systemFile: FilePath = Configuration.systemFile
    ) throws(ConfigurationError) -> Configuration {
        let fromEnvironment = environment["SLUICE_CONFIG"].flatMap { $0.isEmpty ? nil : FilePath($0) }
        if let named = explicit ?? fromEnvironment {
            let file = currentDirectory.pushing(named).lexicallyNormalized()
            guard let text = try read(file) else {
                let why = explicit == nil ? "there is no such file; $SLUICE_CONFIG names it" : "there is no such file"
                throw ConfigurationError(file: file, why)
            }
            return try parse(text, file: file, environment: environment, currentDirectory: currentDirectory)
        }
        let local = currentDirectory.appending("sluice.yaml")
        for file in [local, systemFile] {
            guard let text = try read(file) else { continue }
            return try parse(text, file: file, environment: environment, currentDirectory: currentDirectory)
        }
        throw ConfigurationError(
            file: local, "there is no such file, nor \(systemFile); write one, or name one with --config")
    }

    /// The text of a file; `nil`: there is none.
    private static func read(_ file: FilePath) throws(ConfigurationError) -> String? {
        let bytes: [UInt8]
        do {
            bytes = try FileContent.read(file, atMost: 4_000_000)
        } catch .call(_, .noSuchFileOrDirectory) {
            return nil
        } catch {
            throw ConfigurationError(file: file, error.description)
        }
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }
        throw ConfigurationError(problems: [
            ConfigurationProblem(
                file: file, line: line.map { $0 + 1 }, column: line.map { _ in 1 }, keyPath: "",
                message: "this line is not UTF-8")
        ])
    }
}

extension ConfigurationError {
    fileprivate init(file: FilePath, _ message: String) {
        self.init(problems: [
            ConfigurationProblem(file: file, line: nil, column: nil, keyPath: "", message: message)
        ])
    }
}
