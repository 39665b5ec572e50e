import Foundation
import TestSupport

/// OpenSSH's server on a free port of the machine, with the partners' part as `docs/receiving` has it.
final class SSHServer: Sendable {
    private let machine: Machine
    private let port: UInt16
    private let server: Tool
    private let key: URL

    static func run(on machine: Machine, _ body: (SSHServer) async throws -> Void) async throws {
        let server = try await SSHServer(machine)
        do {
            try await body(server)
        } catch {
            print("sshd said:\n\(try server.server.output)")
            throw error
        }
        try await server.server.stop()
    }

    private init(_ machine: Machine) async throws {
        self.machine = machine
        key = machine.folder.url.appendingPathComponent("key")
        let hostKey = machine.ssh.appendingPathComponent("host_key")
        for file in [key, hostKey] {
            let made = try await Tool.run(
                ["/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file.path], in: machine.folder)
            guard made.status == 0 else { throw Machine.Failed(what: "ssh-keygen", ended: made) }
        }
        let publicKey = try String(contentsOfFile: key.path + ".pub", encoding: .utf8)
        for user in ["acme", "globex"] { try machine.ssh.appendingPathComponent("senders").write(publicKey, as: user) }
        port = try freePort()
        // What Debian's own file says, without PAM, for these users exist for this machine's programs alone.
        try machine.ssh.write(
            """
            Include /etc/ssh/sshd_config.d/*.conf
            Port \(port)
            ListenAddress 127.0.0.1
            HostKey /etc/ssh/host_key
            PidFile none
            UsePAM no
            Subsystem sftp /usr/lib/openssh/sftp-server

            """, as: "sshd_config")
        try machine.ssh.appendingPathComponent("sshd_config.d").write(
            ReceivingStage.document("sshd.conf"), as: "sluice.conf")
        server = try machine.start(["/usr/sbin/sshd", "-D", "-e"])
        try await eventually("sshd listens") { [server, port] in
            if server.hasEnded {
                throw Machine.Failed(what: "sshd", ended: .init(status: -1, output: try server.output))
            }
            return Machine.listens(port)
        }
    }

    /// A session of a partner's, from its commands (`sftp(1)`).
    ///
    /// - Parameter kilobitsPerSecond: how fast it may be.
    func start(_ user: Machine.User, _ commands: String, kilobitsPerSecond: Int? = nil) throws -> Tool {
        let speed = kilobitsPerSecond.map { ["-l", "\($0)"] } ?? []
        return try Tool(
            ["/usr/bin/sftp", "-q", "-b", "-", "-P", "\(port)", "-i", key.path]
                + ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "LogLevel=ERROR"]
                .flatMap { ["-o", $0] } + speed + ["\(user.name)@127.0.0.1"], input: commands + "\n",
            in: machine.folder)
    }

    /// Runs a session, and throws where one of its commands fails.
    @discardableResult
    func sftp(_ user: Machine.User, _ commands: String) async throws -> String {
        let session = try start(user, commands)
        let status = try await session.status
        let output = try session.output
        guard status == 0 else { throw Machine.Failed(what: "sftp", ended: .init(status: status, output: output)) }
        return output
    }

    /// A file of the partner's own, to be uploaded.
    func file(_ content: String) throws -> String {
        let name = "upload-\(UUID().uuidString)"
        try machine.folder.url.write(content, as: name)
        return machine.folder.url.appendingPathComponent(name).path
    }
}
