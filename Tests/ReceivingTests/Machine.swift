import Foundation
import TestSupport

/// A machine in a machine: a view of the file system of its own, with users, servers' configurations and `/srv` of
/// its own, that the real machine never sees.
///
/// What runs in it finds files at the paths that `docs/receiving` names, so that its configurations are used as they
/// stand. It needs root, for mounts and for other users.
struct Machine: Sendable {
    /// Whether there is everything that the tests need; else why not.
    static let obstacle: String? = {
        guard geteuid() == 0 else {
            return "it needs root: servers, users and chroots of its own"
        }
        let programs = ["/usr/sbin/sshd", "/usr/bin/sftp", "/usr/sbin/smbd", "/usr/bin/smbclient", "/usr/bin/setpriv"]
        let missing = programs.filter { !FileManager.default.isExecutableFile(atPath: $0) }
        guard missing.isEmpty else { return "scripts/setup --tests installs what is missing: \(missing)" }
        let mayMount = system("unshare --mount --propagation private mount -t tmpfs tmpfs /mnt 2>/dev/null") == 0
        return mayMount ? nil : "this container allows no mounts (unshare --mount)"
    }()

    /// Who lives on it; the group of the same name has the same number.
    enum User: UInt32, CaseIterable {
        case sluice = 64000
        case acme, globex, erp

        var name: String { String(describing: self) }
    }

    private static let senders: UInt32 = 64100

    let folder: TemporaryFolder
    /// What the machine calls `/srv`.
    var srv: URL { folder.url.appendingPathComponent("srv") }
    var ssh: URL { folder.url.appendingPathComponent("ssh") }
    var samba: URL { folder.url.appendingPathComponent("samba") }

    init() throws {
        folder = try TemporaryFolder()
        for name in ["srv", "ssh/sshd_config.d", "ssh/senders", "samba", "var"] {
            try Machine.make(folder.subfolder(name))
        }
        try writeUsers()
        try folder.url.write(Machine.enter, as: "enter")
    }

    /// Readable for everybody, writable for root, as the folders of a system are.
    private static func make(_ folder: URL) throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    }

    private func writeUsers() throws {
        let names = Set(User.allCases.map(\.name) + ["sftp-senders"])
        func lines(_ path: String, _ new: [String]) throws -> String {
            let old = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
                .filter { !names.contains(String($0.prefix { $0 != ":" })) }
            return (old.map(String.init) + new).joined(separator: "\n") + "\n"
        }
        let users = User.allCases
        try folder.url.write(
            lines("/etc/passwd", users.map { "\($0.name):x:\($0.rawValue):\($0.rawValue)::/:/usr/sbin/nologin" }),
            as: "passwd")
        try folder.url.write(lines("/etc/shadow", users.map { "\($0.name):*:19000:0:99999:7:::" }), as: "shadow")
        try folder.url.write(
            lines(
                "/etc/group",
                users.map { "\($0.name):x:\($0.rawValue):" } + ["sftp-senders:x:\(Machine.senders):acme,globex"]),
            as: "group")
        chmod(folder.url.appendingPathComponent("shadow").path, 0o600)
    }

    /// Mounts the machine's own files over the real one's, for this process and its children alone.
    private static let enter = """
        set -eu
        base=$1 programs=$2
        shift 2
        for file in passwd group shadow; do mount --bind "$base/$file" "/etc/$file"; done
        mount --bind "$base/ssh" /etc/ssh
        mount --bind "$base/samba" /etc/samba
        mount -t tmpfs -o mode=755 tmpfs /run
        mkdir /run/sshd /run/samba
        for folder in lib cache log; do
            mkdir -p "$base/var/$folder/private"
            mount --bind "$base/var/$folder" "/var/$folder/samba"
        done
        mount --bind "$programs" /mnt
        mount --bind "$base/srv" /srv
        cd /
        exec "$@"

        """

    /// The command line that runs a program on this machine, as root or as one of its users without any right.
    func command(_ arguments: [String], as user: User? = nil) -> [String] {
        let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        var line = [
            "/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh",
            folder.url.appendingPathComponent("enter").path, folder.url.path, programs.path,
        ]
        if let user {
            line += [
                "/usr/bin/setpriv", "--reuid=\(user.name)", "--regid=\(user.name)", "--init-groups", "--no-new-privs",
                "--inh-caps=-all", "--bounding-set=-all",
            ]
        }
        return line + arguments
    }

    func start(_ arguments: [String], as user: User? = nil, environment: [String: String] = [:]) throws -> Tool {
        try Tool(command(arguments, as: user), environment: environment, in: folder)
    }

    func run(_ arguments: [String], as user: User? = nil, input: String = "") async throws -> Tool.Ended {
        try await Tool.run(command(arguments, as: user), input: input, in: folder)
    }

    /// Runs a shell script, and throws where it fails.
    @discardableResult
    func script(_ text: String, as user: User? = nil) async throws -> String {
        let ended = try await run(["/bin/sh", "-euc", text], as: user)
        guard ended.status == 0 else { throw Failed(what: text, ended: ended) }
        return ended.output
    }

    struct Failed: Error, CustomStringConvertible {
        let what: String
        let ended: Tool.Ended
        var description: String { "\(what): status \(ended.status): \(ended.output)" }
    }

    /// Whether something listens at a port of the loopback interface.
    static func listens(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
