import Foundation
import Model
import Testing

@Suite struct DropResultTests {
    private let drop = Drop(
        id: DropID(text: "01J00000000000000000000000"), arrival: 7, inbox: "erp", name: FileName("a\nb.json"),
        workName: WorkName(name: FileName("a\nb.json")), bytes: 12, receivedAt: Timestamp(milliseconds: 1_000))

    private func read(_ result: DropResult) throws -> [String: Any] {
        #expect(result.sidecar.suffix(2) == Array("}\n".utf8)[...])
        return try #require(try JSONSerialization.jsonObject(with: Data(result.sidecar)) as? [String: Any])
    }

    private func order(of keys: [String], in text: String) -> Bool {
        let places = keys.compactMap { text.range(of: "\n  \"\($0)\": ")?.lowerBound }
        return places.count == keys.count && places == places.sorted()
    }

    private static let keys = [
        "version", "outcome", "retryable", "confirmed", "stage", "code", "message", "action", "drop", "errorCount",
        "errors", "batches", "alreadyAccepted", "duplicateOf",
    ]

    private func result(_ outcome: Outcome, _ problem: Problem? = nil) -> DropResult {
        DropResult(
            drop: drop, kind: .account, sha256: Array(repeating: 0xAB, count: 32), outcome: outcome, problem: problem,
            finishedAt: Timestamp(milliseconds: 2_001))
    }

    @Test(arguments: Code.allCases) func aFailureSaysWhyAndWhatToDo(code: Code) throws {
        let result = result(.failed, Problem(code, "It failed."))
        let json = try read(result)
        #expect(Set(json.keys) == Set(DropResultTests.keys))
        #expect(order(of: DropResultTests.keys, in: String(decoding: result.sidecar, as: UTF8.self)))
        #expect(json["version"] as? Int == 1)
        #expect(json["outcome"] as? String == "failed")
        #expect(json["code"] as? String == code.rawValue)
        #expect(json["stage"] as? String == code.stage.rawValue)
        #expect(json["retryable"] as? Bool == code.isRetryable)
        #expect(json["message"] as? String == "It failed.")
        #expect((json["action"] as? String)?.isEmpty == false)
        #expect(json["duplicateOf"] is NSNull)
    }

    @Test(arguments: [Outcome.accepted, .duplicate]) func aSuccessNamesNoCodeAndNothingToDo(outcome: Outcome) throws {
        var result = result(outcome)
        if outcome == .duplicate { result.duplicateOf = FileName(bytes: [0x61, 0xFF]) }
        let json = try read(result)
        #expect(json["code"] is NSNull)
        #expect(json["stage"] is NSNull)
        #expect(json["retryable"] as? Bool == false)
        #expect(json["errorCount"] as? Int == 0)
        #expect((json["errors"] as? [Any])?.isEmpty == true)
        #expect((json["message"] as? String)?.isEmpty == false)
        #expect(json["duplicateOf"] as? String == (outcome == .duplicate ? #"a\xff"# : nil))
    }

    @Test func theDropIsDescribedWhole() throws {
        let drop = try #require(try read(result(.accepted))["drop"] as? [String: Any])
        #expect(
            Set(drop.keys) == ["id", "inbox", "name", "kind", "bytes", "sha256", "receivedAt", "finishedAt"])
        #expect(drop["name"] as? String == #"a\x0ab.json"#)
        #expect(drop["kind"] as? String == "account")
        #expect(drop["sha256"] as? String == String(repeating: "ab", count: 32))
        #expect(drop["receivedAt"] as? String == "1970-01-01T00:00:01.000Z")
        #expect(drop["finishedAt"] as? String == "1970-01-01T00:00:02.001Z")
    }

    @Test func whatWasNeverKnownIsNull() throws {
        var result = result(.failed, Problem(.readNotRegular, "A pipe."))
        result.kind = nil
        result.sha256 = nil
        let drop = try #require(try read(result)["drop"] as? [String: Any])
        #expect(drop["kind"] is NSNull)
        #expect(drop["sha256"] is NSNull)
    }

    @Test func findingsCarryTheirPlaces() throws {
        let finding = Finding(
            pointer: "/accounts/3", line: 41, column: 27, keyword: "minimum", message: "too small", record: "INV")
        let json = try read(result(.failed, Problem(.schemaJSON, "x", findings: [finding, Finding(message: "m")])))
        let errors = try #require(json["errors"] as? [[String: Any]])
        #expect(json["errorCount"] as? Int == 2)
        #expect(errors[0]["pointer"] as? String == "/accounts/3")
        #expect(errors[0]["line"] as? Int == 41)
        #expect(errors[0]["column"] as? Int == 27)
        #expect(errors[0]["keyword"] as? String == "minimum")
        #expect(errors[0]["record"] as? String == "INV")
        #expect(errors[1]["message"] as? String == "m")
    }

    @Test(arguments: [true, false]) func theAnswerIsToldOnlyInFullResults(isFull: Bool) throws {
        var result = result(.accepted)
        result.isFull = isFull
        result.batches = [
            DropResult.BatchReport(
                batch: Batch(reference: "account-1", records: 2, bytes: 99, bodyHash: [1], state: .accepted),
                attempts: [
                    Attempt(
                        at: Timestamp(milliseconds: 5), status: 503, duration: .milliseconds(84),
                        error: .submitServerError),
                    Attempt(at: Timestamp(milliseconds: 6), status: 202, duration: .milliseconds(4)),
                ], statusURI: "https://x/1", response: "{}")
        ]
        let batches = try #require(try read(result)["batches"] as? [[String: Any]])
        let common = ["reference", "records", "bytes", "state", "attempts"]
        #expect(Set(batches[0].keys) == Set(common + (isFull ? ["statusURI", "response"] : [])))
        let attempts = try #require(batches[0]["attempts"] as? [[String: Any]])
        #expect(attempts.allSatisfy { Set($0.keys) == ["at", "status", "durationMs", "error"] })
        #expect(attempts[0]["durationMs"] as? Int == 84)
        #expect(attempts[0]["error"] as? String == "submit.serverError")
        #expect(attempts[1]["error"] is NSNull)
    }
}
