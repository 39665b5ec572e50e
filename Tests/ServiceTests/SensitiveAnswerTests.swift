import Foundation
import JSONText
import Sandbox
import Testing
import TestSupport

/// The API quotes what it was sent: the values of sensitive fields stay out of all that is kept of it.
@Suite(.timeLimit(.minutes(5))) struct SensitiveAnswerTests {
    private static let schema = #"""
        {"type": "object", "properties": {"accounts": {"type": "array", "items": {"properties": {
            "email": {"type": "string", "x-sensitive": true}}}}}}
        """#

    private static func account(_ name: String, email: String) -> String {
        let record =
            #"{"clientReferenceId": "\#(name)", "invoiceNumber": "1", "outstandingAmount": 1, "email": "\#(email)"}"#
        return #"{"accounts": [\#(record)]}"#
    }

    private static func write(_ stage: Stage, top: String = "", api: [String] = []) throws {
        try stage.folder.url.write(schema, as: "own.schema.json")
        try stage.writeConfiguration(
            top: top, inbox: "kind: account\nresults: full\nschema: {json: own.schema.json}", api: api)
    }

    /// All that stands anywhere in a result and in the ledger.
    private static func traces(of stage: Stage, _ name: String) async throws -> [String] {
        let result = try String(
            contentsOf: stage.failed.appendingPathComponent(name + ".result.json"), encoding: .utf8)
        let ledger = try ["ledger.sqlite", "ledger.sqlite-wal"].map { file in
            let file = stage.folder.url.appendingPathComponent("state/\(file)")
            return FileManager.default.fileExists(atPath: file.path)
                ? String(decoding: try Data(contentsOf: file), as: UTF8.self) : ""
        }
        return [result] + ledger
    }

    @Test func whatARefusalQuotesIsHidden() async throws {
        let body =
            #"{"message": "The e-mail address jos\u00e9@x.example is not valid", "sent": {"email": "José@X.EXAMPLE"}}"#
        let api = try StubServer { _ in .status(400, body: body) }
        defer { api.stop() }
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try Self.write(stage)
            let text = try String(contentsOf: stage.configurationFile, encoding: .utf8)
            try Data(text.replacing(address.apiURL, with: api.url("")).utf8).write(to: stage.configurationFile)
            try await stage.whileServing {
                try stage.drop(Self.account("INV-1", email: "josé@x.example"), as: "a.json")
                let result = try await stage.result(of: "a.json")
                #expect(
                    result.json["message"]?.string
                        == "The API answered 400: The e-mail address ••• is not valid")
                let response = result.batches.first?["response"]?.string
                #expect(
                    response
                        == body.replacing(#"jos\u00e9@x.example"#, with: "•••").replacing(
                            "Jos\u{e9}@X.EXAMPLE", with: "•••"))
            }
        }
    }

    @Test func whatAVerdictOnARecordQuotesIsHidden() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try Self.write(stage, api: ["confirm: completed"])
            sandbox.rejectRecords(of: "INV-1", message: "jo@x.example bounces")
            try await stage.whileServing {
                try stage.drop(Self.account("INV-1", email: "jo@x.example"), as: "a.json")
                let result = try await stage.result(of: "a.json")
                #expect(result.errors.first?["message"]?.string == "Rejected: ••• bounces")
                #expect(result.batches.first?["response"]?.string?.contains("••• bounces") == true)
            }
            for trace in try await Self.traces(of: stage, "a.json") { #expect(!trace.contains("jo@x.example")) }
        }
    }

    /// The answer to a request that two documents share quotes both.
    @Test func whatAnAnswerToASharedRequestQuotesIsHidden() async throws {
        let api = try StubServer { .status(200, body: String(decoding: $0.body, as: UTF8.self)) }
        defer { api.stop() }
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try Self.write(
                stage, top: "limits: {requestsPerMinute: 20}\nbatching: {mode: backlog}")
            let text = try String(contentsOf: stage.configurationFile, encoding: .utf8)
            try Data(text.replacing(address.apiURL, with: api.url("")).utf8).write(to: stage.configurationFile)
            for number in 0..<60 {
                try stage.drop(Self.account("A\(number)", email: "a\(number)@x.example"), as: "\(number).json")
            }
            try await stage.whileServing {
                var joined = 0
                for number in 0..<60 {
                    let batch = try #require(try await stage.result(of: "\(number).json").batches.first)
                    let response = try #require(batch["response"]?.string)
                    #expect(response.contains(#""email": "•••""#) && !response.contains("@x.example"))
                    if batch["joined"] != nil { joined += 1 }
                }
                #expect(joined > 0)
            }
        }
    }
}
