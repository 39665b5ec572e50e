import Admin
import AsyncHTTPClient
import Foundation
import JSONText
import Logging
import Model
import NIOCore
import NIOHTTP1
import Sandbox
import Service
import SluiceConfiguration
import Subprocess
import SystemPackage
import TestSupport

/// A service with a sandbox, and its admin server on a port of its own.
struct APIStage: Sendable {
    static let token = "the-admin-token"
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    let folder: TemporaryFolder
    let service: SluiceService
    let base: String

    struct Answer: Sendable {
        var status: UInt
        var headers: HTTPHeaders
        var text: String

        /// The body as JSON.
        func json() throws -> JSONValue { try JSONDocument(parsing: Array(text.utf8)).root }
    }

    /// - Parameter token: `nil`: none is configured.
    static func run(
        token: String? = token, _ body: @escaping @Sendable (APIStage) async throws -> Void
    ) async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { _, address in
            let folder = try TemporaryFolder()
            try FileManager.default.createDirectory(
                at: folder.url.appendingPathComponent("erp/inbox"), withIntermediateDirectories: true)
            let yaml = """
                state: state
                schemas: \(repository.appendingPathComponent("schemas").path)
                api: {url: "\(address.apiURL)", tokenURL: "\(address.tokenURL)", audience: a, clientID: b, clientSecret: {env: X}}
                inboxes:
                  - {name: erp, path: erp/inbox, settle: 0s}

                """
            try folder.url.write(yaml, as: "sluice.yaml")
            let environment = ["X": "secret"]
            let configuration = try Configuration.load(
                explicit: FilePath(folder.url.appendingPathComponent("sluice.yaml").path), environment: environment,
                currentDirectory: folder.path)
            let service = try SluiceService(
                configuration, SluiceService.Options(version: "test", environment: environment)
            ) { _ in }
            let (ports, listening) = AsyncStream.makeStream(of: Int.self)
            let server = AdminServer(
                AdminServer.Settings(
                    listen: .init(host: "127.0.0.1", port: 0), token: token.map { Secret($0) }, version: "test"),
                service: service, logger: Logger(label: "admin") { _ in SwiftLogNoOpLogHandler() }
            ) { listening.yield($0) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await service.run() }
                group.addTask { try await server.run() }
                for await port in ports {
                    try await body(APIStage(folder: folder, service: service, base: "http://127.0.0.1:\(port)"))
                    break
                }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    func get(_ path: String) async throws -> Answer { try await send("GET", path) }

    func post(_ path: String, _ text: String = "", token: String? = token) async throws -> Answer {
        try await send("POST", path, text, headers: token.map { ["Authorization": "Bearer \($0)"] } ?? [:])
    }

    func send(
        _ method: String, _ path: String, _ text: String = "", headers: HTTPHeaders = [:]
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = HTTPMethod(rawValue: method)
        request.headers = headers
        if !text.isEmpty { request.body = .bytes(ByteBuffer(string: text)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 10 << 20)
        return Answer(status: response.status.code, headers: response.headers, text: String(buffer: body))
    }

    /// Drops a document of one account, and waits until it is filed.
    func drop(_ name: String, _ reference: String, amount: String = "1.50") async throws {
        let text = """
            {"accounts": [{"clientReferenceId": "\(reference)", "invoiceNumber": "1", "outstandingAmount": \(amount)}]}
            """
        try folder.url.write(text, as: "erp/inbox/.part")
        try FileManager.default.moveItem(
            at: folder.url.appendingPathComponent("erp/inbox/.part"),
            to: folder.url.appendingPathComponent("erp/inbox/\(name)"))
        try await eventually("\(name) is filed") {
            service.monitor.current.recent.contains { $0.drop.name.description == name }
        }
    }

    /// The identifier of the newest drop of a name.
    func id(of name: String) async throws -> String {
        let drops = try await get("/api/v1/drops").json()["drops"]
        let drop = drops?.elements.first { $0["name"]?.string == name }
        return drop?["id"]?.string ?? ""
    }

    struct Ended: Sendable {
        var isSuccess: Bool
        var output: String
    }

    /// Runs a program of the tests' Python packages (`scripts/setup --tests`).
    ///
    /// It runs in a folder of its own, for what it leaves behind.
    static func python(_ program: String, _ arguments: [String], input: String = "") async throws -> Ended {
        let folder = try TemporaryFolder()
        let path = repository.appendingPathComponent(".build/python/bin/\(program)").path
        let result = try await Subprocess.run(
            .path(FilePath(path)), arguments: Arguments(arguments), workingDirectory: folder.path,
            input: .string(input), output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        return Ended(
            isSuccess: result.terminationStatus.isSuccess,
            output: result.standardOutput + result.standardError)
    }
}
