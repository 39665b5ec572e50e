import Documents
import JSONSchema
import JSONText
import Model
import Testing
import TestSupport

/// Documents that are read in windows get the same answer as those that are held.
@Suite struct WindowTests {
    private static func source(_ text: [UInt8], isOwn: Bool = true) -> DocumentSource {
        DocumentSource(held: text, isOwn: isOwn)
    }

    private static func expectTheSame(
        _ text: [UInt8], _ judge: DocumentJudge, windows: [Int] = [1, 7, 40, 1 << 20],
        _ at: SourceLocation = #_sourceLocation
    ) throws {
        try Answer.expectTheSame(text, .json, judge, windows, at) { size in
            try judge.judge(source(text, isOwn: size != 7), origin: Judging.origin, windowBytes: size)
        }
    }

    private static func account(_ reference: String, _ more: String = "") -> String {
        #"{"clientReferenceId": "\#(reference)", "invoiceNumber": null, "outstandingAmount": 1.50\#(more)}"#
    }

    static let texts: [String] = [
        #"{"accounts": [\#(account("a")), \#(account("b2")),\#(account("c"))]}"#,
        "\u{FEFF}\n {\"batchReferenceId\": \"RUN-1\",\r\n\t\"accounts\" : [\n\(account("ä")) ,\n\n\(account("b2"))\n] }\n",
        #"{"accounts":[\#(account("a", #","note":"],[{\"\\","x":[[1,{"accounts":[2]}]]"#))],"batchReferenceId":"R"}"#,
        #"[\#(account("a")),\#(account("b"))]"#, #"{"payments":[{"clientReferenceId":"7","x":1}]}"#,
        // A name with escapes is the same name.
        #"{"acc\u006funts":[\#(account("a")),\#(account("b2"))]}"#,
        #"{"\u0061\u0063\u0063\u006f\u0075\u006e\u0074\u0073":[\#(account("a"))],"x\"":[1]}"#,
        #"{"acc\u006funts":[\#(account("a"))],"accounts":[\#(account("b2"))]}"#,
        #"{"acc\u006funts":[1],"p\u0061yments":[2]}"#,
        #"{"accounts\u0020":[1]}"#, #"{"acc\qunts":[1]}"#, #"{"accounts\"#,
        // Wrong in ways that the schema knows.
        #"{"accounts":[]}"#, #"{"accounts": [ ] }"#, #"{"accounts":[1,{},"x",\#(account("a"))]}"#,
        "{\"accounts\":[\(account("a", ",\n\"status\":\"Actve\"")),\n{\"clientReferenceId\":\"é\",\n\"outstandingAmount\":-5}]}",
        #"{"accounts":[\#(account("a"))],"batchReferenceId":5}"#, #"{"accounts":{"a":[1]}}"#, #"{"accounts":null}"#,
        #"{"accounts":[\#(account("a"))],"batchReferenceId":"account-0123456789012345678901234567890123456789"}"#,
        // No document of a kind.
        "[]", "{}", "5", "[1,2]", #"{"orders":[1,2]}"#, #"{"accounts":[1],"payments":[2,3]}"#,
        #"{"x":{"accounts":[1]}}"#,
        // No JSON.
        "", " ", "{", "[", #"{"accounts":[,]}"#, #"{"accounts":[1,]}"#, #"{"accounts":[1,,2]}"#, #"{"accounts":[ ,1]}"#,
        #"{"accounts":[1 2]}"#, #"{"accounts":[1}"#, #"{"accounts":[1]]"#, #"{"accounts":[{"a":1]]}"#, "[1][2]",
        #"{"accounts":[1],"accounts":[2]}"#, #"{"accounts":[1]} x"#, #"{"x": tru, "accounts":[1,}]}"#,
        #"{"accounts":[1,2] "x":3}"#, "{\"accounts\":[\"a\nb\"]}", #"{"accounts":["\q","\ud800"]}"#,
        #"{"a":"accounts":[1]}"#,
        #"{"accounts" [1]}"#, #"{"accounts": 5 [1]}"#, #"{"accounts":[{"a":1,"a":2}]}"#, #"{"accounts":[1],,}"#,
    ]

    @Test(arguments: texts) func aDocumentInWindowsIsJudgedAsItIsWhole(text: String) throws {
        for kind in [nil, .account, .payment] as [Kind?] {
            try Self.expectTheSame(Array(text.utf8), Judging.judge(kind: kind))
        }
    }

    @Test(arguments: [FieldMapping(), FieldMapping(constants: ["brand": #""ACME""#])])
    func whereItsRecordsStandIsKnown(fields: FieldMapping) throws {
        let judge = try Judging.judge(kind: .account, fields: fields)
        let names: Set = ["a", "ä", "b2", "c", "none"]
        for text in Self.texts.prefix(4).map({ Array($0.utf8) }) {
            let held = try #require(judge.judge(text, form: .json, origin: Judging.origin).document)
            #expect(held.forgetsPlaces == !fields.isEmpty)
            let places = try held.places(of: names, in: SendersText(text, form: .json))
            #expect(places.values.allSatisfy { $0.line != nil && $0.column != nil })
            let windowed = try judge.judge(Self.source(text), origin: Judging.origin, windowBytes: 40)
            #expect(try windowed.document?.places(of: names) == places)
        }
    }

    /// Cut off, with a byte less, or with another one: at every place of a document.
    @Test func aSpoiledDocumentInWindowsIsJudgedAsItIsWhole() throws {
        let text = Array(
            "{\"batchReferenceId\":\"R\",\"accounts\":[\(Self.account("a", #","é":["\"]",{}]"#)), \(Self.account("b2"))]\n,\"x\":[1]}"
                .utf8)
        let judge = try Judging.judge(kind: .account)
        for index in text.indices {
            try Self.expectTheSame(Array(text[..<index]), judge, windows: [1, 50])
            try Self.expectTheSame(Array(text[..<index] + text[(index + 1)...]), judge, windows: [1, 50])
            for byte in [
                UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "\\"), 10,
                0xFF,
            ] {
                var spoiled = text
                spoiled[index] = byte
                try Self.expectTheSame(spoiled, judge, windows: [1, 50])
            }
        }
    }

    @Test func fieldsAreRenamedAndSetInWindows() throws {
        let fields = FieldMapping(
            renamed: ["Ref": "clientReferenceId", "Due": "outstandingAmount"],
            constants: ["brand": "\"ACME\"", "invoiceNumber": "null"])
        let text =
            "{\"accounts\":[{\"Ref\":\"a\",\"Due\":1.10},\n{\"Due\": 2, \"Ref\":\"b2\", \"brand\":\"x\"},{\"Ref\":\"c\",\"Due\":3}]}"
        for records in [nil, 1, 2] as [Int?] {
            try Self.expectTheSame(
                Array(text.utf8), Judging.judge(kind: .account, fields: fields, bodyRecords: records))
        }
        let wrong = text.replacing("3}", with: "-3}").replacing("2,", with: "\"2\",")
        try Self.expectTheSame(Array(wrong.utf8), Judging.judge(fields: fields))
        let twice = text.replacing("\"Ref\":\"c\"", with: "\"Ref\":\"c\",\"clientReferenceId\":\"d\"")
        try Self.expectTheSame(Array(twice.utf8), Judging.judge(fields: fields))
    }

    @Test(arguments: [300, 400, 1000, 5000]) func partsAreCutInWindowsAsTheyAreWhole(bodyBytes: Int) throws {
        var generator = SeededGenerator(seed: UInt64(bodyBytes))
        let records = (0..<40).map {
            Self.account(
                "\($0)", #","note":"\#(String(repeating: "x", count: Int.random(in: 0..<40, using: &generator)))""#)
        }
        let text = Array(#"{"accounts": [ \#(records.joined(separator: " , ")) ]}"#.utf8)
        try Self.expectTheSame(text, Judging.judge(bodyBytes: bodyBytes), windows: [1, 600, 1 << 20])
        try Self.expectTheSame(
            text, Judging.judge(bodyBytes: bodyBytes, bodyRecords: 7), windows: [1, 600, 1 << 20])
    }

    @Test func aRecordOverTheLimitIsNamedWhereverItStands() throws {
        let large = Self.account("big", #","note":"\#(String(repeating: "x", count: 2000))""#)
        let text = Array("{\"accounts\":[\(Self.account("a")),\n\(large),\(Self.account("c"))]}".utf8)
        let judge = try Judging.judge(bodyBytes: 1500)
        let problem = try #require(
            try judge.judge(Self.source(text), origin: Judging.origin, windowBytes: 100).problem)
        #expect(problem.code == .sizeRecord && problem.message.hasPrefix("Record 2 "))
        #expect(problem.findings.first?.pointer == "/accounts/1")
        #expect(problem.findings.first?.line == 2)
    }

    @Test func theSameReferenceWhicheverWayItIsRead() throws {
        let text = Array(Self.texts[1].utf8)
        let whole = try #require(try Judging.judge().judge(text, form: .json, origin: Judging.origin).document)
        let windowed = try #require(
            try Judging.judge().judge(Self.source(text), origin: Judging.origin, windowBytes: 1).document)
        #expect(whole.content == windowed.content && whole.ownReference == windowed.ownReference)
    }

    @Test func aFileThatBecameShorterIsNoticedWhenItsRecordsAreReadAgain() throws {
        let text = Array(Self.texts[0].utf8)
        let shrinking = Shrinking(text)
        let source = DocumentSource(size: text.count) { shrinking.read($0) }
        let document = try #require(try Judging.judge().judge(source, origin: Judging.origin).document)
        shrinking.shrink(to: 60)
        #expect(throws: DocumentHasChanged.self) { try document.batches }
        #expect(throws: DocumentHasChanged.self) { try document.mentioned(of: ["a"]) }
    }

    @Test func tooMuchAroundTheRecordsIsSaid() throws {
        let text = Array(#"{"x":"\#(String(repeating: "x", count: 5 << 20))","accounts":[\#(Self.account("a"))]}"#.utf8)
        let problem = try Judging.judge().judge(Self.source(text), origin: Judging.origin).problem
        #expect(problem?.code == .readTooLarge)
        let noise = [UInt8](repeating: UInt8(ascii: "x"), count: 5 << 20)
        #expect(try Judging.judge().judge(Self.source(noise), origin: Judging.origin).problem?.code == .parseJSON)
    }

    private static let openSchema = #"{"properties":{"accounts":{"type":"array","items":{"type":"object"}}}}"#

    /// A schema of an inbox's own may let an empty array pass.
    @Test(
        arguments: [#"{"accounts":[]}"#, "{\n\"accounts\": [\(String(repeating: " ", count: 500))]}", "[\n ]"],
        [FieldMapping(), FieldMapping(constants: ["brand": #""ACME""#])])
    func aDocumentWithoutRecordsHasNothingToSend(text: String, fields: FieldMapping) throws {
        // One has more white space than fits into a small request.
        for bodyBytes in [400, 30_000_000] {
            let judge = try Judging.judge(kind: .account, fields: fields, schema: Self.openSchema, bodyBytes: bodyBytes)
            let problem = try #require(judge.json(text).problem)
            #expect(problem.code == .schemaJSON && problem.findings.first?.pointer == "/accounts")
            #expect(problem.findings.first?.message == "there is no record in it")
            #expect(problem.findings.first?.line == (text.hasPrefix("{\n") ? 2 : 1))
            if bodyBytes > text.utf8.count { try Self.expectTheSame(Array(text.utf8), judge) }
        }
    }

    @Test(arguments: [250, 251, 252, 253, 254, 255, 256]) func howDeepADocumentMayBeIsTheSame(depth: Int) throws {
        let deep = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let judge = try Judging.judge(kind: .account)
        try Self.expectTheSame(Array(#"{"accounts":[\#(Self.account("a", #","x":\#(deep)"#))]}"#.utf8), judge)
        let bare = Array("[\(Self.account("a", #","x":\#(deep)"#))]".utf8)
        let windowed = try judge.judge(Self.source(bare), origin: Judging.origin, windowBytes: 40)
        #expect(windowed.problem?.code == judge.judge(bare, form: .json, origin: Judging.origin).problem?.code)
    }

    @Test(arguments: [nil, .account, .payment] as [Kind?])
    func recordsAreFoundBehindALargeArrayOfAnotherKind(kind: Kind?) throws {
        let filler = String(repeating: "x", count: 5 << 20)
        let text = Array(#"{"accounts":[{"x":"\#(filler)"}],"payments":[{},{"clientReferenceId":"P"}]}"#.utf8)
        let schema = #"{"properties":{"accounts":{"items":{}},"payments":{"items":{}}}}"#
        let judge = try Judging.judge(kind: kind, schema: schema)
        let judgement = try judge.judge(Self.source(text), origin: Judging.origin)
        guard kind == .payment else { return #expect(judgement.document == nil || kind == .account) }
        let places = try #require(judgement.document).places(of: ["P"])
        #expect(places["P"]?.pointer == "/payments/1" && places["P"]?.column == text.count - 26)
    }

    @Test func moreRecordsThanThereIsRoomForAreRefused() throws {
        let text = Array(Self.texts[0].utf8)
        let judge = try Judging.judge()
        for (most, code) in [(3, nil), (2, Code.readTooLarge)] as [(Int, Code?)] {
            for windowBytes in [1, 1 << 20] {
                let judgement = try judge.judge(
                    Self.source(text), origin: Judging.origin, windowBytes: windowBytes, mostRecords: most)
                #expect(judgement.problem?.code == code)
                #expect(judgement.problem?.message.contains("more than 2 records") ?? (code == nil))
            }
        }
        // Something of it has left.
        let goingOn = judge.goingOn(as: .account)
        #expect(try goingOn.judge(Self.source(text), origin: Judging.origin, mostRecords: 2).document?.records == 3)
    }

    static let schemas: [(String, Bool)] = [
        (#"{"properties":{"accounts":{"type":"array","items":{"type":"object"}}}}"#, true),
        (
            ##"{"$ref":"#/$defs/d","$defs":{"d":{"type":"object","properties":{"accounts":{"$ref":"#/$defs/a"}}},"a":{"type":"array","minItems":1}}}"##,
            true
        ),
        (
            #"{"required":["x"],"properties":{"accounts":{"items":{"type":"object"}},"x":{}},"additionalProperties":false}"#,
            true
        ),
        (#"{"properties":{"accounts":{"items":{"type":["object","null"]}}}}"#, true),
        (#"{"properties":{"accounts":{"uniqueItems":true}}}"#, false),
        (#"{"properties":{"accounts":{"maxItems":5}}}"#, false),
        (#"{"properties":{"accounts":{"minItems":2}}}"#, false),
        (#"{"properties":{"accounts":{"prefixItems":[{}]}}}"#, false),
        (#"{"properties":{"accounts":{"contains":{}}}}"#, false),
        (#"{"properties":{"accounts":{"allOf":[{"items":{}}]}}}"#, false),
        (
            #"{"properties":{"accounts":{"type":"array"}},"if":{"properties":{"accounts":{"maxItems":3}}},"then":false}"#,
            false
        ),
        (#"{"properties":{"accounts":{"type":"array"}},"patternProperties":{"^a":{}}}"#, false),
        (#"{"additionalProperties":{"type":"array"}}"#, false),
        (#"{"properties":{"accounts":{"unevaluatedItems":false}}}"#, false),
    ]

    /// What a schema asks of the array as a whole can't be answered record by record.
    @Test(arguments: schemas) func onlySchemasThatJudgeRecordsAloneAllowWindows(schema: String, allowed: Bool) throws {
        let judge = try Judging.judge(kind: .account, schema: schema)
        #expect(judge.canJudgeInWindows == allowed)
        guard allowed else { return }
        for text in Self.texts { try Self.expectTheSame(Array(text.utf8), judge, windows: [1, 40]) }
        // An own reference that is too long is said behind what is said of the records, wherever it stands.
        let long = String(repeating: "x", count: 140)
        for text in [
            #"{"batchReferenceId":"\#(long)","accounts":[1]}"#, #"{"accounts":[1],"batchReferenceId":"\#(long)"}"#,
        ] {
            try Self.expectTheSame(Array(text.utf8), judge, windows: [1, 40])
        }
    }

    /// A slash and a combining mark behind it are one Character of Swift, and a record's number stands before it.
    @Test func aKeyThatBeginsWithACombiningMarkIsFoundInWindows() throws {
        let schema = #"{"properties":{"accounts":{"items":{"additionalProperties":{"type":"string"}}}}}"#
        let judge = try Judging.judge(kind: .account, schema: schema)
        let text = Array("{\"accounts\":[{\"a\":\"b\"},{\"\u{301}x\":5},{\"\u{301}y\":6}]}".utf8)
        #expect(
            judge.judge(text, form: .json, origin: Judging.origin).problem?.findings.map(\.pointer) == [
                "/accounts/1/\u{301}x", "/accounts/2/\u{301}y",
            ])
        try Self.expectTheSame(text, judge, windows: [1, 40])
    }

    @Test func theShippedSchemasAllowWindows() throws {
        #expect(try Judging.judge().canJudgeInWindows)
    }
}

/// A text that becomes shorter.
private final class Shrinking: @unchecked Sendable {
    // A test of one task holds it.
    private var text: [UInt8]

    init(_ text: [UInt8]) { self.text = text }
    func shrink(to count: Int) { text = Array(text[..<count]) }
    func read(_ range: Range<Int>) -> [UInt8] { Array(text[range.clamped(to: 0..<text.count)]) }
}
