import Foundation
import JSONText
import Model
import Sandbox
import Service
import SystemPackage
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

    /// What was left out for it was accepted before is named by what it is about.
    @Test func whatAPaymentIsAboutIsHiddenWhereItIsSensitive() async throws {
        try await Stage.prepare { stage in
            let schema =
                #"{"properties": {"payments": {"items": {"properties": {"clientReferenceId": {"x-sensitive": true}}}}}}"#
            try stage.folder.url.write(schema, as: "own.schema.json")
            stage.sandbox.script([.ok, .status(422)])
            let inbox = "kind: payment\nschema: {json: own.schema.json}"
            try await stage.serve(top: "limits: {recordsPerBatch: 2}", ["erp": inbox]) {
                try stage.drop(Stage.payments("I-1=1", "I-2=2", "I-3=3", "I-4=4"), as: "run.json")
                #expect(try await stage.result(of: "run.json").code == "submit.badRequest")
                try stage.drop(Stage.payments("I-1=1", "I-2=2", "I-3=3", "I-5=5"), as: "run.2.json")
                let result = try await stage.result(of: "run.2.json")
                #expect(result.outcome == "accepted")
                let left = try #require(result.json["alreadyAccepted"])
                #expect(left.elements.map { $0["record"]?.string } == ["•••", "•••"])
                #expect(left[0]?["reference"]?.string?.hasPrefix("payment-") == true)
                let administration = try Administration(stage.configuration())
                let entry = try administration.drop("run.2.json")
                #expect(try administration.result(of: entry)?.alreadyAccepted.map(\.record) == ["•••", "•••"])
            }
            #expect(stage.paid == ["I-1=1": 1, "I-2=2": 1, "I-3=3": 1, "I-5=5": 1])
        }
    }

    /// Of a verdict 500 characters are shown, and of an answer 64 KiB are kept: what stands across the end is hidden, too.
    @Test func aValueThatIsCutOffIsHidden() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try Self.write(stage, api: ["confirm: completed"])
            sandbox.rejectRecords(of: "INV-1", message: String(repeating: "x", count: 495) + "jo@x.example")
            try await stage.whileServing {
                try stage.drop(Self.account("INV-1", email: "jo@x.example"), as: "a.json")
                let message = try await stage.result(of: "a.json").errors.first?["message"]?.string
                #expect(message == "Rejected: " + String(repeating: "x", count: 495) + "•••")
            }
        }
        let body = String(repeating: "x", count: 65_530) + "jo@x.example"
        let api = try StubServer { _ in .status(400, body: body) }
        defer { api.stop() }
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try Self.write(stage)
            let text = try String(contentsOf: stage.configurationFile, encoding: .utf8)
            try Data(text.replacing(address.apiURL, with: api.url("")).utf8).write(to: stage.configurationFile)
            try await stage.whileServing {
                try stage.drop(Self.account("INV-1", email: "jo@x.example"), as: "a.json")
                let result = try await stage.result(of: "a.json")
                let response = result.batches.first?["response"]?.string
                #expect(response == String(repeating: "x", count: 65_530) + "••", "\(result)")
            }
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
