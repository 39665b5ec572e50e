import SystemPackage
import Yams

extension Configuration {
    /// Reads and checks a configuration; the error holds all that is wrong with it.
    ///
    /// Relative paths start at the folder of `file`; only the default of `state` starts at `currentDirectory`.
    package static func parse(
        _ yaml: String, file: FilePath, environment: [String: String] = [:], currentDirectory: FilePath = "."
    ) throws(ConfigurationError) -> Configuration {
        let log = ProblemLog(file: file)
        let document = try YAMLDocument(yaml.withoutByteOrderMark, log: log)
        guard let root = document.root else { throw log.stop("is empty; it needs api and inboxes", at: .start) }
        let context = ReadingContext(
            log: log, repeated: document.repeated, directory: file.removingLastComponent())
        let field = Field(node: root, place: .start, path: "", context: context)
        guard let section = Section(field, .file) else { throw log.error }

        let configuration = read(
            section, source: file, defaultState: defaultState(environment, currentDirectory: currentDirectory))
        try log.check()
        return configuration
    }

    private static func read(_ section: Section, source: FilePath, defaultState: FilePath) -> Configuration {
        let api = API(section.required("api"))
        var configuration = Configuration(
            state: section["state"]?.filePath() ?? defaultState,
            schemas: section["schemas"]?.filePath() ?? Defaults.schemas,
            api: api,
            limits: Defaults.limits, retry: Defaults.retry, breaker: Defaults.breaker, batching: Defaults.batching,
            log: Defaults.log, admin: nil, alerts: [], inboxes: [], source: source,
            places: section.field.context.log.places)
        section.read("limits", into: &configuration.limits, Limits.init)
        section.read("retry", into: &configuration.retry, Retry.init)
        section.read("breaker", into: &configuration.breaker, Breaker.init)
        section.read("batching", into: &configuration.batching, Batching.init)
        section.read("log", into: &configuration.log, Log.init)
        configuration.admin = section["admin"].flatMap(Admin.init)
        section.read("alerts", into: &configuration.alerts) { $0.list(of: "alerts", Alert.init) }
        if let inboxes = section.required("inboxes") {
            configuration.inboxes = InboxReader.read(inboxes, state: configuration.state)
        }
        return configuration
    }

    /// systemd separates several state directories with colons; the first is the service's own.
    private static func defaultState(_ environment: [String: String], currentDirectory: FilePath) -> FilePath {
        if let first = environment["STATE_DIRECTORY"]?.split(separator: ":").first {
            return FilePath(String(first))
        }
        return currentDirectory.appending(Defaults.stateName).lexicallyNormalized()
    }
}

extension String {
    fileprivate var withoutByteOrderMark: String {
        unicodeScalars.first == "\u{FEFF}" ? String(unicodeScalars.dropFirst()) : self
    }
}
