import Foundation
import Sandbox
import TestSupport
import Testing

/// `sluice pause` and `sluice resume` beside a service that runs.
@Suite(.timeLimit(.minutes(3))) struct PauseCommandTests {
    private static let environment = ["SECRET_OF_THE_TEST": "hunter2-the-secret"]

    @Test func aRunningServiceHearsOfIt() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let folder = try TemporaryFolder()
            let inbox = try folder.subfolder("erp/inbox")
            try folder.url.write(CommandTests.configuration(api: address.baseURL), as: "sluice.yaml")
            let service = try Program.Running(["run"], in: folder.url, environment: Self.environment)
            let state = folder.url.appendingPathComponent("state/control")
            try await eventually("it runs") { FileManager.default.fileExists(atPath: state.path) }

            let pause = try await Program.run(["pause"], in: folder.url, environment: Self.environment)
            #expect(pause.status == 0)
            #expect(pause.output.contains("paused"))
            try await Task.sleep(for: .milliseconds(500))
            try inbox.write(
                #"{"accounts":[{"clientReferenceId":"A","invoiceNumber":"1","outstandingAmount":1}]}"#, as: "a.json")
            try await Task.sleep(for: .seconds(2))
            #expect(try inbox.names == ["a.json"])

            #expect(try await Program.run(["resume"], in: folder.url, environment: Self.environment).status == 0)
            try await eventually("it is sent") { sandbox.accepted.count == 1 }
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
        }
    }

    @Test func anInboxThatThereIsNotIsSaid() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.subfolder("erp/inbox")
        try folder.url.write(CommandTests.configuration(api: "http://127.0.0.1:1"), as: "sluice.yaml")
        let result = try await Program.run(["pause", "nobody"], in: folder.url, environment: Self.environment)
        #expect(result.status == 66)
        #expect(result.errors.contains("nobody"))
    }
}
