import Foundation
import JSONText
import Sandbox
import TestSupport
import Testing

/// A machine with Sluice on it, run by its own user, with the folders and inboxes of `docs/receiving`.
final class ReceivingStage: Sendable {
    let machine: Machine
    let sandbox: Sandbox
    private let service: Tool

    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A file of `docs/receiving`.
    static func document(_ name: String) throws -> String {
        try String(contentsOf: repository.appendingPathComponent("docs/receiving/\(name)"), encoding: .utf8)
    }

    /// - Parameter keys: more keys of each inbox, a line each.
    static func run(
        keys: [String] = [], _ body: @escaping @Sendable (ReceivingStage) async throws -> Void
    ) async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try await ReceivingStage(sandbox, address, keys: keys)
            do {
                try await body(stage)
            } catch {
                print("Sluice said:\n\(try stage.log)")
                throw error
            }
            stage.service.signal(SIGTERM)
            #expect(try await stage.service.status == 0)
            #expect(stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 && $0.mismatches == 0 })
        }
    }

    private init(_ sandbox: Sandbox, _ address: SandboxAddress, keys: [String]) async throws {
        self.sandbox = sandbox
        machine = try Machine()
        for script in ["make-folders", "drop"] {
            let target = machine.srv.appendingPathComponent(script)
            try FileManager.default.copyItem(
                at: Self.repository.appendingPathComponent("docs/receiving/\(script)"), to: target)
        }
        try FileManager.default.copyItem(
            at: Self.repository.appendingPathComponent("schemas"), to: machine.srv.appendingPathComponent("schemas"))
        try machine.srv.write(Self.configuration(address, keys: keys), as: "sluice.yaml")
        try await machine.script(
            """
            install -d -o sluice -g sluice -m 0700 /srv/state
            install -d -m 0755 /srv/sftp
            /srv/make-folders /srv/sftp/acme acme
            /srv/make-folders /srv/sftp/globex globex
            /srv/make-folders /srv/erp erp
            """)
        service = try machine.start(
            ["/mnt/sluice", "run", "--config", "/srv/sluice.yaml"], as: .sluice, environment: ["SECRET": "of the tests"]
        )
        try await eventually("Sluice has started") { [service] in
            if service.hasEnded {
                throw Machine.Failed(what: "sluice", ended: .init(status: -1, output: try service.output))
            }
            return try service.output.contains(" started ")
        }
    }

    private static func configuration(_ address: SandboxAddress, keys: [String]) throws -> String {
        let inboxes = try document("inboxes.yaml").split(separator: "\n").flatMap { line in
            [String(line)] + (line.hasPrefix("    path: ") ? keys.map { "    \($0)" } : [])
        }
        return """
            state: /srv/state
            schemas: /srv/schemas
            api:
              url: \(address.apiURL)
              tokenURL: \(address.tokenURL)
              audience: test
              clientID: test
              clientSecret: {env: SECRET}
            \(inboxes.joined(separator: "\n"))

            """
    }

    // MARK: Looking

    var log: String { get throws { try service.output } }

    /// The machine's file at `path`, as seen from here.
    func url(_ path: String) -> URL {
        precondition(path.hasPrefix("/srv/"))
        return machine.folder.url.appendingPathComponent(String(path.dropFirst()))
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: url(path).path) }

    func size(_ path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: url(path).path)[.size] as? Int) ?? 0
    }

    func text(_ path: String) throws -> String { try String(contentsOf: url(path), encoding: .utf8) }

    /// Waits until a drop of an inbox's home is filed, and reads its result.
    func result(of name: String, in home: String) async throws -> JSONValue {
        var folder = "done"
        try await eventually("\(home)/inbox/\(name) is filed") {
            folder = exists("\(home)/done/\(name)") ? "done" : "failed"
            return exists("\(home)/\(folder)/\(name)") && !exists("\(home)/.work/\(name)")
        }
        let sidecar = url("\(home)/\(folder)/\(name).result.json")
        return try JSONDocument(parsing: Array(Data(contentsOf: sidecar))).root
    }

    /// Waits until a drop is in `done`, accepted, with this content.
    func expectDone(_ name: String, in home: String, content: String) async throws {
        let result = try await result(of: name, in: home)
        #expect(result["outcome"]?.string == "accepted", "\(name)")
        #expect(try text("\(home)/done/\(name)") == content)
    }

    /// Nothing is left that waits, and nothing failed.
    func expectNothingLeft(in home: String) throws {
        for folder in ["inbox", ".work", "failed"] {
            #expect(try url("\(home)/\(folder)").names.filter { $0 != ".holder" } == [], "\(home)/\(folder)")
        }
    }

    // MARK: Documents

    static func account(_ reference: String) -> String {
        #"{"accounts": [{"clientReferenceId": "\#(reference)", "invoiceNumber": "1", "outstandingAmount": 10.50}]}"#
    }

    /// A document of about so many bytes.
    static func accounts(_ reference: String, bytes: Int) -> String {
        let records = (0..<max(1, bytes / 100)).map { number in
            let text =
                #"{"clientReferenceId": "\#(reference)-\#(number)", "invoiceNumber": "\#(number)", "outstandingAmount": 1.25"#
            return text.padding(toLength: 98, withPad: " ", startingAt: 0) + "}"
        }
        return #"{"accounts": ["# + records.joined(separator: ",\n") + "]}"
    }
}
