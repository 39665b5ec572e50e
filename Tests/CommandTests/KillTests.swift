import Foundation
import Sandbox
import TestSupport
import Testing

/// `kill -9` while drops fail, wait in `failed` and are put back.
@Suite(.timeLimit(.minutes(5))) struct KillTests {
    private static let environment = ["SECRET_OF_THE_TEST": "hunter2-the-secret"]
    private static let count = 60

    @Test(arguments: 1...2 as ClosedRange<UInt64>) func everyDropIsInOnePlaceWheneverItIsKilled(seed: UInt64)
        async throws
    {
        var options = SandboxOptions(requestsPerMinute: nil, seed: seed)
        options.faults = try FaultPlan(parsing: "500:40%,drop:20%,latency:0ms..10ms")
        try await Sandbox.withServer(options) { sandbox, address in
            let folder = try TemporaryFolder()
            let inbox = try folder.subfolder("erp/inbox")
            let text = CommandTests.configuration(api: address.baseURL)
                .replacing("retry: {", with: "breaker: {probe: 50ms}\nretry: {attempts: 1, ")
            try folder.url.write(text, as: "sluice.yaml")
            for number in 0..<Self.count {
                let account = #"{"clientReferenceId":"INV-\#(number)","invoiceNumber":"1","outstandingAmount":1}"#
                try inbox.write(#"{"accounts":[\#(account)]}"#, as: "orders-\(number).json")
            }
            var generator = SeededGenerator(seed: seed)
            for _ in 0..<8 where try !Self.isIdle(folder) {
                let seen = sandbox.requestCount
                let service = try Program.Running(["run"], in: folder.url, environment: Self.environment)
                // Killed after a few requests more, wherever that is.
                let more = Int.random(in: 1...25, using: &generator)
                try await eventually("it is at work, or has nothing to do") {
                    try sandbox.requestCount >= seen + more || Self.isIdle(folder)
                }
                try await eventually("it has begun") { try (service.output + service.errors).contains("started") }
                service.signal(SIGKILL)
                _ = try await service.status
                try Self.expectOnePlaceEach(folder)
            }
            let last = try Program.Running(["run"], in: folder.url, environment: Self.environment)
            try await eventually("all is filed") {
                try (last.output + last.errors).contains("started") && Self.isIdle(folder)
            }
            last.signal(SIGTERM)
            #expect(try await last.status == 0)
            try Self.expectOnePlaceEach(folder)
            #expect(sandbox.accepted.allSatisfy { $0.acceptances == 1 && $0.mismatches == 0 })
            let accepted = Set(sandbox.books.accounts.keys)
            for name in try Self.drops(folder, "done") {
                #expect(accepted.contains(name.replacing("orders-", with: "INV-").replacing(".json", with: "")))
            }
        }
    }

    private static func isIdle(_ folder: TemporaryFolder) throws -> Bool {
        try drops(folder, "inbox").isEmpty && drops(folder, ".work").isEmpty
            && drops(folder, "done").count + drops(folder, "failed").count == count
    }

    /// Drops by their names; one that lies on a shelf of `.work` too.
    private static func drops(_ folder: TemporaryFolder, _ name: String) throws -> [String] {
        let url = folder.url.appendingPathComponent("erp").appendingPathComponent(name)
        let paths = FileManager.default.enumerator(atPath: url.path)?.allObjects as? [String] ?? []
        return paths.map { ($0 as NSString).lastPathComponent }
            .filter { $0.hasPrefix("orders-") && !$0.hasSuffix(".result.json") }
    }

    private static func expectOnePlaceEach(_ folder: TemporaryFolder) throws {
        let all = try ["inbox", ".work", "done", "failed"].flatMap { try drops(folder, $0) }
        #expect(all.sorted() == (0..<count).map { "orders-\($0).json" }.sorted())
    }
}
