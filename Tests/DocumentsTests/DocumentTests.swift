import Crypto
import Documents
import Model
import Testing

/// JSON documents: shapes, references, bodies, splitting.
@Suite struct DocumentTests {
    private static func record(_ number: Int, filler: Int = 0) -> String {
        #"{"clientReferenceId":"\#(number)","invoiceNumber":null,"outstandingAmount":1\#(filler > 0 ? #","note":"\#(String(repeating: "x", count: filler))""# : "")}"#
    }

    private static func document(_ records: [String]) -> String {
        #"{"accounts":[\#(records.joined(separator: ","))]}"#
    }

    @Test func theReferenceIsTheHashOfTheCanonicalContent() throws {
        let text =
            #"{"accounts":[{"outstandingAmount": 1.10, "clientReferenceId":"é", "invoiceNumber":null, "z":9007199254740993, "y":1e2}]}"#
        let canonical =
            #"[{"clientReferenceId":"é","invoiceNumber":null,"outstandingAmount":1.1,"y":100,"z":9007199254740993}]"#
        let hash = SHA256.hash(data: Array(canonical.utf8)).prefix(20)
        let expected = "account-" + Array(hash).hex
        #expect(try Judging.judge().json(text).document?.content == expected)
    }

    /// A schema of an inbox's own may let them pass.
    @Test(arguments: [1, 16_382, 16_383, 16_384, 40_000])
    func recordsThatAreNoObjectsHaveTheirCanonicalContentToo(length: Int) throws {
        let array = "[\"\(String(repeating: "x", count: length))\",1]"
        let hash = SHA256.hash(data: Array(array.utf8)).prefix(20)
        let judge = try Judging.judge(schema: #"{"type": "object"}"#)
        #expect(judge.json(#"{"payments": \#(array)}"#).document?.content == "payment-" + Array(hash).hex)
    }

    @Test func allShapesOfADocumentHaveOneReference() throws {
        let array = "[\(Self.record(1))]"
        let references = try [
            Judging.judge().json(#"{"accounts": \#(array)}"#), Judging.judge(kind: .account).json(array),
            Judging.judge().json(#"{"batchReferenceId": "X", "exportedBy": "erp", "accounts": \#(array)}"#),
            Judging.judge().json("\u{FEFF}{\"accounts\": \(array)}"),
        ].map { $0.document?.content }
        #expect(Set(references).count == 1 && references[0] != nil)
    }

    @Test func nameAndDayMakeADifferenceWhereTheyShould() throws {
        let text = Array(Self.document([Self.record(1)]).utf8)
        func content(_ sameness: DocumentRules.Sameness, _ origin: DocumentOrigin) throws -> String? {
            try Judging.judge(sameness: sameness).judge(text, form: .json, origin: origin).document?.content
        }
        var other = Judging.origin
        other.name = FileName("other")
        other.day = "2026-11-25"
        #expect(try content(.content, Judging.origin) == content(.content, other))
        #expect(try content(.contentAndName, Judging.origin) != content(.contentAndName, other))
        #expect(try content(.contentAndDay, Judging.origin) != content(.contentAndDay, other))
        #expect(try content(.contentAndDay, Judging.origin) != content(.contentAndName, Judging.origin))
    }

    static let ownReferences: [(String, DocumentRules.OwnReference, String?)] = [
        ("RUN-1", .keep, "RUN-1"), ("RUN-1", .prefix, "erp:RUN-1"), ("RUN-1", .ignore, nil),
        ("account-0123456789012345678901234567890123456789", .keep, nil),
        ("account-0123456789012345678901234567890123456789-r2-1of3", .keep, nil),
        ("account-012345678901234567890123456789012345678", .keep, "account-012345678901234567890123456789012345678"),
        // The parts of RUN have such references.
        ("RUN-1of2", .keep, nil), ("RUN-1of2", .prefix, nil), ("-0of0", .keep, nil), ("RUN-1of2-", .keep, "RUN-1of2-"),
        ("RUN-1of2\\n", .keep, "RUN-1of2\n"), ("RUN-of2", .keep, "RUN-of2"), ("RUN1of2", .keep, "RUN1of2"),
        (String(repeating: "x", count: 130), .keep, String(repeating: "x", count: 130)),
    ]

    @Test(arguments: ownReferences)
    func aReferenceOfTheSendersOwnIsKeptPrefixedOrIgnored(
        own: String, rule: DocumentRules.OwnReference, expected: String?
    ) throws {
        let text = #"{"batchReferenceId": "\#(own)", "accounts": [\#(Self.record(1))]}"#
        let document = try #require(try Judging.judge(ownReference: rule).json(text).document)
        #expect(document.ownReference == expected)
        #expect(try document.batches.map(\.reference) == [expected ?? document.content])
    }

    @Test func aReferenceThatIsTooLongIsAProblemWithItsPlace() throws {
        let text = #"{"batchReferenceId": "\#(String(repeating: "x", count: 131))", "accounts": [\#(Self.record(1))]}"#
        let problem = try Judging.judge().json(text).problem
        #expect(problem?.code == .schemaJSON)
        #expect(problem?.findings.first?.pointer == "/batchReferenceId")
    }

    @Test func aDocumentOverALimitIsSplitBetweenRecordsIntoPartsOfNearEqualSize() throws {
        let records = (0..<1000).map { Self.record($0, filler: $0 % 50) }
        let judge = try Judging.judge(bodyBytes: 20_000)
        let document = try #require(judge.json(Self.document(records)).document)
        let batches = try document.batches
        #expect(batches.count > 3)
        #expect(batches.map(\.reference) == batches.indices.map { "\(document.content)-\($0 + 1)of\(batches.count)" })
        #expect(batches.reduce(0) { $0 + $1.records } == 1000)
        #expect(batches.allSatisfy { $0.bytes <= 20_000 })
        let smallest = batches.map(\.bytes).min() ?? 0
        #expect(smallest > 15_000, "the parts are of near equal size")
        // Put together again, the parts are the document.
        let inside = try batches.map { batch in
            let body = String(decoding: try document.body(part: batch.part, reference: batch.reference), as: UTF8.self)
            #expect(body.hasPrefix(#"{"batchReferenceId":"\#(batch.reference)","accounts":["#))
            return String(body[body.firstIndex(of: "[")!...].dropFirst().dropLast(2))
        }
        #expect(inside.joined(separator: ",") == records.joined(separator: ","))
    }

    @Test func aDocumentWithTooManyRecordsIsSplitToo() throws {
        let text = Self.document((0..<25).map { Self.record($0) })
        let document = try #require(try Judging.judge(bodyRecords: 10).json(text).document)
        #expect(try document.batches.map(\.records).sorted() == [8, 8, 9])
    }

    @Test func oneRecordOverTheLimitFailsTheWholeDocument() throws {
        let text = Self.document([Self.record(1), Self.record(2, filler: 5000), Self.record(3)])
        let problem = try #require(try Judging.judge(bodyBytes: 3000).json(text).problem)
        #expect(problem.code == .sizeRecord)
        #expect(problem.findings.first?.pointer == "/accounts/1")
        #expect(problem.findings.first?.record == "2")
    }

    @Test func whiteSpaceBetweenRecordsCountsForTheLimit() throws {
        let gap = String(repeating: " ", count: 900)
        let text = #"{"accounts":[\#((0..<20).map { Self.record($0) }.joined(separator: ",\(gap)"))]}"#
        let document = try #require(try Judging.judge(bodyBytes: 3000).json(text).document)
        #expect(try document.batches.allSatisfy { $0.bytes <= 3000 })
        #expect(try document.batches.reduce(0) { $0 + $1.records } == 20)
    }
}
