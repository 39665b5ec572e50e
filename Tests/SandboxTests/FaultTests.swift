import AsyncHTTPClient
import Foundation
import NIOCore
import Testing

@testable import Sandbox

struct FaultTests {
    @Test func scriptedAnswersAreGivenOneByOne() async throws {
        try await Sandbox.withServer { sandbox, address in
            let client = try await TestClient(address)
            sandbox.script([.status(401), .status(500), .retryAfter("2"), .ok, .statusAfterApply(503)])
            for status in [401, 500, 429, 202, 503, 202] {
                let answer = try await client.account("A", reference: "one")
                #expect(answer.status == status)
                if status == 429 { #expect(answer.headers["retry-after"] == "2") }
            }
            #expect(sandbox.accepted.map(\.repeats) == [2])
            #expect(sandbox.scriptedAnswersLeft == 0)
        }
    }

    @Test func anAnswerCanBeMadeUp() async throws {
        try await Sandbox.withServer { sandbox, address in
            let client = try await TestClient(address)
            sandbox.script([.answer(418, headers: ["X-Pot": "tea"], body: Data("short".utf8))])
            let answer = try await client.account("A", reference: "one")
            #expect(answer.status == 418)
            #expect(answer.headers["x-pot"] == "tea")
            #expect(answer.body == Data("short".utf8))
        }
    }

    @Test func theMostParticularTargetGoesFirst() async throws {
        try await Sandbox.withServer { sandbox, address in
            let client = try await TestClient(address)
            sandbox.script([.status(501)], for: .submissions)
            sandbox.script([.status(502)], for: .kind(.payment))
            sandbox.script([.status(503)], for: .reference("two"))
            sandbox.script([.status(504)], for: .status)
            sandbox.script([.status(500)], for: .token)
            #expect(try await client.get("/sync/v1/status/x").status == 504)
            #expect(try await client.askForToken().status == 500)
            let statuses = [
                try await client.account("A", reference: "two").status,
                try await client.put(.payment, #"{"batchReferenceId":"two","payments":[]}"#).status,
                try await client.put(.payment, #"{"batchReferenceId":"two","payments":[]}"#).status,
                try await client.account("A", reference: "two").status,
            ]
            #expect(statuses == [503, 502, 501, 202])
        }
    }

    @Test(arguments: [
        (ScriptedAnswer.close, 0), (.closeAfterApply, 1), (.tearAfterApply, 1),
    ])
    func aConnectionIsReallyClosed(answer: ScriptedAnswer, accepted: Int) async throws {
        try await Sandbox.withServer { sandbox, address in
            let client = try await TestClient(address)
            sandbox.script([answer])
            await #expect(throws: (any Error).self) { try await client.account("A", reference: "one") }
            #expect(sandbox.accepted.count == accepted)
            #expect(sandbox.requests.last?.reference == "one")
            #expect(sandbox.requests.last?.status == nil)
            #expect(try await client.account("A", reference: "one").status == 202)
            #expect(sandbox.accepted.map(\.repeats) == [accepted])
        }
    }

    @Test(arguments: [(ScriptedAnswer.hang, 0), (.hangAfterApply, 1)])
    func anAnswerMayNeverCome(answer: ScriptedAnswer, accepted: Int) async throws {
        try await Sandbox.withServer { sandbox, address in
            let client = try await TestClient(address)
            sandbox.script([answer])
            let body = Data(TestClient.account("A", reference: "one").utf8)
            await #expect(throws: HTTPClientError.self) {
                try await client.send("PUT", "/sync/v1/account", body: body, timeout: .milliseconds(300))
            }
            #expect(sandbox.accepted.count == accepted)
        }
    }

    @Test func theRateAndTheTokenAreLookedAtBeforeTheScript() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: 2)) { sandbox, address in
            sandbox.script([.status(500)])
            let client = try await TestClient(address)
            let reply = try await TestClient(tokenless: address).account("A", reference: "one")
            #expect(reply.status == 401)
            #expect(try await client.account("A", reference: "one").status == 429)
            #expect(sandbox.scriptedAnswersLeft == 1)
        }
    }

    @Test func anOutageAnswers503ToEverything() async throws {
        let time = ManualClock()
        let options = SandboxOptions(faults: try FaultPlan(parsing: "outage:10s@30s"))
        try await Sandbox.withServer(options, clock: time.clock) { _, address in
            let client = try await TestClient(address)
            time.advance(by: .seconds(30))
            #expect(try await client.account("A", reference: "one").status == 503)
            #expect(try await client.askForToken().status == 503)
            time.advance(by: .seconds(10))
            #expect(try await client.account("A", reference: "one").status == 202)
        }
    }

    @Test func latencyIsWaitedFor() async throws {
        let time = ManualClock()
        let options = SandboxOptions(faults: try FaultPlan(parsing: "latency:2s..3s"))
        try await Sandbox.withServer(options, clock: time.clock) { sandbox, address in
            _ = try await TestClient(address).account("A", reference: "one")
            #expect(time.clock.now() >= .seconds(4))
            #expect(time.clock.now() <= .seconds(6))
        }
    }

    @Test func faultsByChanceLeaveTheTokenEndpointAloneUnlessSaid() async throws {
        let options = SandboxOptions(faults: try FaultPlan(parsing: "429:100%"))
        try await Sandbox.withServer(options) { sandbox, address in
            let client = try await TestClient(address)
            let answer = try await client.account("A", reference: "one")
            #expect(answer.status == 429)
            #expect(answer.headers["retry-after"] == "1")
            #expect(sandbox.accepted.isEmpty)
        }
        let onToken = SandboxOptions(faults: try FaultPlan(parsing: "token/500:100%"))
        try await Sandbox.withServer(onToken) { _, address in
            let reply = try await TestClient(tokenless: address).askForToken()
            #expect(reply.status == 500)
        }
    }

    @Test func aDropComesBeforeOrAfterTheBatchIsApplied() async throws {
        let options = SandboxOptions(requestsPerMinute: nil, faults: try FaultPlan(parsing: "drop:100%"), seed: 3)
        try await Sandbox.withServer(options) { sandbox, address in
            let client = try await TestClient(address)
            for number in 0..<40 {
                await #expect(throws: (any Error).self) { try await client.account("A", reference: "r\(number)") }
            }
            #expect((10...30).contains(sandbox.accepted.count))
            #expect(sandbox.requests.dropFirst().allSatisfy { $0.status == nil })
        }
    }
}
