import Foundation
import Logging
import ServiceLifecycle
import Testing

@testable import Sandbox

struct LifecycleTests {
    @Test(arguments: [false, true])
    func itStopsAtOnceThoughAnAnswerIsOutstanding(gracefully: Bool) async throws {
        let (addresses, listening) = AsyncStream.makeStream(of: SandboxAddress.self)
        let sandbox = Sandbox { listening.yield($0) }
        let group = ServiceGroup(
            configuration: .init(services: [sandbox], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        let server = Task {
            if gracefully { try await group.run() } else { try await sandbox.run() }
        }
        var iterator = addresses.makeAsyncIterator()
        let client = try await TestClient(try #require(await iterator.next()))
        sandbox.script([.hang])
        let hung = Task { try await client.account("A", reference: "one") }
        try await sandbox.until { $0.requests.last?.reference == "one" }

        let stop = ContinuousClock.now
        if gracefully { await group.triggerGracefulShutdown() } else { server.cancel() }
        try await server.value
        #expect(ContinuousClock.now - stop < .seconds(5), "the client would have waited for 20")
        await #expect(throws: (any Error).self) { try await hung.value }
    }

    @Test func whatItKnowsOutlastsAStop() async throws {
        let sandbox = Sandbox()
        for (repeats, token) in [(0, 1), (1, 2)] {
            try await sandbox.whileServing { address in
                _ = try await TestClient(address).account("A", reference: "one")
            }
            #expect(sandbox.accepted.map(\.repeats) == [repeats])
            #expect(sandbox.tokenRequests == token)
        }
    }

    @Test func aPortThatIsTakenIsAnError() async throws {
        try await Sandbox.withServer { _, address in
            await #expect(throws: (any Error).self) {
                try await Sandbox(options: SandboxOptions(port: address.port)).run()
            }
            await #expect(throws: (any Error).self) {
                try await Sandbox.withServer(SandboxOptions(port: address.port)) { _, _ in }
            }
        }
    }

    @Test func anErrorOfTheBodyIsTheServersError() async throws {
        struct Mine: Error {}
        await #expect(throws: Mine.self) {
            try await Sandbox.withServer { _, _ in throw Mine() }
        }
    }

    @Test func anAddressOfVersionSixStandsInBrackets() {
        #expect(SandboxAddress(host: "::1", port: 80).apiURL == "http://[::1]:80/sync")
        #expect(SandboxAddress(host: "127.0.0.1", port: 80).tokenURL == "http://127.0.0.1:80/oauth/token")
    }
}
