import Delivery
import FileSystem
import Foundation
import JSONText
import Model
import Sandbox
import Service
import SluiceConfiguration
import Synchronization
import SystemPackage
import TestSupport

/// A service with a sandbox and real folders, for as long as a test's body takes.
final class Stage: Sendable {
    let folder: TemporaryFolder
    let sandbox: Sandbox
    let address: SandboxAddress
    let time: any TimeSource
    private let events = Mutex<[ServiceEvent]>([])

    static let environment = ["SLUICE_TEST_SECRET": "a-secret-of-the-tests"]

    /// - Parameters:
    ///   - top: more lines at the top level of the configuration.
    ///   - api: more lines of the section `api`.
    ///   - inbox: more lines of the inbox `erp`; `settle` is 0s and `partialGrace` 500ms unless it says otherwise.
    static func run(
        top: String = "", inbox: String = "", api: [String] = [],
        options: SandboxOptions = SandboxOptions(requestsPerMinute: nil),
        time: any TimeSource = SystemTime(), clock: SandboxClock = .system,
        _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await Sandbox.withServer(options, clock: clock) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address, time: time)
            try stage.writeConfiguration(top: top, inbox: inbox, api: api)
            try await stage.whileServing { try await body(stage) }
        }
    }

    init(sandbox: Sandbox, address: SandboxAddress, time: any TimeSource = SystemTime()) throws {
        folder = try TemporaryFolder()
        self.sandbox = sandbox
        self.address = address
        self.time = time
        try FileManager.default.createDirectory(at: inbox, withIntermediateDirectories: true)
    }

    var inbox: URL { folder.url.appendingPathComponent("erp/inbox") }
    var done: URL { folder.url.appendingPathComponent("erp/done") }
    var failed: URL { folder.url.appendingPathComponent("erp/failed") }
    var work: URL { folder.url.appendingPathComponent("erp/.work") }
    var configurationFile: URL { folder.url.appendingPathComponent("sluice.yaml") }

    /// Where the sandbox speaks TLS, its authority is trusted.
    private func authorityLine() throws -> String {
        guard let authority = sandbox.authority else { return "" }
        try folder.url.write(authority, as: "ca.pem")
        return "ca: \(folder.url.appendingPathComponent("ca.pem").path)"
    }

    func writeConfiguration(top: String = "", inbox: String = "", api: [String] = []) throws {
        let settle = inbox.contains("settle:") ? "" : "settle: 0s"
        let grace = inbox.contains("partialGrace:") ? "" : "partialGrace: 500ms"
        let lines = [settle, grace] + inbox.split(separator: "\n").map(String.init)
        let yaml = """
            state: state
            schemas: \(Stage.repository.appendingPathComponent("schemas").path)
            api:
              url: \(address.apiURL)
              tokenURL: \(address.tokenURL)
              audience: test
              clientID: test
              clientSecret: {env: SLUICE_TEST_SECRET}
              timeout: 5s
            \(([try authorityLine()] + api).filter { !$0.isEmpty }.map { "  \($0)" }.joined(separator: "\n"))
            admin: {listen: none}
            \(top.isEmpty ? "retry: {base: 10ms, cap: 20ms}" : top)
            inboxes:
              - name: erp
                path: erp/inbox
            \(lines.filter { !$0.isEmpty }.map { "    \($0)" }.joined(separator: "\n"))
            """
        try Data((yaml + "\n").utf8).write(to: configurationFile)
    }

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    func configuration() throws -> Configuration {
        try Configuration.load(
            explicit: FilePath(configurationFile.path), environment: Stage.environment,
            currentDirectory: folder.path)
    }

    func makeService(once: Bool = false) throws -> SluiceService {
        try SluiceService(
            configuration(), SluiceService.Options(version: "test", once: once, environment: Stage.environment),
            time: time
        ) { [self] event in events.withLock { $0.append(event) } }
    }

    /// Runs a service until `body` is done, then stops it.
    func whileServing(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let service = try makeService()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    // MARK: Dropping and looking

    /// Drops a file as senders should: under a temporary name, then renamed.
    func drop(_ content: String, as name: String) throws {
        try drop(Array(content.utf8), as: FileName(name))
    }

    func drop(_ content: [UInt8], as name: FileName) throws {
        let directory = try Directory(opening: FilePath(inbox.path))
        let part = FileName(".\(UUID().uuidString).part")
        let file = try OpenFile(creating: part, in: directory, .exclusive(mode: 0o644))
        try file.write(content)
        guard try directory.move(part, to: directory, as: name) else { throw CocoaError(.fileWriteFileExists) }
    }

    /// Waits until a drop is filed, and reads its result.
    func result(of name: String) async throws -> ResultFile {
        try await eventually("\(name) is filed") {
            try [done, failed].contains { try Stage.names(in: $0).contains(name) }
        }
        let isDone = try Stage.names(in: done).contains(name)
        let sidecar = (isDone ? done : failed).appendingPathComponent("\(name).result.json")
        return try ResultFile(Array(Data(contentsOf: sidecar)), isDone: isDone)
    }

    /// The drops that were filed so far, by the events.
    var filed: [DropResult] {
        events.withLock { events in events.compactMap { if case .filed(let result, _) = $0 { result } else { nil } } }
    }

    var allEvents: [ServiceEvent] { events.withLock { $0 } }

    var alerts: [AlertChange] { allEvents.compactMap { if case .alert(let change) = $0 { change } else { nil } } }

    /// Every request that was told of.
    var reports: [AttemptReport] {
        allEvents.compactMap { if case .delivery(.answered(let report)) = $0 { report } else { nil } }
    }

    /// How often submission began to pause by itself.
    var pauses: Int {
        allEvents.count { if case .delivery(.breaker(.opened(_, run: _))) = $0 { true } else { false } }
    }

    /// Waits until so many drops are filed.
    func waitForFiled(_ count: Int) async throws {
        try await eventually("\(count) drops are filed") { filed.count >= count }
    }

    /// The names in a folder, but for the note in `.work` that says which service has it; none where it is missing.
    static func names(in folder: URL) throws -> [String] {
        FileManager.default.fileExists(atPath: folder.path) ? try folder.names.filter { $0 != ".holder" } : []
    }

    /// A document with one account.
    static func account(_ reference: String, amount: String = "10.50") -> String {
        #"{"accounts": [{"clientReferenceId": "\#(reference)", "invoiceNumber": "1", "outstandingAmount": \#(amount)}]}"#
    }
}

/// A sidecar as an admin's tools read it.
struct ResultFile: Sendable {
    let json: JSONValue
    let isDone: Bool

    init(_ text: [UInt8], isDone: Bool) throws {
        json = try JSONDocument(parsing: text).root
        self.isDone = isDone
    }

    var outcome: String? { json["outcome"]?.string }
    var code: String? { json["code"]?.string }
    var duplicateOf: String? { json["duplicateOf"]?.string }
    var errors: [JSONValue] { json["errors"].map { Array($0.elements) } ?? [] }
    var batches: [JSONValue] { json["batches"].map { Array($0.elements) } ?? [] }
    var attempts: [JSONValue] { batches.flatMap { $0["attempts"].map { Array($0.elements) } ?? [] } }
    var reference: String? { batches.first?["reference"]?.string }
}
