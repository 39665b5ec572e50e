import Foundation
import Sandbox
import TestSupport
import Testing

@Suite struct CommandTests {
    @Test func helpAndVersionAreForPeople() async throws {
        let help = try await Program.run(["--help"])
        #expect(help.status == 0)
        for command in ["run", "check", "config", "sandbox", "demo"] { #expect(help.output.contains(command)) }
        let version = try await Program.run(["--version"])
        #expect(version.status == 0)
        #expect(version.output.wholeMatch(of: /[0-9]+\.[0-9]+\.[0-9]+\n/) != nil)
    }

    @Test func anUnknownCommandIsAUsageError() async throws {
        #expect(try await Program.run(["fly"]).status == 64)
    }

    @Test func aMissingConfigurationIsStatus78() async throws {
        let folder = try TemporaryFolder()
        let ended = try await Program.run(["run", "--config", "nowhere.yaml"], in: folder.url)
        #expect(ended.status == 78)
        #expect(ended.errors.contains("nowhere.yaml"))
    }

    @Test func everyProblemOfAConfigurationIsNamedWithItsLine() async throws {
        let folder = try TemporaryFolder()
        try folder.url.write(
            """
            api: {url: "https://api.example.com", tokenURL: "https://auth.example.com/t", audience: a, clientID: c,
              clientSecret: {env: X}, timeuot: 5s}
            inboxes:
              - name: erp
                path: inbox
                settle: soon
            """, as: "sluice.yaml")
        let ended = try await Program.run(["config", "check"], in: folder.url)
        #expect(ended.status == 78)
        #expect(ended.errors.contains("sluice.yaml:2:") && ended.errors.contains("timeuot"))
        #expect(ended.errors.contains("sluice.yaml:6:") && ended.errors.contains("settle"))
    }

    @Test func configCheckLooksAtFoldersAndCredentials() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.subfolder("erp/inbox")
        let done = try folder.subfolder("erp/done")
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: done.path)
        try folder.url.write(Self.configuration(api: "https://127.0.0.1:1"), as: "sluice.yaml")
        let bad = try await Program.run(["config", "check"], in: folder.url)
        #expect(bad.status == 78)
        #expect(bad.errors.contains("chmod 755"))
        #expect(bad.errors.contains("SECRET_OF_THE_TEST"))

        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: done.path)
        let good = try await Program.run(
            ["config", "check"], in: folder.url, environment: ["SECRET_OF_THE_TEST": "x"])
        #expect(good.status == 0)
        #expect(good.output.contains("ok, 1 inbox"))
    }

    private static let isRoot = geteuid() == 0

    /// Line 2 of the configuration names the state folder.
    private static func stateProblem(_ prepare: (TemporaryFolder) throws -> String) async throws -> Program.Ended {
        let folder = try TemporaryFolder()
        _ = try folder.subfolder("erp/inbox")
        let state = try prepare(folder)
        let text = configuration(api: "https://127.0.0.1:1").replacing("state: state", with: "state: \(state)")
        try folder.url.write(text, as: "sluice.yaml")
        return try await Program.run(
            ["config", "check"], in: folder.url, environment: ["SECRET_OF_THE_TEST": "x"])
    }

    static let states: [(String, @Sendable (TemporaryFolder) throws -> String)] = [
        (
            "is no folder",
            { folder in
                try folder.url.write("", as: "state")
                return "state"
            }
        ),
        ("cannot be made, for", { _ in "nowhere/state" }),
        (
            "cannot be made, for",
            { folder in
                try folder.url.write("", as: "file")
                return "file/state"
            }
        ),
        (
            "is a link that leads nowhere",
            { folder in
                try FileManager.default.createSymbolicLink(
                    atPath: folder.url.appendingPathComponent("state").path, withDestinationPath: "nowhere")
                return "state"
            }
        ),
        (
            "ledger.sqlite is no regular file",
            { folder in
                _ = try folder.subfolder("state/ledger.sqlite")
                return "state"
            }
        ),
    ]

    @Test(arguments: states.indices) func configCheckLooksAtTheStateFolder(index: Int) async throws {
        let (message, prepare) = Self.states[index]
        let ended = try await Self.stateProblem(prepare)
        #expect(ended.status == 78)
        #expect(ended.errors.contains("sluice.yaml:2:1: state: ") && ended.errors.contains(message), "\(ended.errors)")
        let good = try await Self.stateProblem { folder in
            _ = try folder.subfolder("state")
            return "state"
        }
        #expect(good.status == 0, "\(good.errors)")
    }

    /// As the owner of the state folder, or of the folder that it is to be made in.
    @Test(.enabled(if: isRoot, "only root can become another user"), arguments: ["state", "state/lock", "parent"])
    func configCheckLooksAtTheStateFolderAsItsOwner(place: String) async throws {
        let ended = try await Self.stateProblem { folder in
            let url = try folder.subfolder(place == "parent" ? "parent" : "state")
            #expect(chown(folder.url.appendingPathComponent("erp/inbox").path, 64000, 64000) == 0)
            #expect(chown(folder.url.appendingPathComponent("erp").path, 64000, 64000) == 0)
            #expect(chown(url.path, 64000, 64000) == 0)
            if place == "state/lock" {
                try url.write("", as: "lock")
                #expect(chmod(url.appendingPathComponent("lock").path, 0o600) == 0)
            } else {
                #expect(chmod(url.path, 0o500) == 0)
            }
            return place == "parent" ? "parent/state" : "state"
        }
        #expect(ended.status == 78)
        #expect(
            ended.errors.contains("sluice.yaml:2:1: state: ") && ended.errors.contains("user 64000"), "\(ended.errors)")
        #expect(ended.errors.split(separator: "\n").count == 1)
    }

    @Test func configCheckLooksAtTheAuthorities() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil, tls: true)) { sandbox, _ in
            let folder = try TemporaryFolder()
            _ = try folder.subfolder("erp/inbox")
            let text = Self.configuration(api: "https://127.0.0.1:1").replacing(
                "  audience: test", with: "  ca: ca.pem\n  audience: test")
            try folder.url.write(text, as: "sluice.yaml")
            func check() async throws -> Program.Ended {
                try await Program.run(["config", "check"], in: folder.url, environment: ["SECRET_OF_THE_TEST": "x"])
            }
            let missing = try await check()
            #expect(missing.status == 78)
            #expect(missing.errors.contains("sluice.yaml:6:3: api.ca: ") && missing.errors.contains("cannot be read"))
            for content in ["", "no certificate\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
                try folder.url.write(content, as: "ca.pem")
                let bad = try await check()
                #expect(
                    bad.status == 78 && bad.errors.contains("api.ca: ") && bad.errors.contains("holds no certificate"))
            }
            try folder.url.write(try #require(sandbox.authority), as: "ca.pem")
            let good = try await check()
            #expect(good.status == 0, "\(good.errors)")
        }
    }

    @Test func configCheckLooksAtWhatGlobsFind() async throws {
        let folder = try TemporaryFolder()
        let glob = Self.configuration(api: "https://127.0.0.1:1").replacing(
            "name: erp, path: erp/inbox", with: #"name: "{1}{2}", path: "sftp/*/*/inbox""#)
        try folder.url.write(glob, as: "sluice.yaml")
        let environment = ["SECRET_OF_THE_TEST": "x"]
        let missing = try await Program.run(["config", "check"], in: folder.url, environment: environment)
        #expect(missing.status == 78)
        #expect(missing.errors.contains("sftp/*/*/inbox cannot be looked into"))
        _ = try folder.subfolder("sftp/a/bc/inbox")
        let good = try await Program.run(["config", "check"], in: folder.url, environment: environment)
        #expect(good.status == 0)
        _ = try folder.subfolder("sftp/ab/c/inbox")
        let double = try await Program.run(["config", "check"], in: folder.url, environment: environment)
        #expect(double.status == 78)
        #expect(double.errors.contains("inbox abc: "))
    }

    @Test func aSecondServiceOnOneStateCannotStart() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.subfolder("erp/inbox")
        try folder.url.write(Self.configuration(api: "http://127.0.0.1:1"), as: "sluice.yaml")
        let environment = ["SECRET_OF_THE_TEST": "x"]
        let first = try Program.Running(["run"], in: folder.url, environment: environment)
        try await eventually("the first has started") { try first.errors.contains("started") }
        let second = try await Program.run(["run"], in: folder.url, environment: environment)
        #expect(second.status == 69)
        #expect(second.errors.contains("another service (process "))
        first.signal(SIGINT)
        #expect(try await first.status == 0)
    }

    // MARK: check

    static let account = #"{"accounts":[{"clientReferenceId":"INV-1","invoiceNumber":"007","outstandingAmount":1.10}]}"#

    @Test func checkSaysWhatIsWrongAndWhere() async throws {
        let folder = try TemporaryFolder()
        try folder.url.write(Self.account, as: "good.json")
        try folder.url.write(
            #"{"accounts":[\#n{"clientReferenceId":"INV-1","invoiceNumber":"007","outstandingAmount":-5}]}"#,
            as: "bad.json")
        let good = try await Program.run(["check", "good.json"], in: folder.url)
        #expect(good.status == 0)
        #expect(good.output.hasPrefix("good.json: ok (account, 1 record, account-"))
        let bad = try await Program.run(["check", "good.json", "bad.json"], in: folder.url)
        #expect(bad.status == 65)
        #expect(
            bad.output.contains("bad.json:2:72: error: schema.json: /accounts/0/outstandingAmount: -5 is less than 0"))
        let missing = try await Program.run(["check", "good.json", "nowhere.json"], in: folder.url)
        #expect(missing.status == 66)
        #expect(missing.errors.contains("nowhere.json"))
    }

    @Test func checkPrintsTheBodyThatWouldBeSent() async throws {
        let folder = try TemporaryFolder()
        try folder.url.write(Self.account, as: "good.json")
        let ended = try await Program.run(["check", "--print", "good.json"], in: folder.url)
        #expect(ended.status == 0)
        let pattern = /\{"batchReferenceId":"account-[0-9a-f]{40}","accounts":\[\{.*"outstandingAmount":1\.10\}\]\}\n/
        #expect(ended.output.wholeMatch(of: pattern) != nil)
    }

    @Test func checkAnswersMachinesInJSON() async throws {
        let folder = try TemporaryFolder()
        try folder.url.write("[1, 2", as: "bad.json")
        let ended = try await Program.run(["check", "--json", "bad.json"], in: folder.url)
        #expect(ended.status == 65)
        let list = try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [[String: Any]]
        #expect(list?.first?["valid"] as? Bool == false)
        #expect(list?.first?["code"] as? String == "read.incomplete")
    }

    @Test func checkTakesABareArrayWhenToldItsKind() async throws {
        let folder = try TemporaryFolder()
        try folder.url.write(#"[{"clientReferenceId": "INV-1", "amount": 1}]"#, as: "payments.json")
        #expect(try await Program.run(["check", "payments.json"], in: folder.url).status == 65)
        #expect(try await Program.run(["check", "--kind", "payment", "payments.json"], in: folder.url).status == 0)
    }

    @Test func checkValidatesAnyFileAgainstAnySchema() async throws {
        let folder = try TemporaryFolder()
        try folder.url.write(#"{"type": "object", "required": ["a"]}"#, as: "schema.json")
        try folder.url.write("{}", as: "file.json")
        try folder.url.write(#"{"a": 1}"#, as: "other.json")
        let bad = try await Program.run(["check", "--schema", "schema.json", "file.json"], in: folder.url)
        #expect(bad.status == 65 && bad.output.contains("file.json:1:1: error: schema.json"))
        #expect(try await Program.run(["check", "--schema", "schema.json", "other.json"], in: folder.url).status == 0)
        #expect(try await Program.run(["check", "--schema", "nowhere", "other.json"], in: folder.url).status == 78)
    }

    /// A configuration with one inbox, `erp`.
    static func configuration(api: String, inbox: String = "settle: 0s") -> String {
        let schemas = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("schemas").path
        return """
            schemas: \(schemas)
            state: state
            api:
              url: \(api)/sync
              tokenURL: \(api)/oauth/token
              audience: test
              clientID: test
              clientSecret: {env: SECRET_OF_THE_TEST}
            admin: {listen: none}
            retry: {base: 10ms, cap: 50ms}
            inboxes:
              - {name: erp, path: erp/inbox, \(inbox)}

            """
    }
}
