import Documents
import Model
import Testing

@Suite struct QuotingTextTests {
    private static func hiding(_ values: String..., in text: String) -> String {
        var quoting = QuotingText(Array(text.utf8))
        for value in values { quoting.hide(value.utf8) }
        return String(decoding: quoting.bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("email jo@x.example is invalid", "email ••• is invalid"),
        ("JO@X.EXAMPLE, jo@x.example", "•••, •••"),
        ("jo@x.exampl", "jo@x.exampl"),
        ("", ""),
        ("jo@x.example", "•••"),
    ])
    func aValueIsHiddenWhereverItStands(text: String, hidden: String) {
        #expect(Self.hiding("jo@x.example", in: text) == hidden)
    }

    @Test(arguments: [
        (#"{"m":"José \"O\/Neil\""}"#, #"José "O/Neil""#),
        (#"{"m":"Jos\u00e9 \u0022O/Neil\u0022"}"#, #"José "O/Neil""#),
        (#"{"m":"\ud83d\ude00 Jo"}"#, "😀 Jo"),
    ])
    func itIsFoundAsJSONEscapesIt(text: String, value: String) {
        #expect(Self.hiding(value, in: text) == #"{"m":"•••"}"#)
    }

    @Test func whatIsShortHasToStandByItself() {
        #expect(Self.hiding("1", "M", "é", in: "INV-1003 of 1: 'm', mé, é") == "INV-1003 of •••: '•••', mé, •••")
    }

    @Test func manyValuesAreFoundAsFewAre() {
        var quoting = QuotingText(Array("1 of jo@x.example, INV-1, Value-399 and value-1".utf8))
        for number in 0..<500 { quoting.hide("value-\(number)".utf8) }
        for value in ["jo@x.example", "1"] { quoting.hide(value.utf8) }
        #expect(String(decoding: quoting.bytes, as: UTF8.self) == "••• of •••, INV-•••, ••• and •••")
    }

    @Test func valuesThatOverlapAreHiddenTogether() {
        #expect(Self.hiding("Smith", "Smith Street", "th Str", in: "at Smith Street 4") == "at ••• 4")
    }

    @Test(arguments: [##"\"##, ##"\u"##, ##"\u12"##, ##"\ud83d"##, ##"\ud83d\u0041"##, ##"\x"##])
    func whatIsNoEscapeStandsForItself(text: String) {
        #expect(Self.hiding("value", in: text + " value") == text + " •••")
    }
}

@Suite struct SensitiveValuesTests {
    private static let schema = #"""
        {"type": "object", "properties": {"accounts": {"type": "array", "items": {"properties": {
            "email": {"x-sensitive": true}, "born": {"x-sensitive": true}, "isBankrupt": {"x-sensitive": true},
            "home": {"x-sensitive": true, "properties": {"street": {}}}}}}}}
        """#

    private static let document = #"""
        [{"clientReferenceId": "A-100", "email": "jo@x.example", "born": 19700101},
         {"clientReferenceId": "A-200", "isBankrupt": true, "home": {"street": "Long Row 1", "mother's maiden name": ["Kowalski"]}}]
        """#

    @Test func allThatARecordSaysInSensitiveFieldsIsHidden() throws {
        let document = try #require(Judging.judge(kind: .account, schema: Self.schema).json(Self.document).document)
        var texts = [
            "A-100: jo@x.example born 19700101", "A-200 true", "home.street 'long row 1'",
            "mother's maiden name Kowalski",
        ].map { QuotingText(Array($0.utf8)) }
        try document.hideSensitiveValues(in: &texts)
        #expect(
            texts.map { String(decoding: $0.bytes, as: UTF8.self) }
                == ["A-100: ••• born •••", "A-200 •••", "home.street '•••'", "••• •••"])
    }

    @Test func theRecordsOfABodyAreLookedThrough() throws {
        let document = try #require(Judging.judge(kind: .account, schema: Self.schema).json(Self.document).document)
        let values = try #require(document.sensitiveValues)
        var texts = [QuotingText(Array("no jo@x.example".utf8))]
        try values.hide(recordsOf: try document.body(part: 1, reference: "R"), in: &texts)
        #expect(String(decoding: texts[0].bytes, as: UTF8.self) == "no •••")
        #expect(throws: (any Error).self) { try values.hide(recordsOf: Array("{".utf8), in: &texts) }
    }

    @Test func aSchemaWithoutMarksHidesNothing() throws {
        let document = try #require(Judging.judge(kind: .account, schema: "{}").json(Self.document).document)
        #expect(document.sensitiveValues == nil)
    }
}
