import FileSystem
import Foundation
import Sandbox
import SystemPackage
import TestSupport
import Testing

/// Faults of this machine that only the program as a process of its own can suffer.
@Suite(.timeLimit(.minutes(10))) struct LocalFaultTests {
    private static let user: uid_t = 64000
    private static let environment = ["SECRET_OF_THE_TEST": "x"]

    private static let isRoot: Bool = {
        if geteuid() == 0, FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv") { return true }
        print("*** ONLY ROOT CAN RUN THE SERVICE AS ANOTHER USER: tests of lost permissions are SKIPPED. ***")
        return false
    }()

    private static func account(_ reference: String) -> String {
        #"{"accounts":[{"clientReferenceId":"\#(reference)","invoiceNumber":"1","outstandingAmount":1}]}"#
    }

    private struct Folders {
        let folder: TemporaryFolder
        var inbox: URL { url("erp/inbox") }

        func url(_ name: String) -> URL { folder.url.appendingPathComponent(name) }

        /// Ten documents, two of which fail.
        func drop(_ round: Int) throws {
            for number in 0..<10 {
                let name = "\(round)-\(number).json"
                try inbox.write(number == 3 || number == 7 ? "{}" : account(name), as: ".\(name)")
                chown(url("erp/inbox/.\(name)").path, user, user)
                try FileManager.default.moveItem(at: url("erp/inbox/.\(name)"), to: url("erp/inbox/\(name)"))
            }
        }

        func count(_ place: String) throws -> Int {
            guard FileManager.default.fileExists(atPath: url(place).path) else { return 0 }
            return try url(place).names.count {
                $0.hasSuffix(".json") && !$0.hasSuffix(".result.json") && !$0.hasPrefix(".")
            }
        }

        /// Waits until so many rounds are filed as they should be.
        func waitForRounds(_ rounds: Int) async throws {
            try await eventually("\(rounds) rounds are filed") {
                try count("erp/done") + count("erp/failed") == 10 * rounds
            }
            #expect(try count("erp/done") == 8 * rounds && count("erp/failed") == 2 * rounds)
            #expect(try count("erp/inbox") == 0)
            try await eventually("nothing is left in .work") { try count("erp/.work") == 0 }
        }
    }

    /// - Parameter inboxes: more lines below `inboxes`.
    private static func prepare(_ address: SandboxAddress, state: String = "state", as name: String = "sluice.yaml")
        throws
        -> Folders
    {
        let folders = Folders(folder: try TemporaryFolder())
        _ = try folders.folder.subfolder("erp/inbox")
        try configure(folders, address, state: state, as: name)
        return folders
    }

    private static func configure(
        _ folders: Folders, _ address: SandboxAddress, state: String, as name: String
    ) throws {
        let text = CommandTests.configuration(api: address.baseURL, inbox: "settle: 0s, rescan: 500ms")
        try folders.folder.url.write(text.replacingOccurrences(of: "state: state", with: "state: \(state)"), as: name)
    }

    private static func alerts(_ service: Program.Running, _ event: String) throws -> (begun: Int, over: Int) {
        let lines = try service.errors.split(separator: "\n").filter { $0.contains("alert=\(event)") }
        let over = lines.count { $0.contains(" alert over ") }
        return (lines.count - over, over)
    }

    @Test(
        .enabled(if: isRoot, "needs root, to be another user"),
        arguments: ["erp/done", "erp/failed", "erp/.work", "erp/inbox"])
    func aPermissionThatIsTakenAwayPausesTheWork(place: String) async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let folders = try Self.prepare(address)
            for path in ["", "erp", "erp/inbox"] { #expect(chown(folders.url(path).path, Self.user, Self.user) == 0) }
            let service = try Program.Running(
                ["run"], in: folders.folder.url, environment: Self.environment,
                under: [
                    "/usr/bin/setpriv", "--reuid=\(Self.user)", "--regid=\(Self.user)", "--clear-groups",
                    "--inh-caps=-all",
                ])
            try folders.drop(0)
            try await folders.waitForRounds(1)
            let mode = try #require(
                try FileManager.default.attributesOfItem(atPath: folders.url(place).path)[.posixPermissions] as? Int)
            #expect(chmod(folders.url(place).path, 0) == 0)
            try folders.drop(1)
            try await eventually("it is told") { try Self.alerts(service, "inboxUnavailable").begun > 0 }
            try await Task.sleep(for: .seconds(2))
            #expect(chmod(folders.url(place).path, mode_t(mode)) == 0)
            try await folders.waitForRounds(2)
            try await eventually("it is over") {
                let alerts = try Self.alerts(service, "inboxUnavailable")
                return alerts.begun == alerts.over
            }
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
            #expect(sandbox.accepted.count == 16 && sandbox.accepted.allSatisfy { $0.acceptances == 1 })
        }
    }

    /// How many files the program may open is taken away under it, down to what it has open.
    @Test func aProcessWithoutADescriptorLeftFailsNoDrop() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let folders = try Self.prepare(address)
            let service = try Program.Running(["run"], in: folders.folder.url, environment: Self.environment)
            try folders.drop(0)
            try await folders.waitForRounds(1)
            let process = try #require(service.process)
            // The connections of the first round stay open; the more often the limit changes, the more is hit.
            for (round, spare) in [0, 1, 2, 4, 8].enumerated() {
                let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").compactMap {
                    Int($0)
                }
                try Self.limit(process, to: (open.max() ?? 0) + 1 + spare)
                try folders.drop(round + 1)
                try await Task.sleep(for: .seconds(2))
                try Self.limit(process, to: 1024)
                try await folders.waitForRounds(round + 2)
            }
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
            #expect(try service.errors.contains("Too many open files"), "the limit was hit")
            #expect(try !service.errors.contains("code=submit.network outcome"), "no drop failed")
            #expect(sandbox.accepted.count == 48 && sandbox.accepted.allSatisfy { $0.acceptances == 1 })
        }
    }

    private static func limit(_ process: pid_t, to count: Int) throws {
        let change = Process()
        let words = Pipe()
        change.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
        change.arguments = ["--pid", "\(process)", "--nofile=\(count):"]
        change.standardError = words
        try change.run()
        let said = String(decoding: words.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        change.waitUntilExit()
        try #require(change.terminationStatus == 0, "\(said)")
    }

    /// A quota that is spent is a full disk, for the ledger too, whose library calls it an I/O error.
    @Test(.enabled(if: Refusal.canCompile, "needs a C compiler"), arguments: ["state", "erp/done", "erp/failed"])
    func aSpentQuotaIsAFullDisk(place: String) async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let folders = try Self.prepare(address)
            let quota = try Refusal(.quota, in: folders.url(place))
            let service = try Program.Running(
                ["run"], in: folders.folder.url, environment: Self.environment.merging(quota.environment) { $1 })
            try folders.drop(0)
            try await folders.waitForRounds(1)
            try quota.begin()
            try folders.drop(1)
            do {
                try await eventually("it is told") { try Self.alerts(service, "diskFull").begun == 1 }
            } catch {
                print("Sluice said:\n\(try service.errors)")
                throw error
            }
            try await Task.sleep(for: .seconds(2))
            try quota.end()
            try await folders.waitForRounds(2)
            try await eventually("it is over") { try Self.alerts(service, "diskFull") == (1, 1) }
            #expect(try service.errors.contains("Disk quota exceeded"))
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
            #expect(sandbox.accepted.count == 16 && sandbox.accepted.allSatisfy { $0.acceptances == 1 })
        }
    }

    /// Names that `done` and `failed` do not take: the drop gets one that they do, and its result has its own.
    @Test(.enabled(if: Refusal.canCompile, "needs a C compiler"))
    func aNameThatAFolderRefusesIsWrittenAnotherWay() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let folders = try Self.prepare(address)
            let names = try Refusal(.names, in: folders.url("erp/done"))
            let service = try Program.Running(
                ["run"], in: folders.folder.url, environment: Self.environment.merging(names.environment) { $1 })
            try await eventually("it has started") { try service.errors.contains(" started ") }
            for (number, name) in ["März.json", "a:b.json", "plain.json"].enumerated() {
                try folders.inbox.write(Self.account("INV-\(number)"), as: name)
            }
            try await eventually("they are filed") { try folders.count("erp/done") == 3 }
            #expect(
                try Set(folders.url("erp/done").names.filter { !$0.hasSuffix(".result.json") })
                    == ["M%C3%A4rz.json", "a%3Ab.json", "plain.json"])
            #expect(
                try folders.url("erp/done").text(of: "M%C3%A4rz.json.result.json").contains(#""name": "März.json""#))
            // The same name again gets a number, as everywhere.
            try folders.inbox.write(Self.account("INV-9"), as: "a:b.json")
            try await eventually("it is filed, too") {
                try folders.url("erp/done").names.contains("a%3Ab.2.json.result.json")
            }
            let audit = try await Program.run(["audit"], in: folders.folder.url)
            #expect(audit.status == 0, "\(audit.output)")
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
            #expect(try folders.url("erp/done").names.count == 8)
            #expect(try folders.url("erp/.work").names == [])
            #expect(sandbox.accepted.count == 4)
        }
    }

    // MARK: Two services

    @Test func aSecondServiceOnAnInboxDoesNotStartAndSaysWhoHasIt() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let folders = try Self.prepare(address)
            try Self.configure(folders, address, state: "other", as: "other.yaml")
            let first = try Program.Running(["run"], in: folders.folder.url, environment: Self.environment)
            try folders.drop(0)
            try await folders.waitForRounds(1)
            let process = try #require(first.process)
            for mode in [["run"], ["run", "--once"]] {
                let second = try await Program.run(
                    mode + ["--config", "other.yaml"], in: folders.folder.url, environment: Self.environment)
                #expect(second.status == 69)
                #expect(second.errors.contains("another service uses the inbox erp"))
                #expect(second.errors.contains("process \(process) with the state folder"))
                #expect(second.errors.contains(folders.url("state").path))
            }
            // Killed, it holds nothing: whoever comes takes over at once, with what was under way.
            first.signal(SIGKILL)
            _ = try await first.status
            #expect(try isNoted(folders.url("erp/.work")))
            let second = try Program.Running(
                ["run", "--config", "other.yaml"], in: folders.folder.url, environment: Self.environment)
            try await eventually("it has started, and waits for an admin") {
                try second.errors.contains("There was no ledger, and yet")
            }
            let status = try await Program.run(["status", "--config", "other.yaml"], in: folders.folder.url)
            #expect(status.status == 1)
            #expect(status.output.contains("paused until you have decided: There was no ledger, and yet"))
            let resume = try await Program.run(["resume", "--config", "other.yaml"], in: folders.folder.url)
            #expect(resume.status == 0)
            try folders.drop(1)
            try await folders.waitForRounds(2)
            second.signal(SIGTERM)
            #expect(try await second.status == 0)
            // After an orderly stop there is not even a note.
            #expect(try folders.url("erp/.work").names == [])
        }
    }

    @Test func anInboxThatAReloadBringsAndAnotherServiceHasIsUnavailableUntilThatEnds() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let folders = try Self.prepare(address)
            _ = try folders.folder.subfolder("bank/inbox")
            let base = CommandTests.configuration(api: address.baseURL, inbox: "settle: 0s, rescan: 500ms")
            let bank = base.replacingOccurrences(of: "state: state", with: "state: other")
                .replacingOccurrences(of: "name: erp, path: erp/inbox", with: "name: bank, path: bank/inbox")
            try folders.folder.url.write(bank, as: "other.yaml")
            let first = try Program.Running(["run"], in: folders.folder.url, environment: Self.environment)
            let second = try Program.Running(
                ["run", "--config", "other.yaml"], in: folders.folder.url, environment: Self.environment)
            for service in [first, second] {
                try await eventually("it has started") { try service.errors.contains(" started ") }
            }
            try await eventually("the other holds its inbox") {
                try isNoted(folders.url("bank/.work"))
            }
            try folders.folder.url.write(
                base + "  - {name: bank, path: bank/inbox, settle: 0s, rescan: 500ms}\n", as: "sluice.yaml")
            first.signal(SIGHUP)
            let process = try #require(second.process)
            try await eventually("it is said") {
                try first.errors.contains("inbox=bank") && first.errors.contains("process \(process)")
                    && first.errors.contains("alert=inboxUnavailable")
            }
            // The other inbox works on, and this one is the other service's.
            try folders.drop(0)
            try await folders.waitForRounds(1)
            try folders.url("bank/inbox").write(Self.account("B-1"), as: "b.json")
            try await eventually("it is filed") { try folders.count("bank/done") == 1 }
            try await eventually("it is told") { try second.errors.contains("name=b.json") }
            second.signal(SIGKILL)
            _ = try await second.status
            try folders.url("bank/inbox").write(Self.account("B-2"), as: "c.json")
            try await eventually("it is filed, too") { try folders.count("bank/done") == 2 }
            try await eventually("it is told") { try first.errors.contains("name=c.json") }
            first.signal(SIGTERM)
            #expect(try await first.status == 0)
        }
    }
}

/// Whether a service has noted itself on a work folder: as an attribute, or in a file where there are none.
private func isNoted(_ work: URL) throws -> Bool {
    guard FileManager.default.fileExists(atPath: work.path) else { return false }
    return try Directory(opening: FilePath(work.path)).attribute("user.sluice.holder") != nil
        || FileManager.default.fileExists(atPath: work.appendingPathComponent(".holder").path)
}
