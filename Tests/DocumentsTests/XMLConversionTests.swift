import Documents
import Model
import Testing

/// XML documents and the JSON that they become.
@Suite struct XMLConversionTests {
    private static let schema = """
        {"type": "object", "properties": {"accounts": {"type": "array", "items": {"type": "object", "properties": {
          "id": {"type": "string"}, "nullable": {"type": ["string", "null"]}, "amount": {"type": "number"},
          "count": {"type": ["integer", "null"]}, "flag": {"type": "boolean"},
          "tags": {"type": "array", "items": {"type": "string"}},
          "numbers": {"type": "array", "items": {"type": "number"}},
          "contacts": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"},
            "age": {"type": "integer"}}}},
          "address": {"type": "object", "properties": {"zip": {"type": "string"}, "floor": {"type": "integer"}}}
        }}}}}
        """

    static let pairs: [(String, String)] = [
        ("<id>1</id>", #"{"id":"1"}"#),
        ("<id>007</id><amount>1.10</amount>", #"{"id":"007","amount":1.10}"#),
        ("<amount> 12345678901234567890.10 </amount>", #"{"amount":12345678901234567890.10}"#),
        ("<amount>-0.5e-3</amount>", #"{"amount":-0.5e-3}"#),
        ("<amount> +5.50</amount>", #"{"amount":5.50}"#),
        (#"<unknown/><address floor="+3"/>"#, #"{"unknown":"","address":{"floor":3}}"#),
        ("<count/>", #"{"count":null}"#),
        ("<id/>", #"{"id":""}"#),
        ("<id></id><nullable/>", #"{"id":"","nullable":""}"#),
        (#"<nullable xsi:nil="true"/>"#, #"{"nullable":null}"#),
        (#"<nullable xsi:nil="1"></nullable><count xsi:nil="false">3</count>"#, #"{"nullable":null,"count":3}"#),
        ("<flag>true</flag>", #"{"flag":true}"#),
        ("<flag> 0 </flag>", #"{"flag":false}"#),
        ("<tags>a</tags>", #"{"tags":["a"]}"#),
        ("<tags>a</tags><id>1</id><tags>b</tags>", #"{"tags":["a","b"],"id":"1"}"#),
        ("<tags><tag>a</tag></tags>", #"{"tags":["a"]}"#),
        ("<tags><tag>a</tag><tag>b</tag></tags>", #"{"tags":["a","b"]}"#),
        ("<tags/>", #"{"tags":[]}"#),
        ("<numbers><n>1</n><n>2.50</n></numbers>", #"{"numbers":[1,2.50]}"#),
        ("<contacts><name>A</name><age>3</age></contacts>", #"{"contacts":[{"name":"A","age":3}]}"#),
        (
            "<contacts><c><name>A</name></c><c><name>B</name></c></contacts>",
            #"{"contacts":[{"name":"A"},{"name":"B"}]}"#
        ),
        (
            "<contacts><name>A</name></contacts><contacts><name>B</name></contacts>",
            #"{"contacts":[{"name":"A"},{"name":"B"}]}"#
        ),
        ("<address><zip>010</zip><floor>2</floor></address>", #"{"address":{"zip":"010","floor":2}}"#),
        (#"<address zip="010" floor="2"/>"#, #"{"address":{"zip":"010","floor":2}}"#),
        ("<address/>", #"{"address":{}}"#),
        ("<unknown>1</unknown>", #"{"unknown":"1"}"#),
        ("<unknown><a>1</a><a>2</a><b>true</b></unknown>", #"{"unknown":{"a":["1","2"],"b":"true"}}"#),
        (#"<unknown unit="AUD">5</unknown>"#, #"{"unknown":{"unit":"AUD","value":"5"}}"#),
        ("<id>a<![CDATA[<b>&amp;]]>c</id>", #"{"id":"a<b>&amp;c"}"#),
        ("<id>a<!-- no -->b<?pi no?>c</id>", #"{"id":"abc"}"#),
        ("<id>&lt;&amp;&gt;&quot;&apos;&#65;&#x1F4CE;</id>", #"{"id":"<&>\"'A📎"}"#),
        (#"<p:id xmlns:p="urn:p">1</p:id>"#, #"{"id":"1"}"#),
        ("<id>line\nbreak\ttab \"quote\" back\\slash</id>", #"{"id":"line\nbreak\ttab \"quote\" back\\slash"}"#),
        ("<id> kept </id>", #"{"id":" kept "}"#),
    ]

    @Test(arguments: pairs)
    func anElementBecomesWhatTheSchemaDescribes(xml: String, json: String) throws {
        let text =
            #"<accounts xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><account>\#(xml)</account></accounts>"#
        let judgement = try Judging.judge(schema: Self.schema).xml(text)
        #expect(judgement.array == "[\(json)]", "\(judgement.problem?.findings.map(\.message) ?? [])")
    }

    @Test func aNumberThatIsNoneStaysTextSoThatTheSchemaExplainsIt() throws {
        for text in ["007", "+007", "5.", "1,50", "$5", "NaN"] {
            let judgement = try Judging.judge(schema: Self.schema)
                .xml("<accounts><a><amount>\(text)</amount></a></accounts>")
            #expect(judgement.problem?.code == .schemaJSON)
            #expect(judgement.problem?.findings.first?.keyword == "type")
        }
    }

    private static let record =
        "<clientReferenceId>INV-1</clientReferenceId><invoiceNumber>007</invoiceNumber><outstandingAmount>1.10</outstandingAmount>"

    static let shapes = [
        "<accounts><account>\(record)</account></accounts>",
        "<accounts><x>\(record)</x></accounts>",
        "<export><accounts><account>\(record)</account></accounts></export>",
        "<export><when>now</when><accounts>\n<account>\(record)</account>\n</accounts><more><a/></more></export>",
        #"<e:export xmlns:e="urn:e"><e:accounts><e:account>\#(record)</e:account></e:accounts></e:export>"#,
        #"<accounts xmlns="urn:default"><account>\#(record)</account></accounts>"#,
        #"<?xml version="1.0"?><accounts><account clientReferenceId="INV-1" invoiceNumber="007" outstandingAmount="1.1"/></accounts>"#,
    ]

    @Test(arguments: shapes)
    func theSameDataHasTheReferenceThatItHasAsJSON(xml: String) throws {
        let judge = try Judging.judge()
        let json = #"{"accounts":[{"outstandingAmount":1.1,"invoiceNumber":"007","clientReferenceId":"INV-1"}]}"#
        let reference = try #require(judge.json(json).document?.content)
        let judgement = judge.xml(xml)
        #expect(judgement.document?.content == reference, "\(judgement.problem?.message ?? "")")
    }

    @Test(arguments: [
        "<export><batchReferenceId>RUN-1</batchReferenceId><accounts><a>\(record)</a></accounts></export>",
        "<export><accounts><a>\(record)</a></accounts><batchReferenceId>RUN-1</batchReferenceId></export>",
        #"<export batchReferenceId="RUN-1"><accounts><a>\#(record)</a></accounts></export>"#,
    ])
    func aReferenceOfTheSendersOwnStandsBesideTheArray(xml: String) throws {
        #expect(try Judging.judge().xml(xml).document?.ownReference == "RUN-1")
    }

    @Test func whatIsNoArrayOfRecordsIsUnknown() throws {
        let judge = try Judging.judge()
        #expect(judge.xml("<invoices><invoice/></invoices>").problem?.code == .kindUnknown)
        #expect(judge.xml("<a><b><accounts/></b></a>").problem?.code == .kindUnknown)
        let both = "<e><accounts><a>\(Self.record)</a></accounts><payments><p/></payments></e>"
        #expect(judge.xml(both).problem != nil)
        #expect(try Judging.judge(kind: .payment).xml(Self.shapes[0]).problem?.code == .kindUnknown)
    }

    @Test func anArrayThatStandsTwiceIsRefused() throws {
        let array = "<accounts><a>\(Self.record)</a></accounts>"
        #expect(try Judging.judge().xml("<e>\(array)\(array)</e>").problem?.code == .schemaXML)
    }
}
