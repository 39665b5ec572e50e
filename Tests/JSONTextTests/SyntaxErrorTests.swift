import JSONText
import Testing

@Suite struct SyntaxErrorTests {
    static func failure(_ bytes: [UInt8], maximumDepth: Int = 256) throws -> JSONSyntaxError {
        try #require(throws: JSONSyntaxError.self) { try JSONDocument(parsing: bytes, maximumDepth: maximumDepth) }
    }

    @Test(arguments: [
        ("{\"a\": 1,\n \"a\": 2}", JSONSyntaxError.Reason.duplicateKey("a"), 2, 2),
        ("{\"é\": 1,\r\n  \"\\u00e9\": 2}", .duplicateKey("é"), 2, 3),
        ("[1,\n2,,3]", .valueExpected, 2, 3),
        ("[\"ö😀\" 1]", .commaOrBracketExpected, 1, 7),
        ("{\"a\" 1}", .colonExpected, 1, 6),
        ("{\"a\": 1 \"b\": 2}", .commaOrBraceExpected, 1, 9),
        ("{a: 1}", .keyExpected, 1, 2),
        ("{\"a\": 1,}", .keyExpected, 1, 9),
        ("\u{FEFF}[1} ", .commaOrBracketExpected, 1, 3),
        ("[\"a\nb\"]", .controlCharacter(0x0A), 1, 4),
        ("[\"\\x\"]", .invalidEscape, 1, 3),
        ("[\"\\ud800\"]", .loneSurrogate, 1, 3),
        ("[\"\\udc00\\ud800\"]", .loneSurrogate, 1, 3),
        ("[\"\\ud800\\u0041\"]", .loneSurrogate, 1, 3),
        ("[012]", .leadingZero, 1, 2),
        ("[1.x]", .digitExpected, 1, 4),
        ("[-]", .digitExpected, 1, 3),
        ("[1e1234567890123456789]", .exponentTooLong, 1, 2),
        ("[12e999999999999999999]", .exponentTooLong, 1, 2),
        ("[0.1e-999999999999999999]", .exponentTooLong, 1, 2),
        ("[] []", .textAfterEnd, 1, 4),
        ("[True]", .valueExpected, 1, 2),
    ])
    func saysWhatAndWhere(text: String, reason: JSONSyntaxError.Reason, line: Int, column: Int) throws {
        let error = try Self.failure(Array(text.utf8))
        #expect(error.reason == reason)
        #expect(error.position == JSONPosition(line: line, column: column))
        #expect(!error.isUnfinished)
        #expect(!error.isEncoding)
    }

    /// Whatever prefix of a document arrives, it is an unfinished upload and nothing else.
    @Test func everyPrefixIsUnfinished() throws {
        let text = #"{"a": [1.5e+10, true, false, null, "\u00e9\ud83d\ude00\n€😀"], "b": {"c": -0.1}}"#
        let bytes = [0xEF, 0xBB, 0xBF] + Array(text.utf8)
        for length in 0..<bytes.count {
            let error = try Self.failure(Array(bytes.prefix(length)))
            #expect(error.isUnfinished, "\(length): \(error)")
        }
        #expect(throws: Never.self) { try JSONDocument(parsing: bytes) }
    }

    @Test(
        arguments: [
            [0x5B, 0x22, 0xC0, 0xAF, 0x22, 0x5D], [0x5B, 0x22, 0xED, 0xA0, 0x80, 0x22, 0x5D],
            [0x5B, 0x22, 0xF5, 0x80, 0x80, 0x80, 0x22, 0x5D], [0x5B, 0x22, 0xE0, 0x80, 0x80, 0x22, 0x5D],
            [0x5B, 0x22, 0xE4, 0x22, 0x5D], [0x5B, 0xFF, 0x5D], [0xFF, 0xFE, 0x5B, 0x00], [0xFE, 0xFF, 0x00, 0x5B],
            [0x5B, 0x00, 0x5D, 0x00], [0x00, 0x5B, 0x00, 0x5D],
        ] as [[UInt8]])
    func otherEncodingsAreTold(bytes: [UInt8]) throws {
        let error = try Self.failure(bytes)
        #expect(error.isEncoding)
        #expect(!error.isUnfinished)
    }

    @Test func depthIsLimited() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(throws: Never.self) { try JSONDocument(parsing: nested(256)) }
        #expect(try Self.failure(nested(257)).reason == .tooDeep(256))
        #expect(throws: Never.self) { try JSONDocument(parsing: nested(3), maximumDepth: 3) }
        #expect(try Self.failure(nested(4), maximumDepth: 3).offset == 3)
        #expect(try Self.failure(nested(100_000)).reason == .tooDeep(256))
    }

    @Test func messagesQuoteNoValuesAndNoControls() throws {
        let error = try Self.failure(Array("{\"k\\n\\u001b\": \"secret\", \"k\\n\\u001b\": 1}".utf8))
        #expect(error.message == "the key \"k\\n\\u001b\" stands twice in this object")
        #expect(try !Self.failure(Array("[\"secret\" \"more\"]".utf8)).message.contains("secret"))
    }

    // MARK: Duplicate keys

    /// Every way a key can be found twice: pairwise, sorted, along a model, escaped.
    @Test(arguments: [2, 5, 24, 25, 26, 1000])
    func duplicatesAreFoundInObjectsOfAnySize(count: Int) throws {
        let keys = (0..<count).map { "key-\($0)" }
        func object(_ keys: [String]) -> String { "{" + keys.map { "\"\($0)\":0" }.joined(separator: ",") + "}" }
        for (index, spelling) in [(0, keys[0]), (count - 1, keys[(count - 1) / 2]), (count / 2, "k\\u0065y-0")]
        where index > 0 {
            var twice = keys
            twice[index] = spelling
            let fresh = try Self.failure(Array(object(twice).utf8))
            guard case .duplicateKey = fresh.reason else {
                Issue.record("\(fresh)")
                continue
            }
            let model = object(keys)
            let followed = try Self.failure(Array("[\(model),\(object(twice))]".utf8))
            #expect(followed.reason == fresh.reason)
            #expect(followed.offset == fresh.offset + model.utf8.count + 2)
        }
    }

    @Test func repeatingTheModelsKeyIsADuplicate() throws {
        for text in [
            #"[{"a":1,"b":2},{"a":1,"a":2}]"#, #"[{"a":1,"b":2},{"b":1,"a":2,"b":3}]"#,
            #"[{"a":{"x":1}},{"a":{"x":1,"x":2}}]"#,
        ] {
            guard case .duplicateKey = try Self.failure(Array(text.utf8)).reason else {
                Issue.record("\(text)")
                continue
            }
        }
    }

    @Test func distinctKeysAreNot() throws {
        for text in [
            #"[{"a":1,"b":2,"c":3},{"c":1},{"a":2,"c":1},{"b":1,"a":1},{"d":1,"a":2}]"#,
            #"{"a":1,"A":1,"":1,"\u0000":2}"#,
            #"{"é":1,"e\u0301":2}"#,
        ] {
            #expect(throws: Never.self, "\(text)") { try JSONDocument(parsing: Array(text.utf8)) }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aMillionKeysAreNoTrouble() throws {
        var text = "{"
        for index in 0..<1_000_000 { text += "\"\(index &* 2_654_435_761 % 1_000_003)x\":0," }
        let distinct = text + "\"z\":0}"
        #expect(try JSONDocument(parsing: Array(distinct.utf8)).root.count == 1_000_001)
        let error = try Self.failure(Array((text + "\"0x\":0}").utf8))
        #expect(error.reason == .duplicateKey("0x"))
    }
}
