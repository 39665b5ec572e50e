import Foundation
import Testing

@testable import Sandbox

struct AttachmentTests {
    private static let fields = ["referenceId": "file-1", "clientReferenceId": "INV-1", "brand": "", "portfolio": "P"]

    @Test func anAttachmentIsEarlyUntilItsAccountIsThere() async throws {
        try await Sandbox.withServer { sandbox, address in
            let client = try await TestClient(address)
            let early = try await client.attach(Self.fields)
            #expect(early.status == 404)
            #expect(try early.pointers() == ["clientReferenceId"])
            _ = try await client.account("INV-1", reference: "account-1")
            #expect(try await client.attach(Self.fields).status == 202)
            #expect(sandbox.accepted.map(\.reference) == ["account-1", "file-1"])
            #expect(sandbox.books.attachments.map(\.clientReferenceId) == ["INV-1"])
        }
    }

    @Test func theAccountNeedNotBeThereWhereThatIsSwitchedOff() async throws {
        try await Sandbox.withServer(SandboxOptions(attachmentsNeedAccount: false)) { _, address in
            let reply = try await TestClient(address).attach(Self.fields)
            #expect(reply.status == 202)
        }
    }

    @Test func aRepeatIsOneWhateverItsBoundaryAndOrderOfFields() async throws {
        try await Sandbox.withServer(SandboxOptions(attachmentsNeedAccount: false)) { sandbox, address in
            let client = try await TestClient(address)
            let location = try await client.attach(Self.fields).headers["location"]
            #expect(try await client.attach(Self.fields).headers["location"] == location)
            #expect(sandbox.accepted.map(\.repeats) == [1])
            #expect(try await client.attach(Self.fields, file: Data("%PDF-1.7 other %%EOF".utf8)).status == 409)
            var other = Self.fields
            other["brand"] = "ACME"
            #expect(try await client.attach(other).status == 409)
            #expect(sandbox.accepted.map(\.mismatches) == [2])
        }
    }

    @Test func brandAndPortfolioMayBeAbsent() async throws {
        try await Sandbox.withServer(SandboxOptions(attachmentsNeedAccount: false)) { _, address in
            let answer = try await TestClient(address).attach(["referenceId": "r", "clientReferenceId": "c"])
            #expect(answer.status == 202)
        }
    }

    @Test(arguments: [
        (["clientReferenceId": "c"], "%PDF-", ["referenceId"]), (["referenceId": "r"], "%PDF-", ["clientReferenceId"]),
        (["referenceId": "r", "clientReferenceId": "c"], "GIF89a", ["file"]),
        (["referenceId": "r", "clientReferenceId": "c"], nil, ["file"]),
        (["referenceId": "", "clientReferenceId": "c"], nil, ["referenceId", "file"]),
    ])
    func aFormIsLookedAt(fields: [String: String], file: String?, pointers: [String]) async throws {
        try await Sandbox.withServer(SandboxOptions(attachmentsNeedAccount: false)) { sandbox, address in
            let answer = try await TestClient(address).attach(fields, file: file.map { Data($0.utf8) })
            #expect(answer.status == 400)
            #expect(try answer.pointers() == pointers)
            #expect(sandbox.accepted.isEmpty)
        }
    }

    @Test(arguments: [
        "", "--b", "--b\r\n", "--b\r\n\r\nx\r\n--b--", "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n",
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b\r\n"
            + "Content-Disposition: form-data; name=\"a\"\r\n\r\ny\r\n--b--",
    ])
    func aMalformedFormIsNone(text: String) {
        #expect(throws: MultipartForm.Malformed.self) { try MultipartForm(Data(text.utf8), boundary: "b") }
    }

    @Test func aFileKeepsItsBytes() throws {
        let bytes = Data("%PDF-\r\n--not-b\r\n\u{0}".utf8)
        let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.pdf\"\r\n\r\n"
        let form = try MultipartForm(Data(head.utf8) + bytes + Data("\r\n--b--\r\n".utf8), boundary: "b")
        #expect(form.files["file"]?.bytes == bytes)
        #expect(form.files["file"]?.name == "x.pdf")
    }

    @Test(arguments: ["a;b.pdf", "\u{301}a.pdf", "a; name=b", ";"]) func aNameMayHoldWhatSeparates(name: String) throws
    {
        let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n\r\n"
        let form = try MultipartForm(Data((head + "x\r\n--b--\r\n").utf8), boundary: "b")
        #expect(form.fields.isEmpty)
        #expect(form.files["file"]?.name == name)
    }
}
