import Foundation
import Sandbox
import TestSupport
import Testing

/// What root starts works as the user whom the state folder belongs to (contract, section 9).
@Suite(.timeLimit(.minutes(5))) struct StateOwnerTests {
    private static let user: uid_t = 64000
    private static let environment = ["SECRET_OF_THE_TEST": "x"]

    private static let isRoot: Bool = {
        if geteuid() == 0 { return true }
        print(
            "*** ONLY ROOT CAN BECOME ANOTHER USER: what root's commands leave to the service's user is NOT TESTED. ***"
        )
        return false
    }()

    /// Whether a test may have users of its own: a view of the file system with other files over those of the machine.
    private static let mayMount: Bool = {
        let unshare = Process()
        unshare.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        unshare.arguments = ["--mount", "--propagation", "private", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        guard isRoot, (try? unshare.run()) != nil else { return false }
        unshare.waitUntilExit()
        if unshare.terminationStatus == 0 { return true }
        print("*** NO MOUNTS HERE: that commands have the groups of the service's user is NOT TESTED. ***")
        return false
    }()

    /// What below a folder belongs to somebody else than the service's user.
    private static func foreign(in folder: URL) throws -> [String] {
        let files = try #require(FileManager.default.enumerator(atPath: folder.path))
        return try files.compactMap { $0 as? String }.filter {
            let owner = try FileManager.default.attributesOfItem(atPath: folder.appendingPathComponent($0).path)
            return (owner[.ownerAccountID] as? NSNumber)?.uint32Value != user
        }
    }

    @Test(.enabled(if: isRoot, "only root can become another user"))
    func whatRootStartsBelongsToTheOwnerOfTheStateFolder() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let folder = try TemporaryFolder()
            let inbox = try folder.subfolder("erp/inbox")
            let state = try folder.subfolder("state")
            let erp = folder.url.appendingPathComponent("erp")
            try folder.url.write(CommandTests.configuration(api: address.baseURL), as: "sluice.yaml")
            try inbox.write(
                #"{"accounts":[{"clientReferenceId":"C-1","invoiceNumber":"1","outstandingAmount":1}]}"#, as: "a.json")
            try inbox.write("{}", as: "b.json")
            for path in [
                state, erp, inbox, inbox.appendingPathComponent("a.json"), inbox.appendingPathComponent("b.json"),
            ] { #expect(chown(path.path, Self.user, Self.user) == 0) }

            func sluice(_ arguments: String...) async throws -> Program.Ended {
                try await Program.run(arguments, in: folder.url, environment: Self.environment)
            }
            let run = try await sluice("run", "--once")
            #expect(run.status == 1, "\(run.errors)")
            #expect(sandbox.accepted.count == 1)
            #expect(try await sluice("config", "check").status == 0)
            #expect(try await sluice("pause", "erp").status == 0)
            #expect(try await sluice("resume", "erp").status == 0)
            #expect(try await sluice("backup", "state/copy.sqlite").status == 0)
            #expect(try await sluice("retry", "b.json").status == 0)
            #expect(try await sluice("audit").status == 0)
            #expect(try inbox.names.contains("b.json"))
            #expect(try Self.foreign(in: state).isEmpty)
            #expect(try Self.foreign(in: erp).isEmpty)
        }
    }
    /// The way to the state folder may be open to a group that the user is in, as a unit's `SupplementaryGroups` are.
    @Test(.enabled(if: mayMount, "needs root, and to mount"), arguments: ["pause", "resume", "list"])
    func aCommandHasTheGroupsOfThatUser(command: String) async throws {
        let folder = try TemporaryFolder()
        _ = try folder.subfolder("erp/inbox")
        let (gate, state) = (try folder.subfolder("gate"), try folder.subfolder("gate/state"))
        #expect(chown(gate.path, 0, Self.user + 1) == 0 && chmod(gate.path, 0o750) == 0)
        #expect(chown(state.path, Self.user, Self.user) == 0)
        let configuration = CommandTests.configuration(api: "http://127.0.0.1:1")
        try folder.url.write(configuration.replacing("state: state", with: "state: gate/state"), as: "sluice.yaml")
        let etc = try folder.subfolder("etc")
        try etc.write(
            try String(contentsOfFile: "/etc/passwd", encoding: .utf8)
                + "sluicetest:x:\(Self.user):\(Self.user)::/:/bin/sh\n", as: "passwd")
        try etc.write(
            try String(contentsOfFile: "/etc/group", encoding: .utf8)
                + "sluicetest:x:\(Self.user):\nsluicegate:x:\(Self.user + 1):sluicetest\n", as: "group")
        let view = "mount --bind etc/passwd /etc/passwd && mount --bind etc/group /etc/group && exec \"$@\""
        func sluice(_ command: String) async throws -> Program.Ended {
            try await Program.run(
                [command], in: folder.url, environment: Self.environment,
                under: ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", view, "sh"])
        }
        if command == "list" { #expect(try await sluice("pause").status == 0) }
        let ended = try await sluice(command)
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try Self.foreign(in: state).isEmpty)
    }

    /// Not the same as that no service has run.
    @Test(
        .enabled(if: isRoot, "only root can become another user"),
        arguments: [["status"], ["status", "--watch"], ["status", "--json"], ["list"], ["pause"]])
    func whoMayNotLookIntoTheStateFolderIsToldSo(arguments: [String]) async throws {
        let folder = try TemporaryFolder()
        _ = try folder.subfolder("erp/inbox")
        try folder.url.write(CommandTests.configuration(api: "http://127.0.0.1:1"), as: "sluice.yaml")
        let state = try folder.subfolder("state")
        #expect(chown(state.path, Self.user, Self.user) == 0 && chmod(state.path, 0o700) == 0)
        let ended = try await Program.run(
            arguments, in: folder.url, environment: Self.environment,
            under: ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"])
        #expect(ended.status == 69)
        #expect(ended.errors.contains("Permission denied"))
        #expect(ended.output == "")
    }
}
