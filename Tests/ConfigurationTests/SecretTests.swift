import Glibc
import SystemPackage
import Testing

@testable import SluiceConfiguration

@Suite struct SecretTests {
    private let folder: TemporaryFolder
    private let password = "hunter2-\u{1F511}"

    init() throws {
        folder = try TemporaryFolder()
    }

    private func resolve(_ source: SecretSource, _ environment: [String: String] = ["PATH": "/usr/bin:/bin"])
        async throws -> String
    {
        try await source.resolve(environment: environment).reveal()
    }

    @Test func anEnvironmentVariableIsTakenAsItIs() async throws {
        #expect(try await resolve(.env("S"), ["S": " a\n"]) == " a\n")
        await #expect(throws: SecretError.missingVariable("S")) { try await resolve(.env("S"), [:]) }
        await #expect(throws: SecretError.emptyVariable("S")) { try await resolve(.env("S"), ["S": ""]) }
    }

    @Test(arguments: [("x", "x"), ("x\n", "x"), ("x\r\n", "x"), (" x ", " x ")])
    func aFileLosesItsLastLineEndOnly(content: String, secret: String) async throws {
        let file = try folder.write(content, to: "secret")
        #expect(try await resolve(.file(file)) == secret)
    }

    @Test func aFileWithoutASecretIsAnErrorThatNamesIt() async throws {
        let missing = folder.path.appending("missing")
        let error = SecretError.unreadableFile(missing, "cannot be read: open: No such file or directory")
        await #expect(throws: error) { try await resolve(.file(missing)) }
        #expect(error.description == "the secret file \(missing) cannot be read: open: No such file or directory")
        let empty = try folder.write("\n", to: "empty")
        await #expect(throws: SecretError.emptyFile(empty)) { try await resolve(.file(empty)) }
        let binary = try folder.write([0xFF, 0xFE], to: "binary")
        await #expect(throws: SecretError.notText(binary)) { try await resolve(.file(binary)) }
        let lines = try folder.write("a\nb\n", to: "lines")
        await #expect(throws: SecretError.notText(lines)) { try await resolve(.file(lines)) }
    }

    @Test func aCredentialIsAFileInTheCredentialsDirectory() async throws {
        try folder.write("s\n", to: "client_secret")
        let environment = ["CREDENTIALS_DIRECTORY": folder.path.string]
        #expect(try await resolve(.credential("client_secret"), environment) == "s")
        await #expect(throws: SecretError.noCredentialsDirectory(credential: "client_secret")) {
            try await resolve(.credential("client_secret"), [:])
        }
        for name in ["../client_secret", "a/b", "..", ""] {
            await #expect(throws: SecretError.impossibleCredentialName) {
                try await resolve(.credential(name), environment)
            }
        }
    }

    @Test func aCommandsArgumentsAreSeenByNoShell() async throws {
        let marker = folder.path.appending("marker")
        let argument = "a; touch \(marker) $HOME `id` $(id) *"
        #expect(try await resolve(.command(["printf", "%s\\n", argument])) == argument)
        #expect(throws: Errno.noSuchFileOrDirectory) { try FileDescriptor.open(marker, .readOnly) }
    }

    @Test func aCommandsOutputIsTrimmed() async throws {
        #expect(try await resolve(.command(["/usr/bin/printf", "\\n  x y \\r\\n"])) == "x y")
    }

    @Test func aCommandHasTheServicesEnvironment() async throws {
        #expect(try await resolve(.command(["printenv", "A"]), ["PATH": "/usr/bin:/bin", "A": "b"]) == "b")
    }

    @Test func aCommandThatFailsIsToldByItsStatusAndNotByItsOutput() async throws {
        let script = try folder.write(
            "#!/bin/sh\necho \(password)\necho \(password) >&2\nexit 3\n", to: "fails", mode: .ownerReadWriteExecute)
        let error = await #expect(throws: SecretError.self) { try await resolve(.command([script.string, password])) }
        #expect(error == .commandFailed(script.string, status: "exit status 3"))
        #expect(error?.description == "the secret command \(script) failed: exit status 3")
    }

    @Test func aCommandThatCannotBeASecretsSourceIsAnError() async throws {
        await #expect(throws: SecretError.commandWroteNothing("true")) { try await resolve(.command(["true"])) }
        await #expect(throws: SecretError.commandNotStarted("/no/such", "there is no such program")) {
            try await resolve(.command(["/no/such"]))
        }
        await #expect(throws: SecretError.commandNotStarted("no-such-program", "there is no such program")) {
            try await resolve(.command(["no-such-program"]))
        }
        await #expect(throws: SecretError.commandWroteNoText("printf")) {
            try await resolve(.command(["printf", "a\\nb"]))
        }
    }

    @Test func aCommandThatHangsIsEndedWithWhatItStarted() async throws {
        let pid = folder.path.appending("pid")
        let script = try folder.write(
            "#!/bin/sh\nsleep 600 &\necho $! > \(pid)\nwait\n", to: "hangs", mode: .ownerReadWriteExecute)
        let start = ContinuousClock.now
        await #expect(throws: SecretError.commandTimedOut(script.string, after: .milliseconds(700))) {
            try await SecretSource.command([script.string]).resolve(
                environment: ["PATH": "/usr/bin:/bin"], commandTimeout: .milliseconds(700))
        }
        #expect(ContinuousClock.now - start < .seconds(20))
        let child = try await resolve(.file(pid))
        try await waitForTheEnd(ofProcess: child)
    }

    @Test func aProcessThatACommandLeavesBehindIsNotWaitedFor() async throws {
        let pid = folder.path.appending("pid")
        let script = try folder.write(
            "#!/bin/sh\nsleep 60 &\necho $! > \(pid)\necho s\n", to: "leaves", mode: .ownerReadWriteExecute)
        let start = ContinuousClock.now
        #expect(try await resolve(.command([script.string])) == "s")
        #expect(ContinuousClock.now - start < .seconds(20))
        let child = try #require(pid_t(try await resolve(.file(pid))))
        #expect(kill(child, SIGKILL) == 0)
    }

    @Test func aCommandThatWritesTooMuchIsEnded() async throws {
        await #expect(throws: SecretError.commandTimedOut("head", after: .milliseconds(300))) {
            try await SecretSource.command(["head", "-c", "100000", "/dev/zero"]).resolve(
                environment: ["PATH": "/usr/bin:/bin"], commandTimeout: .milliseconds(300))
        }
    }

    /// A killed process may wait for its parent as a zombie, which has no command line any more.
    private func waitForTheEnd(ofProcess id: String) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try isAlive(id) {
            try #require(ContinuousClock.now < deadline, "process \(id) is still alive")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func isAlive(_ id: String) throws(FileContent.Failure) -> Bool {
        do {
            return !(try FileContent.read(FilePath("/proc/\(id)/cmdline"), atMost: 4096).isEmpty)
        } catch .call(_, .noSuchFileOrDirectory), .call(_, .noSuchProcess) {
            return false
        }
    }

    @Test func aSecretIsNeverShown() {
        let secret = Secret(password)
        let alert = Configuration.Alert(target: .webhook(secret), on: [.outage], thresholds: [:])
        var shown =
            "\(secret) \(alert) \(String(reflecting: secret)) \(String(reflecting: alert)) "
            + "\(Mirror(reflecting: secret).children.map { "\($0)" })"
        dump(secret, to: &shown)
        dump(alert, to: &shown)
        dump([Optional(secret)], to: &shown)
        #expect(shown.contains("[secret]"))
        #expect(!shown.contains("hunter2"))
        #expect(secret.reveal() == password)
        #expect(secret == Secret(password) && secret != Secret("other"))
    }

    @Test(arguments: [
        "hunter2", "'hunter2'", "{value: hunter2}", "{hunter2}", "{hunter2: x}", "[hunter2]", "{env: 'hunter2!'}",
        "{credential: hunter2/x}", "{command: hunter2}", "{command: [[hunter2]]}", "{command: ['', hunter2]}",
        "{env: A, file: hunter2}", "{env: {hunter2: x}}", "|\n    hunter2\n    hunter2\n", "{}",
        "{env: A, env: 'hunter2!'}",
    ])
    func whatStandsInASecretsPlaceIsNeverShown(value: String) {
        let yaml = minimal().replacing("{env: SLUICE_SECRET}", with: value)
        let found = complaints(yaml)
        #expect(found.contains { $0.hasPrefix("sluice.yaml:6:") && $0.contains("api.clientSecret") }, "\(found)")
        #expect(!found.joined().contains("hunter2"), "\(found)")
    }

    @Test(arguments: [
        Refusal(
            minimal().replacing("{env: SLUICE_SECRET}", with: "hunter2"),
            "6:3: api.clientSecret: a secret does not belong in this file; write {env: NAME}, {file: "
                + "PATH}, {credential: NAME} or {command: [PROGRAM, ARGUMENT…]}"
        ),
        Refusal(
            minimal("admin: {token: hunter2}\n"),
            "10:9: admin.token: a secret does not belong in this file; write {env: NAME}, {file: "
                + "PATH}, {credential: NAME} or {command: [PROGRAM, ARGUMENT…]}"
        ),
        Refusal(
            minimal().replacing("{env: SLUICE_SECRET}", with: "{env: A, file: b}"),
            "6:3: api.clientSecret: names more than one source; write one of {env: NAME}, {file: "
                + "PATH}, {credential: NAME} or {command: [PROGRAM, ARGUMENT…]}"
        ),
        Refusal(
            minimal().replacing("{env: SLUICE_SECRET}", with: "{evn: A}"),
            "6:18: api.clientSecret: has a key that is not env, file, credential or command",
            "6:3: api.clientSecret: names no source; write {env: NAME}, {file: PATH}, {credential: "
                + "NAME} or {command: [PROGRAM, ARGUMENT…]}"
        ),
    ])
    func aSecretInTheFileIsRefusedWithTheWaysToGiveIt(refusal: Refusal) {
        #expect(Set(complaints(refusal.yaml)) == Set(refusal.lines))
    }

    @Test func theFourSourcesAreReadAsTheyAreWritten() throws {
        func source(_ value: String) throws -> SecretSource {
            try parse(minimal().replacing("{env: SLUICE_SECRET}", with: value)).api.clientSecret
        }
        #expect(try source("{env: A_1}") == .env("A_1"))
        #expect(try source("{file: /etc/s}") == .file("/etc/s"))
        #expect(try source("{file: s}") == .file("/etc/sluice/s"))
        #expect(try source("{credential: c.x}") == .credential("c.x"))
        #expect(try source("{command: [az, keyvault, no, 7, '']}") == .command(["az", "keyvault", "no", "7", ""]))
    }

    @Test func aClientIDIsNoSecretAndMayStandInTheFile() throws {
        #expect(try parse(minimal()).api.clientID == .literal("sluice"))
    }
}

extension FilePermissions {
    fileprivate static let ownerReadWriteExecute: FilePermissions = [.ownerReadWrite, .ownerExecute]
}
