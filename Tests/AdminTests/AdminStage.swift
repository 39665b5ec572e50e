import AsyncHTTPClient
import FileSystem
import Foundation
import Logging
import Model
import NIOCore
import NIOHTTP1
import Sandbox
import Service
import SluiceConfiguration
import Synchronization
import SystemPackage
import TestSupport

@testable import Admin

/// A service with a sandbox, folders and the admin server on a socket, for as long as a test's body takes.
final class AdminStage: Sendable {
    static let token = "the-token-of-the-tests"

    let folder: TemporaryFolder
    let sandbox: Sandbox
    let service: SluiceService
    let port: Int
    private let client: HTTPClient
    private let filed: Filed
    /// What the admin server wrote to the log.
    let log: LogLines

    /// Counts what is filed.
    final class Filed: Sendable {
        private let names = Mutex<[FileName]>([])

        func note(_ event: ServiceEvent) {
            if case .filed(let result, _) = event { names.withLock { $0.append(result.drop.name) } }
        }

        var all: [FileName] { names.withLock { $0 } }
    }

    private init(
        _ folder: TemporaryFolder, _ sandbox: Sandbox, _ service: SluiceService, _ filed: Filed, _ log: LogLines,
        port: Int, _ client: HTTPClient
    ) {
        self.folder = folder
        self.sandbox = sandbox
        self.service = service
        self.filed = filed
        self.log = log
        self.port = port
        self.client = client
    }

    /// - Parameters:
    ///   - inboxes: their names; each has a folder of its own.
    ///   - token: `nil`: none is configured.
    ///   - more: lines of every inbox.
    static func run(
        inboxes: [String] = ["erp"], token: String? = AdminStage.token, more: String = "",
        time: any TimeSource = SystemTime(), _ body: @escaping @Sendable (AdminStage) async throws -> Void
    ) async throws {
        let options = SandboxOptions(requestsPerMinute: nil)
        try await Sandbox.withServer(options) { sandbox, address in
            let folder = try TemporaryFolder()
            let environment = ["SLUICE_TEST_SECRET": "a-secret-of-the-tests"]
            for inbox in inboxes { _ = try folder.subfolder("\(inbox)/inbox") }
            try folder.url.write(yaml(inboxes, address, more), as: "sluice.yaml")
            let configuration = try Configuration.load(
                explicit: folder.path.appending("sluice.yaml"), environment: environment,
                currentDirectory: folder.path)
            let filed = Filed()
            let log = LogLines()
            let service = try SluiceService(
                configuration, SluiceService.Options(version: "test", environment: environment),
                time: time
            ) { filed.note($0) }
            try await serve(service, token, log) { port in
                var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
                configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 100
                let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
                let stage = AdminStage(folder, sandbox, service, filed, log, port: port, client)
                do {
                    try await body(stage)
                } catch {
                    try await client.shutdown()
                    throw error
                }
                try await client.shutdown()
            }
        }
    }

    private static func serve(
        _ service: SluiceService, _ token: String?, _ log: LogLines,
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let admin = AdminServer(
            AdminServer.Settings(
                listen: Configuration.ListenAddress(host: "127.0.0.1", port: 0), token: token.map { Secret($0) },
                version: "test"), service: service, logger: Logger(label: "test") { _ in log }
        ) { listening.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            group.addTask { try await admin.run() }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { throw CancellationError() }
            try await eventually("the service is ready") { service.monitor.current.isReady }
            defer { group.cancelAll() }
            try await body(port)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private static func yaml(_ inboxes: [String], _ address: SandboxAddress, _ more: String) -> String {
        let each = inboxes.map { name in
            """
              - name: \(name)
                path: \(name)/inbox
                settle: 0s
                partialGrace: 500ms
            \(more.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n"))
            """
        }
        return """
            state: state
            schemas: \(repository.appendingPathComponent("schemas").path)
            api:
              url: \(address.apiURL)
              tokenURL: \(address.tokenURL)
              audience: test
              clientID: test
              clientSecret: {env: SLUICE_TEST_SECRET}
            retry: {base: 10ms, cap: 20ms}
            inboxes:
            \(each.joined(separator: "\n"))

            """
    }

    // MARK: Dropping

    func path(_ inbox: String = "erp", _ name: String = "inbox") -> URL {
        folder.url.appendingPathComponent("\(inbox)/\(name)")
    }

    /// Drops a file as senders should, and waits until it is filed.
    func drop(_ content: String, as name: FileName, in inbox: String = "erp") async throws {
        let before = filed.all.count { $0 == name }
        try put(content, as: name, in: inbox)
        try await eventually("\(name) is filed") { filed.all.count { $0 == name } > before }
    }

    func drop(_ content: String, as name: String, in inbox: String = "erp") async throws {
        try await drop(content, as: FileName(name), in: inbox)
    }

    func put(_ content: String, as name: FileName, in inbox: String = "erp") throws {
        let directory = try Directory(opening: FilePath(path(inbox).path))
        let part = FileName(".\(UUID().uuidString).part")
        let file = try OpenFile(creating: part, in: directory, .exclusive(mode: 0o644))
        try file.write(Array(content.utf8))
        guard try directory.move(part, to: directory, as: name) else { throw CocoaError(.fileWriteFileExists) }
    }

    static func account(_ reference: String, amount: String = "10.50") -> String {
        #"{"accounts": [{"clientReferenceId": "\#(reference)", "invoiceNumber": "1", "outstandingAmount": \#(amount)}]}"#
    }

    /// The names in an inbox's failed folder.
    func failed(_ inbox: String = "erp") throws -> [String] {
        let folder = path(inbox, "failed")
        return FileManager.default.fileExists(atPath: folder.path) ? try folder.names : []
    }

    // MARK: Asking

    struct Page: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: String

        func has(_ text: String) -> Bool { body.contains(text) }
        var location: String? { header("Location") }
        func header(_ name: String) -> String? { headers.first(name: name) }

        /// What stands in the first place that fits, by a pattern with one group.
        func first(_ pattern: String) throws -> String? {
            try body.firstMatch(of: Regex(pattern)).flatMap { $0[1].substring.map(String.init) }
        }

        func count(of text: String) -> Int { body.components(separatedBy: text).count - 1 }
    }

    var host: String { "127.0.0.1:\(port)" }

    func send(
        _ method: String, _ path: String, headers: KeyValuePairs<String, String> = [:], body: String? = nil
    ) async throws -> Page {
        var request = HTTPClientRequest(url: "http://\(host)\(path)")
        request.method = HTTPMethod(rawValue: method)
        if body != nil { request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded") }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await client.execute(request, timeout: .seconds(30))
        let content = try await response.body.collect(upTo: 1 << 26)
        return Page(
            status: Int(response.status.code), headers: response.headers,
            body: String(decoding: content.readableBytesView, as: UTF8.self))
    }

    func get(_ path: String, cookie: String? = nil) async throws -> Page {
        try await send("GET", path, headers: cookie.map { ["Cookie": $0] } ?? [:])
    }

    /// The bytes of an answer as they come, for as long as `body` reads.
    func stream<Answer>(
        _ path: String, _ body: (HTTPClientResponse) async throws -> Answer
    ) async throws -> Answer {
        try await body(try await client.execute(HTTPClientRequest(url: "http://\(host)\(path)"), timeout: .seconds(60)))
    }

    /// Somebody who is logged in.
    struct Admin: Sendable {
        let cookie: String
        let csrf: String
    }

    func logIn() async throws -> Admin {
        let answer = try await send("POST", "/login", body: "token=\(AdminStage.token)&next=/failed")
        guard answer.status == 303, let cookie = answer.header("Set-Cookie")?.split(separator: ";").first
        else { throw CocoaError(.userActivityConnectionUnavailable) }
        let page = try await get("/failed", cookie: String(cookie))
        guard let csrf = try page.first(#"name="csrf" value="([0-9a-f]+)""#) else {
            throw CocoaError(.userActivityHandoffUserInfoTooLarge)
        }
        return Admin(cookie: String(cookie), csrf: csrf)
    }

    func act(_ admin: Admin, _ path: String, _ more: String = "") async throws -> Page {
        try await send("POST", path, headers: ["Cookie": admin.cookie], body: "csrf=\(admin.csrf)\(more)")
    }
}
