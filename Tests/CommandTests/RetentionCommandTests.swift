import Foundation
import Sandbox
import TestSupport
import Testing

/// What the commands say of drops that were removed.
@Suite(.timeLimit(.minutes(5))) struct RetentionCommandTests {
    private static let environment = ["SECRET_OF_THE_TEST": "x"]

    @Test func aRemovedDropIsToldAsRemoved() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { _, address in
            let folder = try TemporaryFolder()
            let inbox = try folder.subfolder("erp/inbox")
            try folder.url.write(
                CommandTests.configuration(api: address.baseURL, inbox: "retention: {failed: 1s}"), as: "sluice.yaml")
            try inbox.write(#"{"accounts": [{"clientReferenceId": "1"}]}"#, as: "bad.json")
            let service = try Program.Running(["run"], in: folder.url, environment: Self.environment)
            let failed = try folder.subfolder("erp/failed")
            try await eventually("it is filed") { try failed.names.count == 2 }
            try await eventually("it is removed") { try failed.names.isEmpty }
            func run(_ arguments: String...) async throws -> Program.Ended {
                try await Program.run(arguments, in: folder.url, environment: Self.environment)
            }
            try await eventually("it is written down") {
                try await run("list").output.contains("failed, removed on 20")
            }
            let list = try await run("list", "--json")
            let drops = try #require(try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]])
            #expect((drops.first?["removedAt"] as? String)?.hasSuffix("Z") == true)
            let show = try await run("show", "bad.json")
            #expect(show.output.contains("for its retention was over") && !show.output.contains("lies at"))
            let retry = try await run("retry", "bad.json")
            #expect(retry.status == 65 && retry.errors.contains("its file was removed on 20"))
            #expect(try await run("audit").status == 0)
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
        }
    }
}
