import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Sandbox
import TestSupport
import Testing

/// The admin site of the built program.
struct AdminSiteTests {
    private static let environment = ["SECRET_OF_THE_TEST": "hunter2-the-secret"]

    private func configuration(_ address: SandboxAddress, admin: String) -> String {
        CommandTests.configuration(api: address.baseURL).replacing("admin: {listen: none}", with: "admin: \(admin)")
    }

    @Test(arguments: ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080", "admin.example:80"])
    func beyondLoopbackItIsRefusedWithoutAToken(listen: String) async throws {
        try await Sandbox.withServer { _, address in
            let folder = try TemporaryFolder()
            _ = try folder.subfolder("erp/inbox")
            try folder.url.write(configuration(address, admin: "{listen: \"\(listen)\"}"), as: "sluice.yaml")
            let ended = try await Program.run(["run"], in: folder.url, environment: Self.environment)
            #expect(ended.status == 78)
            #expect(ended.errors.contains("admin") && ended.errors.contains("token"))
        }
    }

    @Test func aStopWithAnOpenPageIsQuick() async throws {
        try await Sandbox.withServer { _, address in
            let folder = try TemporaryFolder()
            _ = try folder.subfolder("erp/inbox")
            try folder.url.write(configuration(address, admin: "{listen: 127.0.0.1:0}"), as: "sluice.yaml")
            let program = try Program.Running(["run"], in: folder.url, environment: Self.environment)
            try await eventually("it listens") { try program.errors.contains("http://127.0.0.1:") }
            let port = try #require(try program.errors.firstMatch(of: /http:\/\/127\.0\.0\.1:(\d+)\//)).1
            let page = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: "http://127.0.0.1:\(port)/"), timeout: .seconds(30))
            #expect(page.status == .ok)
            let stream = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: "http://127.0.0.1:\(port)/events"), timeout: .seconds(30))
            var pieces = stream.body.makeAsyncIterator()
            #expect(try await pieces.next() != nil)
            let stopped = ContinuousClock.now
            program.signal(SIGTERM)
            #expect(try await program.status == 0)
            #expect(ContinuousClock.now - stopped < .seconds(5))
            #expect(try !program.errors.contains("stopped in the middle"))
        }
    }
}
