import Foundation
import Sandbox
import TestSupport
import Testing

/// Samba's server with the share of `docs/receiving-files.md`, and Samba's own client.
@Suite(.serialized, .timeLimit(.minutes(10)), .enabled(if: Machine.obstacle == nil, "\(Machine.obstacle ?? "")"))
struct SambaTests {
    private static let erp = "/srv/erp"

    /// smbd on a free port of the machine.
    private final class Server: Sendable {
        private let machine: Machine
        private let port: UInt16
        private let server: Tool

        init(on machine: Machine) async throws {
            self.machine = machine
            port = try freePort()
            try machine.samba.write(
                """
                [global]
                    server role = standalone server
                    smb ports = \(port)
                    interfaces = lo
                    bind interfaces only = yes
                    disable netbios = yes
                    load printers = no
                    log file = /var/log/samba/smbd.log
                    include = /etc/samba/sluice.conf

                """, as: "smb.conf")
            try machine.samba.write(ReceivingStage.document("smb.conf"), as: "sluice.conf")
            let added = try await machine.run(
                ["/usr/bin/smbpasswd", "-a", "-s", "erp"], input: "of-the-tests\nof-the-tests\n")
            guard added.status == 0 else { throw Machine.Failed(what: "smbpasswd", ended: added) }
            server = try machine.start(["/usr/sbin/smbd", "--foreground", "--no-process-group", "--debug-stdout"])
            try await eventually("smbd listens") { [server, port] in
                if server.hasEnded {
                    throw Machine.Failed(what: "smbd", ended: .init(status: -1, output: try server.output))
                }
                return Machine.listens(port)
            }
        }

        func stop() async throws {
            try await server.stop()
        }

        /// Runs a session of `smbclient(1)`, and throws where it fails.
        func session(_ commands: String...) async throws {
            let ended = try await machine.run([
                "/usr/bin/smbclient", "//127.0.0.1/erp", "-p", "\(port)", "-U", "erp%of-the-tests",
                "-c", commands.joined(separator: "; "),
            ])
            guard ended.status == 0 else { throw Machine.Failed(what: "smbclient", ended: ended) }
        }

        /// A file of the sender's own, at a path that the machine knows.
        func file(_ content: String) throws -> String {
            let name = "upload-\(UUID().uuidString)"
            try machine.srv.write(content, as: name)
            return "/srv/\(name)"
        }
    }

    private static func run(
        keys: [String] = [], _ body: @escaping @Sendable (ReceivingStage, Server) async throws -> Void
    ) async throws {
        try await ReceivingStage.run(keys: keys) { stage in
            let server = try await Server(on: stage.machine)
            try await body(stage, server)
            try await server.stop()
        }
    }

    @Test func aFileThatIsPutIsTakenWhole() async throws {
        try await Self.run { stage, server in
            let content = ReceivingStage.accounts("INV", bytes: 3_000_000)
            try await server.session("put \(try server.file(content)) orders.json")
            try await stage.expectDone("orders.json", in: Self.erp, content: content)
            try stage.expectNothingLeft(in: Self.erp)
            #expect(stage.sandbox.accepted.count == 1)
        }
    }

    @Test func aFileThatIsOverwrittenBeforeItIsTakenIsOneDrop() async throws {
        try await Self.run(keys: ["settle: 10s"]) { stage, server in
            let (first, second) = (ReceivingStage.account("INV-OLD"), ReceivingStage.account("INV-NEW"))
            try await server.session(
                "put \(try server.file(first)) orders.json", "put \(try server.file(second)) orders.json")
            try await stage.expectDone("orders.json", in: Self.erp, content: second)
            try stage.expectNothingLeft(in: Self.erp)
            #expect(stage.sandbox.accepted.count == 1)
            #expect(try stage.url("\(Self.erp)/done").names.count == 2)
        }
    }

    @Test func aFileThatIsRenamedIsTakenUnderItsNewName() async throws {
        try await Self.run { stage, server in
            let content = ReceivingStage.account("INV-1")
            try await server.session(
                "put \(try server.file(content)) orders.json.part", "rename orders.json.part orders.json")
            try await stage.expectDone("orders.json", in: Self.erp, content: content)
            try stage.expectNothingLeft(in: Self.erp)
            #expect(stage.sandbox.accepted.count == 1)
        }
    }
}
