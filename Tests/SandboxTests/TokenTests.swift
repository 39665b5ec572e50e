import Foundation
import Testing

@testable import Sandbox

struct TokenTests {
    @Test func aTokenIsIssuedForCredentials() async throws {
        let options = SandboxOptions(clientID: "id", clientSecret: "secret", audience: "api")
        try await Sandbox.withServer(options) { sandbox, address in
            let client = TestClient(tokenless: address)
            let answer = try await client.askForToken()
            #expect(answer.status == 200)
            let grant = try answer.object()
            #expect(grant["token_type"] as? String == "Bearer")
            #expect(grant["expires_in"] as? Int == 86_400)
            #expect((grant["access_token"] as? String)?.split(separator: ".").count == 3)
            #expect(sandbox.tokenRequests == 1)
            #expect(sandbox.requests.map(\.path) == ["/oauth/token"])
        }
    }

    @Test(arguments: [
        ("{", 400), ("[]", 400), (#"{"client_id":"id"}"#, 400),
        (TestClient.credentials.replacing("client_credentials", with: "password"), 400),
        (TestClient.credentials.replacing(#""secret""#, with: #""""#), 400),
        (TestClient.credentials.replacing(#""secret""#, with: "7"), 400),
        (TestClient.credentials.replacing(#""secret""#, with: #""wrong""#), 401),
        (TestClient.credentials.replacing(#""id""#, with: #""wrong""#), 401),
        (TestClient.credentials.replacing(#""api""#, with: #""wrong""#), 401),
    ])
    func aWrongRequestGetsNoToken(body: String, status: Int) async throws {
        let options = SandboxOptions(clientID: "id", clientSecret: "secret", audience: "api")
        try await Sandbox.withServer(options) { _, address in
            let answer = try await TestClient(tokenless: address).askForToken(body)
            #expect(answer.status == status)
            #expect(try answer.object()["access_token"] == nil)
        }
    }

    @Test func aTokenRequestThatIsNoJSONIsRefusedByItsType() async throws {
        try await Sandbox.withServer { _, address in
            let client = TestClient(tokenless: address)
            let answer = try await client.askForToken(contentType: "application/x-www-form-urlencoded")
            #expect(answer.status == 415)
        }
    }

    @Test func theLifetimeMayBeLeftUnsaid() async throws {
        try await Sandbox.withServer(SandboxOptions(statesTokenLifetime: false)) { _, address in
            let grant = try await TestClient(tokenless: address).askForToken().object()
            #expect(grant["expires_in"] == nil)
            #expect(grant["access_token"] != nil)
        }
    }

    @Test(arguments: SubmissionKind.allCases)
    func withoutATokenNothingIsTaken(kind: SubmissionKind) async throws {
        try await Sandbox.withServer { sandbox, address in
            for token in [nil, "unknown", ""] {
                let client = TestClient(tokenless: address, token: token)
                let submission = try await client.send(kind.method, "/sync" + kind.path, body: Data("{}".utf8))
                let status = try await client.get("/sync/v1/status/x")
                #expect(submission.status == 401)
                #expect(status.status == 401)
            }
            #expect(sandbox.accepted.isEmpty)
        }
    }

    @Test func aTokenEndsWithItsLifetime() async throws {
        let time = ManualClock()
        try await Sandbox.withServer(SandboxOptions(tokenLifetime: .seconds(10)), clock: time.clock) { _, address in
            let client = try await TestClient(address)
            time.advance(by: .milliseconds(9999))
            #expect(try await client.account("A", reference: "one").status == 202)
            time.advance(by: .milliseconds(1))
            #expect(try await client.account("A", reference: "two").status == 401)
            let reply = try await TestClient(address).account("A", reference: "two")
            #expect(reply.status == 202)
        }
    }

    @Test func revokedTokensAreInvalidAndNewOnesAreNot() async throws {
        try await Sandbox.withServer { sandbox, address in
            let client = try await TestClient(address)
            sandbox.revokeTokens()
            let answer = try await client.account("A", reference: "one")
            #expect(answer.status == 401)
            #expect(answer.headers["www-authenticate"] == "Bearer")
            let reply = try await TestClient(address).account("A", reference: "one")
            #expect(reply.status == 202)
        }
    }
}
