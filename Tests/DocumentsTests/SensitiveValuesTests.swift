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

    /// The text was cut off, or broke off.
    @Test(arguments: [
        ("mail to jo@x.exam", "mail to •••"), ("mail to jo@x", "mail to •••"), ("mail to jo@", "mail to jo@"),
        ("jo@x.example, jo@x.exampl", "•••, •••"), ("mail to jo@x\\u002", "mail to •••"),
        ("mail to jo@x\\", "mail to •••"),
        ("mail to JO@X.EXAMP", "mail to •••"), ("mail to jo@y.exam", "mail to jo@y.exam"), ("", ""),
    ])
    func theBeginningOfAValueIsHiddenAtAnEndThatMayBeNone(text: String, hidden: String) {
        var quoting = QuotingText(Array(text.utf8), mayGoOn: true)
        quoting.hide("jo@x.example".utf8)
        #expect(String(decoding: quoting.bytes, as: UTF8.self) == hidden)
    }

    @Test(arguments: ["Łucja Öz😀", #"\u0141uc\u006aa \ud83d\ude00"#], 4...14)
    func halfACharacterAtTheEndBelongsToAValueToo(text: String, cut: Int) {
        let isEscaped = text.hasPrefix("\\")
        let bytes = Array(text.utf8).prefix(isEscaped ? 2 * cut + 4 : cut)
        var quoting = QuotingText(Array("by ".utf8) + bytes, mayGoOn: true)
        quoting.hide((isEscaped ? "Łucja 😀 and more" : "Łucja Öz😀 and more").utf8)
        let shown = String(decoding: quoting.bytes, as: UTF8.self)
        // Of an escape that is not whole nothing is left.
        #expect(shown == "by •••" || isEscaped && cut < 7 && shown.hasPrefix(#"by \u0141"#), "\(shown)")
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

    @Test(arguments: ["4821.50", "4821.5", "48215e-1", "4.8215e3"])
    func aNumberIsHiddenInItsUsualSpellingToo(number: String) throws {
        let text = #"[{"clientReferenceId": "A-100", "born": \#(number)}]"#
        let document = try #require(Judging.judge(kind: .account, schema: Self.schema).json(text).document)
        var texts = [QuotingText(Array("\(number) and 4821.5".utf8))]
        try document.hideSensitiveValues(in: &texts)
        #expect(String(decoding: texts[0].bytes, as: UTF8.self) == "••• and •••")
    }

    /// What a record is about stands beside what is wrong with it.
    @Test(arguments: [true, false]) func whatARecordIsAboutIsLeftOutWhereItIsSensitive(isSensitive: Bool) throws {
        let mark = isSensitive ? #", "x-sensitive": true"# : ""
        let schema = #"""
            {"properties": {"accounts": {"type": "array", "items": {"properties": {
                "clientReferenceId": {"type": "string"\#(mark)}, "name": {"maxLength": 3}}}}}}
            """#
        let json = Array(#"{"accounts": [{"clientReferenceId": "A-100", "name": "abcd"}]}"#.utf8)
        let xml = Array("<accounts><a clientReferenceId='A-100'><name>abcd</name></a></accounts>".utf8)
        let surplus = Array("<accounts><a clientReferenceId='A-100'><name>a<b/></name></a></accounts>".utf8)
        let judge = try Judging.judge(kind: .account, schema: schema)
        let small = try Judging.judge(kind: .account, schema: schema, bodyBytes: 130)
        let judgements = [
            judge.judge(json, form: .json, origin: Judging.origin),
            judge.judge(xml, form: .xml, origin: Judging.origin),
            judge.judge(surplus, form: .xml, origin: Judging.origin),
            try judge.judge(DocumentSource(held: json), origin: Judging.origin),
            try judge.judge(xml: DocumentSource(held: xml), spool: MemorySpool().spool, origin: Judging.origin),
            small.json(
                #"{"accounts": [{"clientReferenceId": "A-100", "x": "\#(String(repeating: "x", count: 90))"}]}"#),
        ]
        for judgement in judgements {
            let problem = try #require(judgement.problem)
            #expect(problem.findings.map(\.record) == [isSensitive ? nil : "A-100"], "\(problem)")
        }
    }

    @Test func aSchemaWithoutMarksHidesNothing() throws {
        let document = try #require(Judging.judge(kind: .account, schema: "{}").json(Self.document).document)
        #expect(document.sensitiveValues == nil)
    }
}
