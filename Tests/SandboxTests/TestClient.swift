import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

@testable import Sandbox

/// An answer, read to its end.
struct TestAnswer: Sendable {
    var status: Int
    var headers: [String: String]
    var body: Data

    func object() throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: body) as? [String: Any] ?? [:]
    }

    func pointers() throws -> [String] {
        (try object()["errors"] as? [[String: Any]] ?? []).compactMap { $0["pointer"] as? String }
    }
}

/// A client of one sandbox, over a real socket.
struct TestClient: Sendable {
    let address: SandboxAddress
    let token: String?

    /// A client with a token.
    init(_ address: SandboxAddress) async throws {
        self.address = address
        token = try await TestClient(tokenless: address).askForToken().object()["access_token"] as? String
    }

    /// A client without a token, or with one of the test's own.
    init(tokenless address: SandboxAddress, token: String? = nil) {
        self.address = address
        self.token = token
    }

    func askForToken(_ body: String = Self.credentials, contentType: String = "application/json") async throws
        -> TestAnswer
    {
        try await send("POST", "/oauth/token", body: Data(body.utf8), contentType: contentType)
    }

    static let credentials =
        #"{"client_id":"id","client_secret":"secret","audience":"api","grant_type":"client_credentials"}"#

    func put(_ kind: SubmissionKind, _ body: String) async throws -> TestAnswer {
        try await send("PUT", "/sync" + kind.path, body: Data(body.utf8))
    }

    /// One account with the least that is required.
    func account(_ identity: String, reference: String, status: String = "Active") async throws -> TestAnswer {
        try await put(.account, Self.account(identity, reference: reference, status: status))
    }

    static func account(_ identity: String, reference: String, status: String = "Active") -> String {
        #"{"batchReferenceId":"\#(reference)","accounts":"#
            + #"[{"clientReferenceId":"\#(identity)","invoiceNumber":null,"outstandingAmount":1.5,"status":"\#(status)"}]}"#
    }

    func attach(_ fields: [String: String], file: Data? = Data("%PDF-1.7 %%EOF".utf8)) async throws -> TestAnswer {
        let boundary = "boundary-\(UInt64.random(in: .min ... .max))"
        var body = Data()
        for (name, value) in fields {
            body += Data("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8)
        }
        if let file {
            let disposition = "Content-Disposition: form-data; name=\"file\"; filename=\"INV-1.pdf\""
            body += Data("--\(boundary)\r\n\(disposition)\r\nContent-Type: application/pdf\r\n\r\n".utf8)
            body += file + Data("\r\n".utf8)
        }
        body += Data("--\(boundary)--\r\n".utf8)
        return try await send(
            "POST", "/sync/v1/attachment", body: body, contentType: "multipart/form-data; boundary=\(boundary)")
    }

    func get(_ path: String) async throws -> TestAnswer {
        try await send("GET", path)
    }

    func send(
        _ method: String, _ path: String, body: Data? = nil, contentType: String = "application/json",
        timeout: TimeAmount = .seconds(20)
    ) async throws -> TestAnswer {
        var request = HTTPClientRequest(url: address.baseURL + path)
        request.method = HTTPMethod(rawValue: method)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "Content-Type", value: contentType)
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: timeout)
        let answer = try await response.body.collect(upTo: 1 << 26)
        let headers = response.headers.map { ($0.name.lowercased(), $0.value) }
        return TestAnswer(
            status: Int(response.status.code), headers: Dictionary(headers) { first, _ in first },
            body: Data(answer.readableBytesView))
    }
}

/// A clock that a test sets. Its sleepers wake when their time has come.
final class ManualClock: Sendable {
    private let time = Mutex(Duration.zero)

    func advance(by duration: Duration) {
        time.withLock { $0 += duration }
    }

    var clock: SandboxClock {
        SandboxClock(
            now: { self.time.withLock { $0 } },
            date: { Date(timeIntervalSince1970: 1_795_000_000 + self.time.withLock { $0 } / .seconds(1)) },
            sleep: { duration in self.advance(by: duration) })
    }
}
