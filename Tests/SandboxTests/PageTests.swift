import Foundation
import Testing

@testable import Sandbox

struct PageTests {
    @Test func thePagesShowWhatWasAccepted() async throws {
        try await Sandbox.withServer { _, address in
            let client = try await TestClient(address)
            _ = try await client.account("A", reference: "one")
            _ = try await client.account("B", reference: "two")
            _ = try await client.account("A", reference: "one")
            let page = try await TestClient(tokenless: address).get("/sandbox/accepted").object()
            #expect(page["count"] as? Int == 2)
            let accepted = try #require(page["accepted"] as? [[String: Any]])
            #expect(accepted.map { $0["reference"] as? String } == ["one", "two"])
            #expect(accepted.map { $0["repeats"] as? Int } == [1, 0])
            #expect(
                Set(accepted[0].keys) == [
                    "kind", "reference", "sha256", "records", "acceptances", "repeats", "mismatches",
                ])
        }
    }

    @Test func thePagesShowTheRequestsAndTheirWindow() async throws {
        try await Sandbox.withServer { _, address in
            let client = try await TestClient(address)
            _ = try await client.account("A", reference: "one")
            _ = try await client.get("/nowhere")
            let requests = try await client.get("/sandbox/requests?last=2").object()
            let last = try #require(requests["requests"] as? [[String: Any]])
            #expect(requests["total"] as? Int == 3)
            #expect(last.map { $0["status"] as? Int } == [202, 404])
            #expect(last[0]["reference"] as? String == "one")
            #expect((last[0]["at"] as? String)?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
            let windows = try await client.get("/sandbox/windows").object()
            #expect(
                windows as? [String: Int] == [
                    "largest": 3, "limit": 1000, "seconds": 60, "requests": 3, "tokenRequests": 1,
                ])
        }
    }

    @Test func thePagesShowTheBooks() async throws {
        try await Sandbox.withServer { _, address in
            let client = try await TestClient(address)
            _ = try await client.account("A", reference: "one")
            _ = try await client.account("A", reference: "two", status: "Hold")
            _ = try await client.put(.payment, #"{"batchReferenceId":"p","payments":[{"clientReferenceId":"A"}]}"#)
            let claim = #"{"batchReferenceId":"c","thirdPartyClaims":[{"claimNumber":"C","status":"Open"}]}"#
            _ = try await client.put(.claim, claim)
            _ = try await client.attach(["referenceId": "f", "clientReferenceId": "A"])
            let books = try await client.get("/sandbox/books").object().mapValues { $0 as? [[String: Any]] ?? [] }
            #expect(books["accounts"]?.first?["identity"] as? String == "A")
            #expect(books["accounts"]?.first?["times"] as? Int == 2)
            #expect((books["accounts"]?.first?["record"] as? [String: Any])?["status"] as? String == "Hold")
            #expect(books["payments"]?.first?["count"] as? Int == 1)
            #expect(books["claims"]?.first?["identity"] as? String == "C")
            #expect((books["attachments"]?.first?["record"] as? [String: Any])?["fileName"] as? String == "INV-1.pdf")
        }
    }

    @Test func aResetForgetsEverything() async throws {
        try await Sandbox.withServer { sandbox, address in
            let client = try await TestClient(address)
            _ = try await client.account("A", reference: "one")
            #expect(try await client.send("POST", "/sandbox/reset").status == 204)
            #expect(sandbox.accepted.isEmpty)
            #expect(sandbox.requestCount == 0)
            #expect(try await client.account("A", reference: "one").status == 401)
        }
    }

    @Test(arguments: [
        ("POST", "/sandbox/accepted", 405), ("GET", "/sandbox/reset", 405), ("GET", "/sandbox/nothing", 404),
        ("GET", "/sandbox", 404),
    ])
    func thePagesHaveTheirMethods(method: String, path: String, status: Int) async throws {
        try await Sandbox.withServer { sandbox, address in
            let reply = try await TestClient(tokenless: address).send(method, path)
            #expect(reply.status == status)
            #expect(sandbox.requestCount == 0)
        }
    }
}
