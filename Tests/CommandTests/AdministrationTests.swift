import Foundation
import Sandbox
import TestSupport
import Testing

/// The commands of an admin: status, list, show, retry, backup.
@Suite struct AdministrationTests {
    private static let environment = ["SECRET_OF_THE_TEST": "x"]

    private static func account(_ reference: String, amount: String = "1") -> String {
        #"{"accounts":[{"clientReferenceId":"\#(reference)","invoiceNumber":"1","outstandingAmount":\#(amount)}]}"#
    }

    /// A folder in which a service filed `good.json` in done and `bad.json` in failed, for its amount; the sandbox serves on.
    static func withFiledDrops(
        inbox lines: String = "settle: 0s", _ body: @escaping @Sendable (TemporaryFolder, Sandbox) async throws -> Void
    ) async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let folder = try TemporaryFolder()
            let inbox = try folder.subfolder("erp/inbox")
            try folder.url.write(CommandTests.configuration(api: address.baseURL, inbox: lines), as: "sluice.yaml")
            try inbox.write(account("INV-1"), as: "good.json")
            try inbox.write(account("INV-2", amount: "-5"), as: "bad.json")
            if lines.contains("ready:") {
                for name in ["good", "bad"] { try inbox.write("", as: "\(name).json.ready") }
            }
            let once = try await Program.run(["run", "--once"], in: folder.url, environment: environment)
            #expect(once.status == 1)
            try await body(folder, sandbox)
        }
    }

    private static func run(_ arguments: String..., in folder: TemporaryFolder) async throws -> Program.Ended {
        try await Program.run(arguments, in: folder.url, environment: environment)
    }

    private static func json(_ ended: Program.Ended) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(ended.output.utf8))
    }

    @Test func withoutALedgerTheCommandsSaySo() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.subfolder("erp/inbox")
        try folder.url.write(CommandTests.configuration(api: "http://127.0.0.1:1"), as: "sluice.yaml")
        for arguments in [["list"], ["show", "x"], ["retry", "x"], ["backup", "x"]] {
            let ended = try await Program.run(arguments, in: folder.url, environment: Self.environment)
            #expect(ended.status == 69)
            #expect(ended.errors.contains("there is no ledger in"))
        }
        let status = try await Self.run("status", in: folder)
        #expect(status.status == 3 && status.output.hasPrefix("not running"))
    }

    @Test func listHasDropsByTheirFolder() async throws {
        try await Self.withFiledDrops { folder, _ in
            let all = try await Self.run("list", in: folder)
            #expect(all.status == 0 && all.output.contains("good.json") && all.output.contains("bad.json"))
            let failed = try await Self.run("list", "--failed", in: folder)
            #expect(!failed.output.contains("good.json") && failed.output.contains("schema.json"))
            let done = try await Self.run("list", "--done", "--json", in: folder)
            let list = try #require(try Self.json(done) as? [[String: Any]])
            #expect(list.map { $0["name"] as? String } == ["good.json"])
            #expect(list.first?["outcome"] as? String == "accepted" && list.first?["kind"] as? String == "account")
            #expect(try await Self.run("list", "--pending", in: folder).output == "no drops\n")
            #expect(try await Self.run("list", "--inbox", "other", in: folder).output == "no drops\n")
            #expect(try await Self.run("list", "--search", "INV-2", in: folder).output.contains("bad.json"))
            #expect(try await Self.run("list", "--search", "good", in: folder).output.contains("good.json"))
            #expect(try await Self.run("list", "--failed", "--done", in: folder).status == 64)
        }
    }

    @Test func listHasAllDropsUnlessALimitIsGiven() async throws {
        try await Self.withFiledDrops { folder, _ in
            let inbox = folder.url.appendingPathComponent("erp/inbox")
            for number in 1...250 { try inbox.write("{]", as: "more-\(number).json") }
            _ = try await Self.run("run", "--once", in: folder)
            let list = try #require(try Self.json(try await Self.run("list", "--json", in: folder)) as? [[String: Any]])
            #expect(list.count == 252 && Set(list.compactMap { $0["id"] as? String }).count == 252)
            #expect(Set(list.suffix(2).compactMap { $0["name"] as? String }) == ["good.json", "bad.json"])
            let lines = try await Self.run("list", in: folder).output.split(separator: "\n")
            #expect(lines.count == 253 && lines.count { $0.hasPrefix("RECEIVED") } == 1)
            #expect(lines.dropFirst().map { String($0.suffix(26)) } == list.compactMap { $0["id"] as? String })
            let failed = try await Self.run("list", "--failed", "--limit", "201", "--json", in: folder)
            #expect((try Self.json(failed) as? [[String: Any]])?.count == 201)
            #expect(try await Self.run("list", "--search", "more-", in: folder).output.contains("more-250.json"))
            #expect(try await Self.run("list", "--limit", "0", in: folder).status == 64)
            #expect(try await Self.run("list", "--json", "--search", "nothing", in: folder).output == "[]\n")
        }
    }

    @Test func showTellsADropsStory() async throws {
        try await Self.withFiledDrops { folder, _ in
            for words in ["bad.json", "erp/failed/bad.json", "erp/failed/bad.json.result.json"] {
                let ended = try await Self.run("show", words, in: folder)
                #expect(ended.status == 0)
                #expect(
                    ended.output.contains("line 1, column 83: /accounts/0/outstandingAmount: -5 is less than 0 (INV-2)")
                )
                #expect(ended.output.contains("What to do: Correct the fields"))
            }
            let good = try await Self.run("show", "good.json", in: folder)
            #expect(good.output.contains(": accepted") && good.output.contains("attempt 1: 202"))
            let json = try await Self.run("show", "--json", "good.json", in: folder)
            let sidecar = folder.url.appendingPathComponent("erp/done/good.json.result.json")
            #expect(json.output == (try String(contentsOf: sidecar, encoding: .utf8)))
            let missing = try await Self.run("show", "nothing.json", in: folder)
            #expect(missing.status == 66 && missing.errors.contains("there is no drop nothing.json"))
        }
    }

    @Test func retryPutsAFailedDropBackAndItsResultGoes() async throws {
        try await Self.withFiledDrops { folder, sandbox in
            let failed = folder.url.appendingPathComponent("erp/failed")
            try failed.write(Self.account("INV-2", amount: "5"), as: "bad.json")
            let retry = try await Self.run("retry", "erp/failed/bad.json", in: folder)
            #expect(retry.status == 0 && retry.output.contains("back in erp as bad.json"))
            #expect(try failed.names == [])
            let once = try await Self.run("run", "--once", in: folder)
            #expect(once.status == 0)
            #expect(try folder.url.appendingPathComponent("erp/done").names.contains("bad.json"))
            #expect(sandbox.books.accounts["INV-2"]?.times == 1)

            let again = try await Self.run("retry", "bad.json", in: folder)
            #expect(again.status == 65 && again.errors.contains("it was accepted"))
            #expect(try await Self.run("retry", "nothing.json", in: folder).status == 66)
            #expect(try await Self.run("retry", in: folder).status == 64)
        }
    }

    @Test func aNameThatIsTakenInTheInboxGetsANumber() async throws {
        try await Self.withFiledDrops { folder, _ in
            try folder.url.appendingPathComponent("erp/inbox").write("{}", as: "bad.json")
            let retry = try await Self.run("retry", "bad.json", in: folder)
            #expect(retry.status == 0 && retry.output.contains("as bad.2.json"))
            #expect(Set(try folder.url.appendingPathComponent("erp/inbox").names) == ["bad.json", "bad.2.json"])
            let gone = try await Self.run("retry", "erp/failed/bad.json", in: folder)
            #expect(gone.status == 65 && gone.errors.contains("is not there any more"))
        }
    }

    /// Under another it would be another account's.
    @Test func anAttachmentWhoseNameIsTakenInTheInboxStaysWhereItIs() async throws {
        try await Self.withFiledDrops { folder, sandbox in
            let inbox = folder.url.appendingPathComponent("erp/inbox")
            sandbox.script([.status(400)])
            try inbox.write("%PDF-1.4\n1\n%%EOF\n", as: "INV1.pdf")
            _ = try await Self.run("run", "--once", in: folder)
            try inbox.write("%PDF-1.4\n2\n%%EOF\n", as: "INV1.pdf")
            let retry = try await Self.run("retry", "INV1.pdf", in: folder)
            #expect(retry.status == 65 && retry.errors.contains("which account"))
            #expect(try inbox.names == ["INV1.pdf"])
            #expect(try folder.url.appendingPathComponent("erp/failed").names.contains("INV1.pdf.result.json"))
            try FileManager.default.removeItem(at: inbox.appendingPathComponent("INV1.pdf"))
            #expect(try await Self.run("retry", "INV1.pdf", in: folder).status == 0)
        }
    }

    @Test(arguments: [nil, "retryMoved"])
    func whereAMarkerIsAskedForAFileGoesBackWithOne(killedAt point: String?) async throws {
        try await Self.withFiledDrops(inbox: #"settle: 0s, ready: "{name}.ready""#) { folder, _ in
            let inbox = folder.url.appendingPathComponent("erp/inbox")
            if let point {
                let environment = Self.environment.merging(["SLUICE_KILL_AT": point]) { $1 }
                _ = try await Program.run(["retry", "bad.json"], in: folder.url, environment: environment)
                #expect(try inbox.names == ["bad.json"])
            }
            let retry = try await Self.run("retry", "bad.json", in: folder)
            #expect(retry.status == (point == nil ? 0 : 65))
            #expect(try inbox.names == ["bad.json", "bad.json.ready"])
            #expect(try folder.url.appendingPathComponent("erp/failed").names == [])
        }
    }

    @Test func allRetryableTakesThoseThatMayGoThroughUnchanged() async throws {
        try await Self.withFiledDrops { folder, sandbox in
            sandbox.script([.status(503), .status(503), .status(503)])
            try folder.url.appendingPathComponent("erp/inbox").write(Self.account("INV-3"), as: "later.json")
            _ = try await Self.run("run", "--once", in: folder)
            let retry = try await Self.run("retry", "--all-retryable", in: folder)
            #expect(retry.status == 0)
            #expect(try folder.url.appendingPathComponent("erp/inbox").names == ["later.json"])
            #expect(try folder.url.appendingPathComponent("erp/failed").names.contains("bad.json"))
        }
    }

    /// The first drop's name is free once it was put back, and the next one that fails has it.
    @Test func aFileThatIsAnotherDropsByNowIsNotPutBack() async throws {
        try await Self.withFiledDrops { folder, sandbox in
            let (inbox, failed) = (
                folder.url.appendingPathComponent("erp/inbox"), folder.url.appendingPathComponent("erp/failed")
            )
            sandbox.script([.status(503), .status(503), .status(503)])
            try inbox.write(Self.account("INV-3"), as: "orders.json")
            _ = try await Self.run("run", "--once", in: folder)
            let list = try await Self.run("list", "--failed", "--json", in: folder)
            let drops = try #require(try Self.json(list) as? [[String: Any]])
            let first = try #require(drops.first { $0["name"] as? String == "orders.json" }?["id"] as? String)
            #expect(try await Self.run("retry", first, in: folder).status == 0)
            _ = try await Self.run("run", "--once", in: folder)
            // One that would fail again just as it is.
            try inbox.write(Self.account("INV-4", amount: "-5"), as: "orders.json")
            _ = try await Self.run("run", "--once", in: folder)
            #expect(try failed.names.contains("orders.json.result.json"))

            let retry = try await Self.run("retry", first, in: folder)
            #expect(retry.status == 65 && retry.errors.contains("is another drop's file by now"))
            _ = try await Self.run("retry", "--all-retryable", in: folder)
            #expect(try inbox.names == [])
            #expect(try failed.text(of: "orders.json") == Self.account("INV-4", amount: "-5"))
            #expect(try failed.names.contains("orders.json.result.json"))
        }
    }

    @Test func statusSaysWhetherAServiceRuns() async throws {
        try await Self.withFiledDrops { folder, _ in
            let stopped = try await Self.run("status", in: folder)
            #expect(stopped.status == 3 && stopped.output.hasPrefix("not running"))
            let service = try Program.Running(["run"], in: folder.url, environment: Self.environment)
            try await eventually("it runs") { try await Self.run("status", in: folder).status == 0 }
            let running = try await Self.run("status", "--json", in: folder)
            let report = try #require(try Self.json(running) as? [String: Any])
            #expect(report["status"] as? String == "healthy" && report["running"] as? Bool == true)
            let inbox = try #require((report["inboxes"] as? [[String: Any]])?.first)
            #expect(inbox["accepted"] as? Int == 1 && inbox["failed"] as? Int == 1 && inbox["waiting"] as? Int == 0)
            #expect((report["failures"] as? [[String: Any]])?.first?["name"] as? String == "bad.json")
            _ = try await Self.run("pause", "erp", in: folder)
            let paused = try await Self.run("status", in: folder)
            #expect(paused.status == 1 && paused.output.contains("paused"))
            _ = try await Self.run("resume", in: folder)
            try await eventually("it goes on") { try await Self.run("status", in: folder).status == 0 }
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o777], ofItemAtPath: folder.url.appendingPathComponent("erp/done").path)
            let degraded = try await Self.run("status", in: folder)
            #expect(degraded.status == 1 && degraded.output.contains("chmod 755"))
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
        }
    }

    @Test func aBackupIsAWholeLedgerAndOverwritesNothing() async throws {
        try await Self.withFiledDrops { folder, _ in
            let backup = try await Self.run("backup", "copy.sqlite", in: folder)
            #expect(backup.status == 0)
            #expect(try await Self.run("backup", "copy.sqlite", in: folder).status == 69)
            // It serves as a ledger.
            let state = try folder.subfolder("other")
            try FileManager.default.moveItem(
                at: folder.url.appendingPathComponent("copy.sqlite"), to: state.appendingPathComponent("ledger.sqlite"))
            let configuration = try String(
                contentsOf: folder.url.appendingPathComponent("sluice.yaml"), encoding: .utf8)
            try folder.url.write(configuration.replacing("state: state", with: "state: other"), as: "other.yaml")
            let list = try await Self.run("list", "--config", "other.yaml", in: folder)
            #expect(list.status == 0 && list.output.contains("good.json"))
        }
    }

    /// It has the records' names and the API's answers in it.
    @Test func aBackupIsForItsOwnersEyesAlone() async throws {
        try await Self.withFiledDrops { folder, _ in
            // Of one that was cut off.
            try folder.url.write("half", as: "copy.sqlite.part")
            let backup = try await Program.run(
                ["backup", "copy.sqlite"], in: folder.url, environment: Self.environment,
                under: ["/bin/sh", "-c", #"umask 0; exec "$@""#, "sh"])
            #expect(backup.status == 0, "\(backup.errors)")
            let copy = folder.url.appendingPathComponent("copy.sqlite")
            let mode = try FileManager.default.attributesOfItem(atPath: copy.path)[.posixPermissions]
            #expect(mode as? Int == 0o600)
            #expect(try folder.url.names.filter { $0.hasPrefix("copy") } == ["copy.sqlite"])
        }
    }

    // MARK: audit

    @Test func anAuditOfWhatWasLeftAloneIsClean() async throws {
        try await Self.withFiledDrops { folder, _ in
            let clean = try await Self.run("audit", in: folder)
            #expect(
                clean.status == 0
                    && clean.output.hasPrefix("2 drops, 4 files: all is as the ledger says\nclosed drops: 2:"))
            // A failed drop that was put back, corrected and accepted has gone on.
            try folder.url.appendingPathComponent("erp/failed").write(Self.account("INV-2"), as: "bad.json")
            _ = try await Self.run("retry", "bad.json", in: folder)
            #expect(try await Self.run("audit", in: folder).status == 0)
            _ = try await Self.run("run", "--once", in: folder)
            #expect(try await Self.run("audit", in: folder).status == 0)
        }
    }

    @Test func anAuditIsHeldAgainstAnEarlierOne() async throws {
        try await Self.withFiledDrops { folder, _ in
            let first = try await Self.run("audit", in: folder)
            let anchor = try #require(first.output.firstMatch(of: /closed drops: (2:[0-9a-f]{64})/)?.1)
            #expect(try await Self.run("audit", "--anchor", String(anchor), in: folder).status == 0)
            let other = "2:" + String(repeating: "0", count: 64)
            let second = try await Self.run("audit", "--anchor", other, in: folder)
            #expect(second.status == 1 && second.output.contains("another than the one that was written down"))
            let json = try Self.json(try await Self.run("audit", "--json", in: folder)) as? [String: Any]
            #expect((json?["chain"] as? [String: Any])?["head"] as? String == String(anchor))
            #expect(try await Self.run("audit", "--anchor", "yesterday", in: folder).status == 64)
        }
    }

    static let tampering: [(String, @Sendable (URL) throws -> Void)] = [
        (
            "its file is missing",
            { try FileManager.default.removeItem(at: $0.appendingPathComponent("done/good.json")) }
        ),
        (
            "its file is missing",
            { try FileManager.default.removeItem(at: $0.appendingPathComponent("failed/bad.json")) }
        ),
        (
            "its result is missing",
            { try FileManager.default.removeItem(at: $0.appendingPathComponent("done/good.json.result.json")) }
        ),
        ("it has 2 bytes; it had", { try $0.appendingPathComponent("done").write("{}", as: "good.json") }),
        (
            "its content is another",
            { folder in
                let file = folder.appendingPathComponent("done/good.json")
                try String(contentsOf: file, encoding: .utf8).replacing("INV-1", with: "INV-9").write(
                    to: file, atomically: false, encoding: .utf8)
            }
        ),
        (
            "it says something else",
            { folder in
                let file = folder.appendingPathComponent("failed/bad.json.result.json")
                try String(contentsOf: file, encoding: .utf8).replacing("schema.json", with: "parse.json").write(
                    to: file, atomically: false, encoding: .utf8)
            }
        ),
        (
            "it says something else",
            { folder in
                let file = folder.appendingPathComponent("done/good.json.result.json")
                try String(contentsOf: file, encoding: .utf8).replacing(
                    "\"state\": \"accepted\"", with: "\"state\": \"refused\""
                )
                .write(to: file, atomically: false, encoding: .utf8)
            }
        ),
        ("no drop of the ledger", { try $0.appendingPathComponent("done").write("{}", as: "stranger.json") }),
        (
            "it is no result",
            { folder in
                let file = folder.appendingPathComponent("done/good.json.result.json")
                try FileManager.default.moveItem(at: file, to: folder.appendingPathComponent("elsewhere.json"))
                try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: "../elsewhere.json")
            }
        ),
        (
            "it is no regular file",
            { folder in
                let file = folder.appendingPathComponent("done/good.json")
                try FileManager.default.removeItem(at: file)
                try FileManager.default.createSymbolicLink(
                    at: file, withDestinationURL: URL(fileURLWithPath: "/etc/passwd"))
            }
        ),
    ]

    @Test(arguments: tampering.indices) func anAuditNamesWhatIsNotAsTheLedgerSays(index: Int) async throws {
        let (message, tamper) = Self.tampering[index]
        try await Self.withFiledDrops { folder, _ in
            try tamper(folder.url.appendingPathComponent("erp"))
            let audit = try await Self.run("audit", in: folder)
            #expect(audit.status == 1 && audit.output.contains(message), "\(audit.output)")
            #expect(audit.output.contains("1 not as the ledger says"))
            let json = try Self.json(try await Self.run("audit", "--json", in: folder)) as? [String: Any]
            #expect((json?["findings"] as? [Any])?.count == 1)
            #expect(try await Self.run("audit", "--since", "soon", in: folder).status == 64)
        }
    }
}
