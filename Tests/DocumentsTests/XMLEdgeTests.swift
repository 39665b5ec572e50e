import Documents
import Foundation
import Model
import Testing

/// XML that is right but unusual, and what must not be mistaken for something else.
@Suite struct XMLEdgeTests {
    private static let schema = """
        {"type": "object", "properties": {"accounts": {"type": "array", "items": {"type": "object", "properties": {
          "id": {"type": "string"}, "amount": {"type": "number"},
          "tags": {"type": ["array", "null"], "items": {"type": "string"}},
          "maybe": {"type": ["array", "null"], "items": {"type": "number"}},
          "lines": {"type": "array", "items": {"type": "object", "properties": {
            "sku": {"type": "string"}, "from": {"type": "object", "properties": {"city": {"type": "string"}}}}}}
        }}}}}
        """

    static let pairs: [(String, String)] = [
        (#"<any a="x&amp;y &lt; &#38;#38; &quot;"/>"#, #"{"any":{"a":"x&y < &#38; \""}}"#),
        ("<any a=\"one\ntwo&#10;three\"/>", #"{"any":{"a":"one two\nthree"}}"#),
        ("<id>a\r\nb\rc&#13;</id>", #"{"id":"a\nb\nc\r"}"#),
        ("<id>]]&gt; \u{85}\u{2028}\u{FFFD}\u{10FFFF}</id>", "{\"id\":\"]]> \u{85}\u{2028}\u{FFFD}\u{10FFFF}\"}"),
        (#"<tags xsi:nil="true"/>"#, #"{"tags":null}"#),
        ("<tags><tag/></tags>", #"{"tags":[""]}"#),
        ("<tags/><tags/>", #"{"tags":["",""]}"#),
        ("<tags><!-- none --></tags>", #"{"tags":[]}"#),
        ("<maybe/>", #"{"maybe":[]}"#),
        (#"<maybe xsi:nil="true"/>"#, #"{"maybe":null}"#),
        ("<maybe>1</maybe>", #"{"maybe":[1]}"#),
        ("<lines><from><city>X</city></from></lines>", #"{"lines":[{"from":{"city":"X"}}]}"#),
        ("<lines><line><sku>1</sku></line></lines>", #"{"lines":[{"sku":"1"}]}"#),
        (#"<lines><line sku="1"/><line sku="2"/></lines>"#, #"{"lines":[{"sku":"1"},{"sku":"2"}]}"#),
        ("<x:id>1</x:id>", #"{"id":"1"}"#),
        ("<amount>\n  5.00\t</amount>", #"{"amount":5.00}"#),
        ("<amount>123456789012345678901234567890.5</amount>", #"{"amount":123456789012345678901234567890.5}"#),
        (#"<id xml:lang="en" xsi:type="y">1</id>"#, #"{"id":"1"}"#),
    ]

    @Test(arguments: pairs)
    func itIsConverted(xml: String, json: String) throws {
        let text =
            #"<accounts xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><account>\#(xml)</account></accounts>"#
        let judgement = try Judging.judge(schema: Self.schema).xml(text)
        #expect(judgement.array == "[\(json)]", "\(judgement.problem?.findings.map(\.message) ?? [])")
    }

    @Test func ampersandsInAttributesAreSingle() throws {
        let xml = #"<payments><p clientReferenceId="Smith &amp; Sons &#38;#38; &lt;x&gt;"/></payments>"#
        #expect(
            try Judging.judge().xml(xml).array == #"[{"clientReferenceId":"Smith & Sons &#38; <x>"}]"#)
    }

    @Test func aPrefixWithoutANamespaceDoesNotMatter() throws {
        let xml = "<x:payments><x:p><x:clientReferenceId>1</x:clientReferenceId></x:p></x:payments>"
        #expect(try Judging.judge().xml(xml).array == #"[{"clientReferenceId":"1"}]"#)
        let null = #"<payments><p><clientReferenceId>1</clientReferenceId><note xsi:nil="true"/></p></payments>"#
        #expect(try Judging.judge().xml(null).array == #"[{"clientReferenceId":"1","note":null}]"#)
    }

    @Test(arguments: [
        "<accounts><account></accounts>", "<accounts></account>", "<accounts/>x", "<accounts a='1' a='2'/>",
        "<accounts>]]></accounts>", "text", "<accounts>&#0;</accounts>", "<accounts>\u{0}</accounts>", "< accounts/>",
        "<accounts><?xml version='1.0'?></accounts>", "<a:b:c/>", "<accounts><1/></accounts>",
        "<accounts><!-- a -- b --></accounts>",
    ])
    func whatIsBrokenIsNotTakenForUnfinished(xml: String) throws {
        let judgement = try Judging.judge(kind: .account).xml(xml)
        #expect(!judgement.isUnfinished, "\(judgement.problem?.message ?? "")")
        #expect(judgement.problem != nil)
    }

    @Test(arguments: ["", " ", "<", "<a", "<accounts", "<accounts>", "<?xml version=", "<!-- a", "<accounts/><!-- a"])
    func whatEndsTooEarlyIsUnfinished(xml: String) throws {
        #expect(try Judging.judge().xml(xml).isUnfinished)
    }

    @Test func twoFieldsOfOneNameAreRefusedWithTheirPlace() throws {
        let xml = "<payments>\n<p clientReferenceId='1'>\n <clientReferenceId>2</clientReferenceId></p></payments>"
        let problem = try #require(try Judging.judge().xml(xml).problem)
        #expect(problem.code == .schemaXML)
        #expect((2...3).contains(problem.findings.first?.line ?? 0))
    }

    @Test func anUnknownRootIsShownWhereItStands() throws {
        let problem = try #require(try Judging.judge().xml("<?xml version='1.0'?>\n\n  <orders/>").problem)
        #expect(problem.code == .kindUnknown)
        #expect(problem.findings.first?.line == 3 && problem.findings.first?.column == 3)
    }

    @Test(arguments: [
        "<payments>x<p clientReferenceId='1'/></payments>", "<e>x<payments><p clientReferenceId='1'/></payments></e>",
        "<payments><p clientReferenceId='1'/><![CDATA[x]]></payments>",
        "<payments><p clientReferenceId='1'/></payments>".replacing("/>", with: "><a/>x</p>"),
        "<e><batchReferenceId>x<a/></batchReferenceId><payments><p clientReferenceId='1'/></payments></e>",
    ])
    func textBesideElementsIsRefused(xml: String) throws {
        let problem = try #require(try Judging.judge().xml(xml).problem)
        #expect(problem.code == .schemaXML)
        #expect(problem.findings.first?.line == 1)
    }

    @Test func anInboxOfOneKindLeavesOtherArraysOut() throws {
        let payments = "<payments><p clientReferenceId='1'/></payments>"
        for xml in ["<e>\(payments)<accounts>\n<a/></accounts></e>", "<e><accounts><a/></accounts>\(payments)</e>"] {
            #expect(try Judging.judge(kind: .payment).xml(xml).array == #"[{"clientReferenceId":"1"}]"#)
            #expect(try Judging.judge().xml(xml).problem?.code == .kindUnknown)
        }
        #expect(try Judging.judge(kind: .claim).xml(payments).problem?.message.contains("has payments") == true)
    }

    // MARK: Encodings

    private static let utf16 = Array("<payments><p clientReferenceId='Zoë'/></payments>".utf16)

    private static func bytes(_ units: [UInt16], isBig: Bool, mark: Bool) -> [UInt8] {
        ((mark ? [0xFEFF] : []) + units).flatMap { unit in
            isBig ? [UInt8(unit >> 8), UInt8(unit & 0xFF)] : [UInt8(unit & 0xFF), UInt8(unit >> 8)]
        }
    }

    @Test(arguments: [true, false], [true, false])
    func utf16IsReadInBothOrders(isBig: Bool, mark: Bool) throws {
        let judgement = try Judging.judge().judge(
            Self.bytes(Self.utf16, isBig: isBig, mark: mark), form: .xml, origin: Judging.origin)
        #expect(judgement.array == #"[{"clientReferenceId":"Zoë"}]"#)
    }

    @Test func aCutInsideACharacterIsUnfinished() throws {
        let judge = try Judging.judge()
        let wide = Self.bytes(Self.utf16, isBig: false, mark: true)
        #expect(judge.judge(Array(wide.dropLast(5)), form: .xml, origin: Judging.origin).isUnfinished)
        let narrow = Array("<payments><p clientReferenceId='Zoë".utf8).dropLast()
        #expect(judge.judge(Array(narrow), form: .xml, origin: Judging.origin).isUnfinished)
    }

    @Test(arguments: [
        "<?xml version='1.0' encoding='UTF-16'?><payments/>", "<?xml version='1.0' encoding='UCS-4'?><payments/>",
        "<?xml version='1.0' encoding='US-ASCII'?><payments>ë</payments>",
        "\u{FEFF}<?xml version='1.0' encoding='ISO-8859-1'?><payments/>",
        "<?xml version='1.0' encoding='klingon'?><payments/>",
    ])
    func aDeclarationThatIsNotTrueIsAnEncodingProblem(xml: String) throws {
        #expect(try Judging.judge().xml(xml).problem?.code == .parseEncoding)
    }

    @Test func wideTextThatDeclaresASingleByteEncodingIsAnEncodingProblem() throws {
        let text = Array("<?xml version='1.0' encoding='ISO-8859-1'?><payments/>".utf16)
        let judgement = try Judging.judge().judge(
            Self.bytes(text, isBig: false, mark: true), form: .xml, origin: Judging.origin)
        #expect(judgement.problem?.code == .parseEncoding)
    }

    @Test func manyAttributesAreRefusedFast() throws {
        let attributes = (0..<100_000).map { #"a\#($0)="1""# }.joined(separator: " ")
        let started = ContinuousClock.now
        let problem = try Judging.judge().xml("<accounts>\n<a \(attributes)/></accounts>").problem
        #expect(problem?.code == .parseXML)
        #expect(problem?.findings.first?.line == 2)
        #expect(ContinuousClock.now - started < .seconds(2))
    }

    @Test func exponentsAndManyDigitsPassTheXSD() throws {
        for number in ["1e2", "0.1E-7", "123456789012345678901234567890.25", " 5 ", "0"] {
            let xml = """
                <accounts><a clientReferenceId="1"><invoiceNumber/><outstandingAmount>\(number)</outstandingAmount>\
                <invoiceAmount>\(number)</invoiceAmount></a></accounts>
                """
            let judgement = try Judging.judge().xml(xml)
            #expect(judgement.document != nil, "\(number): \(judgement.problem?.findings.map(\.message) ?? [])")
        }
    }
}

/// Bounds, and fields beside the array.
extension XMLEdgeTests {
    @Test func anAttributeCanBeAnArrayToo() throws {
        let xml = "<accounts><a id='1' tags='x'/><a tags=''/></accounts>"
        let judgement = try Judging.judge(schema: Self.schema).xml(xml)
        #expect(judgement.array == #"[{"id":"1","tags":["x"]},{"tags":[]}]"#)
    }

    @Test(arguments: [
        "<payments batchReferenceId='RUN &amp; 1'><p clientReferenceId='1'/></payments>",
        "<e batchReferenceId='RUN &amp; 1'><payments><p clientReferenceId='1'/></payments></e>",
        "<e><payments><p clientReferenceId='1'/></payments><x:batchReferenceId>RUN &amp; 1</x:batchReferenceId></e>",
    ])
    func theDocumentsOwnReferenceIsAnAttributeOfTheRootOrStandsBesideTheArray(xml: String) throws {
        #expect(try Judging.judge().xml(xml).document?.ownReference == "RUN & 1")
    }

    @Test func anOwnReferenceThatIsNullIsWrongAsInJSON() throws {
        let xml = "<e><batchReferenceId xsi:nil='true'/><payments><p clientReferenceId='1'/></payments></e>"
        #expect(try Judging.judge().xml(xml).problem?.findings.first?.pointer == "/batchReferenceId")
    }

    @Test(arguments: ["<tags>x<tag>a</tag></tags>", "<tags><tag>a</tag>x</tags>", "<tags/><tags>x<tag/></tags>"])
    func textBesideTheItemsOfAnArrayIsRefused(field: String) throws {
        let judgement = try Judging.judge(schema: Self.schema).xml("<accounts><a>\(field)</a></accounts>")
        #expect(judgement.problem?.message == "<tags> has text beside elements")
        #expect(judgement.problem?.findings.first?.pointer == "/accounts/0")
    }

    @Test(
        arguments: ["<id xsi:nil='true'>x</id>", "<id xsi:nil='1'><a/></id>", "<id xsi:nil='1' b='1'/>"], [true, false])
    func whatIsNullAndYetHasContentIsRefused(field: String, usesXSD: Bool) throws {
        let fields = field.replacing("id", with: "brand")
        let xml = "<accounts><a clientReferenceId='1' invoiceNumber='1' outstandingAmount='1'>\(fields)</a></accounts>"
        let problem = try #require(try Judging.judge(usesXSD: usesXSD).xml(xml).problem)
        #expect(problem.code == .schemaXML)
        #expect(problem.message == "<brand> is null and yet has content")
    }

    @Test func textBesideConstantsIsNotLost() throws {
        let judge = try Judging.judge(fields: FieldMapping(constants: ["brand": #""ACME""#]))
        let problem = try #require(judge.xml("<payments>\n<p>text</p></payments>").problem)
        #expect(problem.code == .schemaXML)
        #expect(problem.findings.first?.line == 2)
    }

    @Test func manyDifferentNamesAreRefused() throws {
        let fields = (0..<70_000).map { "<f\($0)/>" }.joined()
        let problem = try #require(
            try Judging.judge().xml("<payments>\n<p clientReferenceId='1'>\(fields)</p></payments>").problem)
        #expect(problem.code == .parseXML)
        #expect(problem.message.contains("65536 different names"))
        #expect(problem.findings.first?.line == 2)
    }

    @Test func aRecordOfAMillionElementsIsRefused() throws {
        let fields = String(repeating: "<f/>", count: 1_000_001)
        let problem = try #require(
            try Judging.judge().xml("<payments>\n<p>\n\(fields)</p></payments>").problem)
        #expect(problem.code == .parseXML)
        #expect(problem.message.contains("more than 1000000 elements"))
        #expect(problem.findings.first?.line == 3)
    }

    @Test func fieldsBeyondTheUsualNumberAreConvertedLikeOthers() throws {
        let unknown = (0..<1000).map { "<f\($0)>\($0)</f\($0)>" }.joined()
        let xml = "<accounts><a>\(unknown)<amount>1.0</amount><tags>x</tags></a></accounts>"
        let array = try #require(try Judging.judge(schema: Self.schema).xml(xml).array)
        #expect(array.hasPrefix(#"[{"f0":"0","f1":"1","#))
        #expect(array.hasSuffix(#""f999":"999","amount":1.0,"tags":["x"]}]"#))
    }
}
