import Foundation
import Sandbox
import TestSupport
import Testing

/// `sluice status --watch` on a terminal and elsewhere, beside a service that runs.
@Suite(.timeLimit(.minutes(5))) struct WatchTests {
    private static let environment = ["SECRET_OF_THE_TEST": "x"]

    private static func account(_ number: Int) -> String {
        #"{"accounts":[{"clientReferenceId":"INV-\#(number)","invoiceNumber":"1","outstandingAmount":1}]}"#
    }

    private static func withFolder(
        _ body: @escaping @Sendable (TemporaryFolder, Sandbox) async throws -> Void
    ) async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let folder = try TemporaryFolder()
            _ = try folder.subfolder("erp/inbox")
            try folder.url.write(CommandTests.configuration(api: address.baseURL), as: "sluice.yaml")
            try await body(folder, sandbox)
        }
    }

    private static func watch(_ more: String..., in folder: TemporaryFolder) throws -> Program.Running {
        try Program.Running(["status", "--watch"] + more, in: folder.url, environment: environment)
    }

    @Test func onATerminalItIsDrawnInPlaceAndLeavesTheCursorBehind() async throws {
        try await Self.withFolder { folder, sandbox in
            let terminal = try Terminal(
                ["status", "--watch"], in: folder.url, environment: Self.environment, columns: 70, rows: 20)
            try await eventually("it says that none runs") { terminal.frame.first?.hasPrefix("not running") == true }
            let service = try Program.Running(["run"], in: folder.url, environment: Self.environment)
            do {
                try await eventually("it says that one runs") { terminal.frame.first?.hasPrefix("healthy") == true }
            } catch {
                print("shown: \(terminal.frame)\nthe service: \(try service.errors)")
                throw error
            }
            let inbox = folder.url.appendingPathComponent("erp/inbox")
            try inbox.write(Self.account(1), as: "orders-with-a-long-name-\(String(repeating: "x", count: 150)).json")
            try inbox.write("{]", as: "bad.json")
            try await eventually("both have ended") {
                let frame = terminal.frame.joined(separator: "\n")
                return frame.contains("parse.json") && frame.contains("accepted") && frame.contains("outage   none")
            }
            #expect(terminal.frame.allSatisfy { $0.count <= 70 } && terminal.frame.count < 20)
            // One frame over the other, and never a new page.
            #expect(terminal.text.contains("A\r") && !terminal.text.contains("\u{1B}[2J"))
            #expect(terminal.text.hasPrefix("\u{1B}[?25l") && !terminal.text.contains("\u{1B}[?25h"))
            terminal.resize(columns: 40, rows: 12)
            try await eventually("it fits again") {
                terminal.text.contains("\u{1B}[2J") && terminal.frame.allSatisfy { $0.count <= 40 }
                    && terminal.frame.count < 12
            }
            terminal.signal(SIGINT)
            #expect(try await terminal.status == 0)
            try await eventually("the cursor is back") { terminal.text.hasSuffix("\u{1B}[?7h\u{1B}[?25h") }
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
        }
    }

    @Test func aBacklogHasABar() async throws {
        try await Self.withFolder { folder, sandbox in
            let inbox = folder.url.appendingPathComponent("erp/inbox")
            try inbox.write(Self.account(0), as: "first.json")
            let service = try Program.Running(["run"], in: folder.url, environment: Self.environment)
            try await eventually("one has ended") { sandbox.accepted.count == 1 }
            _ = try await Program.run(["pause"], in: folder.url, environment: Self.environment)
            for number in 1...5 { try inbox.write(Self.account(number), as: "\(number).json") }
            let terminal = try Terminal(["status", "--watch"], in: folder.url, environment: Self.environment)
            try await eventually("the bar is there") {
                terminal.frame.contains { $0.hasPrefix("backlog") && $0.contains("0 %, 5 to go, ") }
            }
            #expect(terminal.frame.first?.hasPrefix("degraded") == true)
            _ = try await Program.run(["resume"], in: folder.url, environment: Self.environment)
            try await eventually("it is gone") { !terminal.frame.contains { $0.hasPrefix("backlog") } }
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
            try await eventually("it says so") { terminal.frame.first?.hasPrefix("not running") == true }
            // The last state's status.
            terminal.signal(SIGINT)
            #expect(try await terminal.status == 3)
        }
    }

    @Test func elsewhereOneReportFollowsTheOther() async throws {
        try await Self.withFolder { folder, _ in
            let watch = try Self.watch(in: folder)
            try await eventually("there are two") {
                try watch.output.components(separatedBy: "not running").count > 2
            }
            watch.signal(SIGINT)
            #expect(try await watch.status == 3)
            #expect(try !watch.output.contains("\u{1B}"))
        }
    }

    /// What it has open between two looks tells.
    @Test func theLedgerIsOpenedOnceAndAgainWhereAnotherHasItsPlace() async throws {
        try await Self.withFolder { folder, _ in
            _ = try await Program.run(["run", "--once"], in: folder.url, environment: Self.environment)
            let watch = try Self.watch("--json", in: folder)
            func looks() throws -> Int { try watch.output.count { $0 == "\n" } }
            func opened() throws -> Set<String> {
                let files = URL(fileURLWithPath: "/proc/\(try #require(watch.process))/fd")
                return Set(
                    try files.names.compactMap {
                        try? FileManager.default.destinationOfSymbolicLink(
                            atPath: files.appendingPathComponent($0).path)
                    }.filter { $0.contains("/ledger.sqlite") && !$0.hasSuffix("-shm") && !$0.hasSuffix("-wal") })
            }
            for count in 1...3 {
                try await eventually("it looked") { try looks() >= count }
                #expect(try opened().map { $0.hasSuffix("/state/ledger.sqlite") } == [true])
            }
            let ledger = folder.url.appendingPathComponent("state/ledger.sqlite")
            for suffix in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: ledger.path + suffix)
            }
            try await eventually("it is missed") { try watch.output.hasSuffix(#""running":false}"# + "\n") }
            #expect(try opened().isEmpty)
            watch.signal(SIGINT)
            #expect(try await watch.status == 3)
        }
    }

    @Test func aLedgerOfWhichThereIsOnlyAFileIsNone() async throws {
        try await Self.withFolder { folder, _ in
            try folder.subfolder("state").write("", as: "ledger.sqlite")
            let ended = try await Program.run(["status"], in: folder.url, environment: Self.environment)
            #expect(ended.status == 3)
            #expect(ended.output == "not running: no service has run so far\n")
        }
    }

    @Test func forMachinesItIsALineASecond() async throws {
        try await Self.withFolder { folder, _ in
            let watch = try Self.watch("--json", in: folder)
            let service = try Program.Running(["run"], in: folder.url, environment: Self.environment)
            func last() throws -> [String: Any]? {
                let lines = try watch.output.split(separator: "\n").dropLast()
                return try lines.last.flatMap {
                    try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
                }
            }
            try await eventually("one runs") { try last()?["status"] as? String == "healthy" }
            try folder.url.appendingPathComponent("erp/inbox").write("{]", as: "bad.json")
            try await eventually("its drop has ended") {
                try (last()?["drops"] as? [[String: Any]])?.first?["code"] as? String == "parse.json"
            }
            let line = try #require(try last())
            #expect(line["backlog"] is NSNull && line["outage"] is NSNull && line["at"] is String)
            #expect((line["inboxes"] as? [[String: Any]])?.first?["failed"] as? Int == 1)
            watch.signal(SIGTERM)
            #expect(try await watch.status == 0)
            service.signal(SIGTERM)
            _ = try await service.status
        }
    }
}
