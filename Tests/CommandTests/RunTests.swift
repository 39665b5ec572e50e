import Foundation
import Sandbox
import TestSupport
import Testing

/// The program as a service: `--once`, signals, the log, what is left after a kill.
@Suite struct RunTests {
    private static func account(_ reference: String) -> String {
        #"{"accounts":[{"clientReferenceId":"\#(reference)","invoiceNumber":"1","outstandingAmount":1}]}"#
    }

    private static let environment = ["SECRET_OF_THE_TEST": "hunter2-the-secret"]

    private static func prepare(_ address: SandboxAddress) throws -> (TemporaryFolder, inbox: URL) {
        let folder = try TemporaryFolder()
        let inbox = try folder.subfolder("erp/inbox")
        try folder.url.write(CommandTests.configuration(api: address.baseURL), as: "sluice.yaml")
        return (folder, inbox)
    }

    private static func drops(in folder: TemporaryFolder, _ name: String) throws -> [String] {
        let url = folder.url.appendingPathComponent("erp").appendingPathComponent(name)
        guard FileManager.default.fileExists(atPath: url.path) else { return [] }
        return try url.names.filter { !$0.hasSuffix(".result.json") && $0 != ".holder" }
    }

    @Test func onceTakesWhatIsThereAndSaysWhetherADropFailed() async throws {
        try await Sandbox.withServer { sandbox, address in
            let (folder, inbox) = try Self.prepare(address)
            try inbox.write(Self.account("INV-1"), as: "a.json")
            let good = try await Program.run(["run", "--once"], in: folder.url, environment: Self.environment)
            #expect(good.status == 0)
            #expect(try Self.drops(in: folder, "done") == ["a.json"])
            try inbox.write("{}", as: "b.json")
            let bad = try await Program.run(["run", "--once"], in: folder.url, environment: Self.environment)
            #expect(bad.status == 1)
            #expect(try Self.drops(in: folder, "failed") == ["b.json"])
            let idle = try await Program.run(["run", "--once"], in: folder.url, environment: Self.environment)
            #expect(idle.status == 0)
        }
    }

    @Test func onceSaysWhetherSomethingWaitsForAToken() async throws {
        try await Sandbox.withServer(SandboxOptions(clientSecret: "another")) { _, address in
            let (folder, inbox) = try Self.prepare(address)
            try inbox.write(Self.account("INV-1"), as: "a.json")
            let ended = try await Program.run(["run", "--once"], in: folder.url, environment: Self.environment)
            #expect(ended.status == 1 && ended.errors.contains("tokenFailure"))
            #expect(try Self.drops(in: folder, ".work") == ["a.json"])
        }
    }

    @Test(arguments: [SIGTERM, SIGKILL])
    func aStopInTheMiddleOfFiftyDropsLosesAndDoublesNothing(signal: Int32) async throws {
        let faults = try FaultPlan(parsing: "latency:5ms..40ms")
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil, faults: faults)) { sandbox, address in
            let (folder, inbox) = try Self.prepare(address)
            for number in 0..<50 { try inbox.write(Self.account("INV-\(number)"), as: "orders-\(number).json") }
            let first = try Program.Running(["run"], in: folder.url, environment: Self.environment)
            try await eventually("some are accepted") { sandbox.accepted.count >= 15 }
            let stopped = ContinuousClock.now
            first.signal(signal)
            let status = try await first.status
            #expect(ContinuousClock.now - stopped < .seconds(10))
            if signal == SIGTERM { #expect(status == 0) }
            #expect(try Self.drops(in: folder, "done").count < 50, "the stop came in the middle")

            let second = try Program.Running(["run"], in: folder.url, environment: Self.environment)
            try await eventually("all are done") { try Self.drops(in: folder, "done").count == 50 }
            second.signal(SIGTERM)
            #expect(try await second.status == 0)
            #expect(sandbox.accepted.count == 50)
            #expect(sandbox.accepted.allSatisfy { $0.acceptances == 1 && $0.mismatches == 0 })
            for name in ["inbox", ".work", "failed"] { #expect(try Self.drops(in: folder, name).isEmpty) }
        }
    }

    @Test func theLogTellsEveryRequestAndNoSecretTokenOrFieldValue() async throws {
        try await Sandbox.withServer { sandbox, address in
            let (folder, inbox) = try Self.prepare(address)
            sandbox.script([.status(503)])
            try inbox.write(Self.account("FIELD-VALUE-4711"), as: "a.json")
            let ended = try await Program.run(["run", "--once"], in: folder.url, environment: Self.environment)
            let requests = ended.errors.split(separator: "\n").filter { $0.contains("/sync/v1/account") }
            #expect(requests.count == 2)
            #expect(requests.first?.contains("status=503") == true)
            #expect(requests.first?.contains("code=submit.serverError") == true)
            for part in ["inbox=erp", "drop=", "reference=account-", "attempt=2", "method=PUT", "durationMs="] {
                #expect(requests.last?.contains(part) == true)
            }
            #expect(!ended.errors.contains("hunter2"))
            #expect(!ended.errors.contains("Bearer"))
            #expect(!ended.errors.contains("FIELD-VALUE-4711"))
        }
    }

    @Test func aSlowRequestIsCutOffInTimeAndRepeatedAfterTheRestart() async throws {
        try await Sandbox.withServer { sandbox, address in
            let (folder, inbox) = try Self.prepare(address)
            sandbox.script([.hangAfterApply])
            try inbox.write(Self.account("INV-1"), as: "a.json")
            let first = try Program.Running(["run"], in: folder.url, environment: Self.environment)
            try await eventually("it has left") { sandbox.accepted.count == 1 }
            let stopped = ContinuousClock.now
            first.signal(SIGTERM)
            #expect(try await first.status == 0)
            #expect(ContinuousClock.now - stopped < .seconds(10))
            let ended = try await Program.run(["run", "--once"], in: folder.url, environment: Self.environment)
            #expect(ended.status == 0)
            #expect(sandbox.accepted.map(\.acceptances) == [1])
            #expect(sandbox.accepted.map(\.repeats) == [1])
            #expect(sandbox.accepted.map(\.mismatches) == [0])
        }
    }

    @Test func aHangUpReadsTheConfigurationAgainAndABadOneChangesNothing() async throws {
        try await Sandbox.withServer { sandbox, address in
            let (folder, _) = try Self.prepare(address)
            let bank = try folder.subfolder("bank/inbox")
            let service = try Program.Running(["run"], in: folder.url, environment: Self.environment)
            try await eventually("it has started") { try service.errors.contains(" started ") }
            let good = CommandTests.configuration(api: address.baseURL)

            try folder.url.write(good + "  - {name: bank, path: bank/inbox, setle: 0s}\n", as: "sluice.yaml")
            service.signal(SIGHUP)
            try await eventually("it is said") { try service.errors.contains("nothing has changed") }
            let said = try #require(try service.errors.split(separator: "\n").last)
            #expect(said.contains("sluice.yaml:13:36: inboxes[1].setle: "))

            try folder.url.write(
                good + "  - {name: bank, path: bank/inbox, settle: 0s}\nlog: {level: warning}\n", as: "sluice.yaml")
            try bank.write(Self.account("INV-1"), as: "a.json")
            service.signal(SIGHUP)
            let done = folder.url.appendingPathComponent("bank/done/a.json")
            try await eventually("it is taken up") { FileManager.default.fileExists(atPath: done.path) }
            #expect(try service.errors.contains(#"result="1 inbox added; log""#))
            #expect(try !service.errors.contains("/sync/v1/account"), "the log is quieter by now")
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
        }
    }

    @Test func theDemoEndsByItselfAndShowsEverything() async throws {
        let samples = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("inbox")
        let started = ContinuousClock.now
        let ended = try await Program.run(["demo", "--samples", samples.path])
        #expect(ended.status == 0)
        #expect(ContinuousClock.now - started < .seconds(20))
        for word in [
            "accepted", "duplicate", "parse.json", "schema.json", "attachment.type", "\"outcome\": \"failed\"",
        ] {
            #expect(ended.output.contains(word), "\(word)")
        }
    }

    /// Promise 6: `limits.memory`, and 100 MB more for the process.
    @Test func aDocumentFourTimesAsLargeAsTheMemoryGoesThroughWithinIt() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let (folder, inbox) = try Self.prepare(address)
            let configuration = CommandTests.configuration(api: address.baseURL)
            try folder.url.write("limits: {memory: 8MB}\n" + configuration, as: "sluice.yaml")
            let note = String(repeating: "x", count: 900)
            var text = #"{"accounts":["#
            for number in 0..<32_000 {
                text += number == 0 ? "" : ",\n"
                text +=
                    #"{"clientReferenceId":"\#(number)","invoiceNumber":null,"outstandingAmount":1,"note":"\#(note)"}"#
            }
            try inbox.write(text + "]}", as: "large.json")
            let service = try Program.Running(["run"], in: folder.url, environment: Self.environment)
            try await eventually("it is done", within: .seconds(300)) {
                try Self.drops(in: folder, "done") == ["large.json"]
            }
            let peak = try #require(try service.peakMemory)
            #expect(peak < 108_000_000, "the process held \(peak) bytes")
            #expect(sandbox.books.accounts.count == 32_000)
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
        }
    }

    /// The same for XML, whose records are converted on the way.
    @Test func anXMLDocumentLargerThanTheMemoryGoesThroughWithinIt() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let (folder, inbox) = try Self.prepare(address)
            let configuration = CommandTests.configuration(api: address.baseURL)
            try folder.url.write("limits: {memory: 8MB, jsonBytes: 4MB}\n" + configuration, as: "sluice.yaml")
            let note = String(repeating: "x", count: 900)
            let text = (0..<24_000).map {
                "<a><clientReferenceId>\($0)</clientReferenceId><invoiceNumber/>"
                    + "<outstandingAmount>1</outstandingAmount><note>\(note)</note></a>\n"
            }
            try inbox.write("<accounts>\(text.joined())</accounts>", as: "large.xml")
            let service = try Program.Running(["run"], in: folder.url, environment: Self.environment)
            try await eventually("it is done", within: .seconds(300)) {
                try Self.drops(in: folder, "done") == ["large.xml"]
            }
            let peak = try #require(try service.peakMemory)
            #expect(peak < 108_000_000, "the process held \(peak) bytes")
            #expect(sandbox.books.accounts.count == 24_000)
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
        }
    }
}
