import Foundation
import Testing

@testable import Sandbox

struct LimitTests {
    @Test func requestsOverTheRateAreBlockedUntilRetryAfter() async throws {
        let time = ManualClock()
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: 3), clock: time.clock) { sandbox, address in
            let client = try await TestClient(address)
            time.advance(by: .milliseconds(20_500))
            #expect(try await client.account("A", reference: "one").status == 202)
            #expect(try await client.get("/sync/v1/status/x").status == 404)

            let blocked = try await client.account("A", reference: "two")
            #expect(blocked.status == 429)
            #expect(blocked.headers["retry-after"] == "40")
            #expect(try await client.askForToken().status == 429)
            time.advance(by: .seconds(40))
            #expect(try await client.account("A", reference: "two").status == 202)
            #expect(try await client.account("A", reference: "three").status == 429)

            #expect(sandbox.largestWindow == 6)
            #expect(sandbox.accepted.map(\.reference) == ["one", "two"])
            #expect(sandbox.requests.map(\.status) == [200, 202, 404, 429, 429, 202, 429])
        }
    }

    @Test(arguments: [
        ("POST", "/sync/v1/account", 405, "PUT"), ("PUT", "/sync/v1/attachment", 405, "POST"),
        ("GET", "/oauth/token", 405, "POST"), ("DELETE", "/sync/v1/status/x", 405, "GET"),
        ("PUT", "/sync/v1/accounts", 404, nil), ("PUT", "/v1/account", 404, nil), ("GET", "/", 404, nil),
        ("GET", "/sync/v1/status/", 404, nil),
    ])
    func aRouteIsOfOneMethod(method: String, path: String, status: Int, allow: String?) async throws {
        try await Sandbox.withServer { sandbox, address in
            let answer = try await TestClient(address).send(method, path)
            #expect(answer.status == status)
            #expect(answer.headers["allow"] == allow)
            #expect(sandbox.requestCount == 2)
        }
    }

    @Test(arguments: [
        (SubmissionKind.account, "text/plain", 415), (.account, "multipart/form-data; boundary=b", 415),
        (.attachment, "application/json", 415), (.payment, "application/json; charset=utf-8", 400),
    ])
    func aRouteIsOfOneContentType(kind: SubmissionKind, type: String, status: Int) async throws {
        try await Sandbox.withServer { _, address in
            let client = try await TestClient(address)
            let answer = try await client.send(
                kind.method, "/sync" + kind.path, body: Data("{}".utf8), contentType: type)
            #expect(answer.status == status)
        }
    }

    @Test(arguments: [(0, 202), (1, 413)])
    func aJSONBodyHasALimit(over: Int, status: Int) async throws {
        let body = TestClient.account("A", reference: "one")
        try await Sandbox.withServer(SandboxOptions(jsonBytes: body.utf8.count - over)) { sandbox, address in
            let reply = try await TestClient(address).put(.account, body)
            #expect(reply.status == status)
            #expect(sandbox.requests.last?.status == status)
        }
    }

    @Test func aBodyOfThirtyMegabytesIsTakenAndAByteMoreIsNot() async throws {
        try await Sandbox.withServer { sandbox, address in
            let client = try await TestClient(address)
            let frame = #"{"batchReferenceId":"one","payments":[{"clientReferenceId":"A","note":""}]}"#
            let note = String(repeating: "x", count: 30_000_000 - frame.utf8.count)
            let body = frame.replacing(#""note":"""#, with: #""note":"\#(note)""#)
            #expect(body.utf8.count == 30_000_000)
            #expect(try await client.put(.payment, body).status == 202)
            #expect(try await client.put(.payment, body + " ").status == 413)
            #expect(sandbox.accepted.count == 1)
        }
    }

    @Test func aFormOfTwentyFiveMegabytesIsTheLargest() async throws {
        try await Sandbox.withServer(SandboxOptions(attachmentsNeedAccount: false)) { sandbox, address in
            let client = try await TestClient(address)
            let fields = ["referenceId": "r", "clientReferenceId": "c"]
            let file = Data("%PDF-".utf8) + Data(repeating: 0x2D, count: 24_990_000)
            #expect(try await client.attach(fields, file: file).status == 202)
            #expect(try await client.attach(fields, file: file + Data(count: 20_000)).status == 413)
            #expect(sandbox.accepted.map(\.mismatches) == [0])
        }
    }
}
