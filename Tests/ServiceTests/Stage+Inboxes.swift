import FileSystem
import Foundation
import Model
import Sandbox
import Service
import SystemPackage
import TestSupport

/// Stages with several inboxes, other configurations one after the other, and a clock on the wall that steps.
extension Stage {
    /// Inboxes by name, each with the lines of its configuration.
    typealias Inboxes = KeyValuePairs<String, String>

    /// Runs a test with a sandbox, before any service.
    static func prepare(
        options: SandboxOptions = SandboxOptions(requestsPerMinute: nil), time: any TimeSource = SystemTime(),
        _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await Sandbox.withServer(options) { sandbox, address in
            try await body(Stage(sandbox: sandbox, address: address, time: time))
        }
    }

    /// - Parameter orderWait: 0s where a test is not about it.
    func configure(orderWait: String = "0s", api: String = "", top: String = "", _ inboxes: Inboxes = ["erp": ""])
        throws
    {
        var yaml = """
            state: state
            schemas: \(Stage.repository.appendingPathComponent("schemas").path)
            api:
              url: \(address.apiURL)
              tokenURL: \(address.tokenURL)
              audience: test
              clientID: test
              clientSecret: {env: SLUICE_TEST_SECRET}
              timeout: 20s
              orderWait: \(orderWait)
              \(api)
            admin: {listen: none}
            retry: {base: 10ms, cap: 20ms, requeueAfterOutage: false}
            \(top)
            inboxes:

            """
        for (name, lines) in inboxes {
            try FileManager.default.createDirectory(
                at: folder.url.appendingPathComponent("\(name)/inbox"), withIntermediateDirectories: true)
            yaml += "  - name: \(name)\n    path: \(name)/inbox\n    settle: 0s\n    partialGrace: 500ms\n"
            for line in lines.split(separator: "\n") { yaml += "    \(line)\n" }
        }
        try Data(yaml.utf8).write(to: configurationFile)
    }

    /// Runs a service under a configuration.
    func serve(
        orderWait: String = "0s", api: String = "", top: String = "", _ inboxes: Inboxes = ["erp": ""],
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try configure(orderWait: orderWait, api: api, top: top, inboxes)
        try await whileServing(body)
    }

    func drop(_ content: String, as name: String, into inbox: String) throws {
        let directory = try Directory(opening: FilePath(folder.url.appendingPathComponent("\(inbox)/inbox").path))
        let part = FileName(".\(UUID().uuidString).part")
        try OpenFile(creating: part, in: directory, .exclusive(mode: 0o644)).write(Array(content.utf8))
        guard try directory.move(part, to: directory, as: FileName(name)) else {
            throw CocoaError(.fileWriteFileExists)
        }
    }

    /// Waits until a drop of an inbox is filed, and reads its result.
    func result(of name: String, from inbox: String) async throws -> ResultFile {
        let folders = ["done", "failed"].map { folder.url.appendingPathComponent("\(inbox)/\($0)") }
        try await eventually("\(inbox)/\(name) is filed") {
            try folders.contains { try Stage.names(in: $0).contains(name) }
        }
        let isDone = try Stage.names(in: folders[0]).contains(name)
        let sidecar = folders[isDone ? 0 : 1].appendingPathComponent("\(name).result.json")
        return try ResultFile(Array(Data(contentsOf: sidecar)), isDone: isDone)
    }

    /// A document with payments, told as `INV-1=5`.
    static func payments(_ payments: String..., reference: String? = nil) -> String {
        let records = payments.map { payment in
            let parts = payment.split(separator: "=")
            return #"{"clientReferenceId": "\#(parts[0])", "amount": \#(parts[1])}"#
        }
        let own = reference.map { #""batchReferenceId": "\#($0)", "# } ?? ""
        return "{\(own)\"payments\": [\(records.joined(separator: ", "))]}"
    }

    /// Every payment on the server's books, as `INV-1=5`, with how often it was applied.
    var paid: [String: Int] {
        var paid: [String: Int] = [:]
        for entry in sandbox.books.payments {
            let record = (try? JSONSerialization.jsonObject(with: Data(entry.record.utf8))) as? [String: Any]
            let amount = (record?["amount"] as? NSNumber)?.stringValue ?? "?"
            paid["\(entry.clientReferenceId)=\(amount)", default: 0] += entry.count
        }
        return paid
    }

    /// When the requests for documents and attachments of a reference were seen.
    func times(of reference: String) -> [Date] {
        sandbox.requests.filter { $0.reference == reference }.map(\.at)
    }
}

/// The system's time, with a clock on the wall that a test can step.
final class SteppedTime: TimeSource {
    private let system = SystemTime()
    private let manual = ManualTime(start: SystemTime().timestamp)

    var moment: Moment { system.moment }
    var timestamp: Timestamp { manual.timestamp }
    func sleep(until deadline: Moment) async throws { try await system.sleep(until: deadline) }

    func step(by duration: Duration) { manual.stepWallClock(by: duration) }
}
