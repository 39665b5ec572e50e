import AsyncHTTPClient
import Foundation
import NIOCore
import Testing

@testable import Sandbox

/// Faults below HTTP, by chance and by script.
@Suite(.timeLimit(.minutes(2))) struct WorseFaultTests {
    @Test func theirNamesAreRead() throws {
        let plan = try FaultPlan(parsing: "hang:1%,tear:2%,cut:3%,early:4%,garbage:5%,huge:6%,endless:7%,token/hang:1%")
        #expect(
            plan.chances.map(\.effect) == [.hang, .tear, .cut, .early, .garbage, .huge, .endless, .hang])
        #expect(plan.chances.last?.onToken == true)
    }

    @Test(arguments: [("tear", 1), ("cut", 0), ("garbage", 1)])
    func noAnswerCanBeReadOf(fault: String, accepted: Int) async throws {
        let options = SandboxOptions(faults: try FaultPlan(parsing: "\(fault):100%"))
        try await Sandbox.withServer(options) { sandbox, address in
            let client = try await TestClient(address)
            await #expect(throws: (any Error).self) { try await client.account("A", reference: "one") }
            #expect(sandbox.accepted.count == accepted)
            #expect(sandbox.requests.last?.status == nil)
        }
    }

    @Test func anAnswerMayComeBeforeTheBodyWasRead() async throws {
        let options = SandboxOptions(faults: try FaultPlan(parsing: "early:100%"))
        try await Sandbox.withServer(options) { sandbox, address in
            let client = try await TestClient(address)
            #expect(try await client.account("A", reference: "one").status == 503)
            #expect(sandbox.accepted.isEmpty)
        }
    }

    @Test func anAnswersBodyMayBeHuge() async throws {
        try await Sandbox.withServer(SandboxOptions(faults: try FaultPlan(parsing: "huge:100%"))) { sandbox, address in
            let client = try await TestClient(address)
            let answer = try await client.account("A", reference: "one")
            #expect(answer.status == 202)
            #expect(answer.body.count == 10_000_000)
        }
    }

    @Test func anAnswersBodyMayNeverEnd() async throws {
        let options = SandboxOptions(faults: try FaultPlan(parsing: "endless:100%"))
        try await Sandbox.withServer(options) { sandbox, address in
            let client = try await TestClient(address)
            let asking = Task { try await client.account("A", reference: "one") }
            try await sandbox.until { $0.accepted.count == 1 }
            // A second passes, and there is still no end.
            try await Task.sleep(for: .seconds(1))
            asking.cancel()
            await #expect(throws: (any Error).self) { try await asking.value }
        }
    }

    @Test func aHangComesBeforeOrAfter() async throws {
        let options = SandboxOptions(requestsPerMinute: nil, faults: try FaultPlan(parsing: "hang:100%"), seed: 5)
        try await Sandbox.withServer(options) { sandbox, address in
            let client = try await TestClient(address)
            for number in 0..<12 {
                let body = Data(TestClient.account("A", reference: "r\(number)").utf8)
                await #expect(throws: (any Error).self) {
                    try await client.send("PUT", "/sync/v1/account", body: body, timeout: .milliseconds(200))
                }
            }
            #expect((1...11).contains(sandbox.accepted.count))
        }
    }

    @Test func aRefusalIsNotSpoilt() async throws {
        let options = SandboxOptions(faults: try FaultPlan(parsing: "garbage:100%"))
        try await Sandbox.withServer(options) { _, address in
            let client = try await TestClient(address)
            #expect(try await client.put(.account, "{}").status == 400)
        }
    }
}
