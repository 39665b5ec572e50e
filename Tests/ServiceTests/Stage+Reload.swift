import FileSystem
import Foundation
import Inbox
import Model
import Sandbox
import Service
import SluiceConfiguration
import SystemPackage
import TestSupport

/// Stages with several inboxes, and with a configuration that changes while the service runs.
extension Stage {
    /// A sandbox and a folder with a configuration of these inboxes.
    static func prepare(
        inboxes: String, top: String = "", options: SandboxOptions = SandboxOptions(requestsPerMinute: nil),
        _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await Sandbox.withServer(options) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.write(inboxes: inboxes, top: top)
            try await body(stage)
        }
    }

    /// Writes a configuration whose list of inboxes is `inboxes`, a flow mapping a line.
    func write(inboxes: String, top: String = "", api: String = "clientID: test") throws {
        let yaml = """
            state: state
            schemas: \(Stage.repository.appendingPathComponent("schemas").path)
            api:
              url: \(address.apiURL)
              tokenURL: \(address.tokenURL)
              audience: test
              \(api)
              clientSecret: {env: SLUICE_TEST_SECRET}
              timeout: 5s
            admin: {listen: none}
            retry: {base: 10ms, cap: 20ms}
            \(top)
            inboxes:
            \(inboxes.split(separator: "\n").map { "  - {\($0)}" }.joined(separator: "\n"))
            """
        try Data((yaml + "\n").utf8).write(to: configurationFile)
    }

    /// Runs a service that `body` can tell to read the configuration again.
    func serving(_ body: @escaping @Sendable (SluiceService) async throws -> Void) async throws {
        let service = try makeService()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await eventually("the service has started") {
                allEvents.contains { if case .started = $0 { true } else { false } }
            }
            do {
                try await body(service)
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Reads the configuration's file as the program does at SIGHUP.
    func reload(_ service: SluiceService) async throws {
        let configuration = try Configuration.load(
            explicit: FilePath(configurationFile.path), environment: Stage.environment,
            currentDirectory: folder.path)
        try await service.reload(configuration)
    }

    func url(_ path: String) -> URL { folder.url.appendingPathComponent(path) }

    /// Drops a file into a folder below the stage's own, by a rename.
    func drop(_ content: String, at path: String) throws {
        let target = url(path)
        let part = target.deletingLastPathComponent().appendingPathComponent(".\(UUID().uuidString)")
        try Data(content.utf8).write(to: part)
        try FileManager.default.moveItem(at: part, to: target)
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: url(path).path) }

    func waitForFile(_ path: String, within limit: Duration = .seconds(60)) async throws {
        try await eventually("\(path) is there", within: limit) { exists(path) }
    }

    /// What was said of an inbox, one word each, and the reasons why it was not suitable.
    func said(of inbox: String) -> [String] {
        allEvents.compactMap { event in
            switch event {
            case .inbox(inbox, .unavailable): "unavailable"
            case .inbox(inbox, .unsuitable(let reason)): reason
            case .inbox(inbox, .available): "available"
            case .inboxFound(inbox, _): "found"
            case .inboxGone(inbox, let unfinished): "gone, \(unfinished) unfinished"
            default: nil
            }
        }
    }

    var reloads: [Reload] {
        allEvents.compactMap { if case .reloaded(let reload) = $0 { reload } else { nil } }
    }
}
