import Documents
import Model
import Testing

/// `mapping:` and `set:`, in JSON and XML alike.
@Suite struct MappingTests {
    private static let fields = FieldMapping(
        renamed: ["AmountDue": "outstandingAmount", "Invoice": "invoiceNumber"],
        constants: ["brand": #""ACME""#, "priority": "5", "vip": "true", "portfolio": "null"])

    @Test func bothFormatsComeToTheSame() throws {
        let judge = try Judging.judge(fields: Self.fields)
        let json = judge.json(
            #"{"accounts": [{"clientReferenceId": "1", "Invoice": "007", "AmountDue": 1.10, "brand": "other"}]}"#)
        let xml = judge.xml(
            "<accounts><a brand='other'><clientReferenceId>1</clientReferenceId><Invoice>007</Invoice><AmountDue>1.10</AmountDue></a></accounts>"
        )
        #expect(
            json.array
                == #"[{"clientReferenceId":"1","invoiceNumber":"007","outstandingAmount":1.10,"brand":"ACME","portfolio":null,"priority":5,"vip":true}]"#
        )
        #expect(xml.array == json.array, "\(xml.problem?.findings.map(\.message) ?? [])")
        #expect(xml.document?.content == json.document?.content)
        #expect(json.document?.isConverted == true)
    }

    @Test func errorsPointIntoTheSendersOwnFile() throws {
        let text = """
            {"accounts": [
              {"clientReferenceId": "1", "Invoice": "1",
               "AmountDue": -5, "status": "Active"}]}
            """
        let finding = try #require(try Judging.judge(fields: Self.fields).json(text).problem?.findings.first)
        #expect(finding.pointer == "/accounts/0/outstandingAmount")
        #expect(finding.line == 3 && finding.column == 17)
        #expect(finding.record == "1")
    }

    @Test func aFieldThatGetsANameThatIsTakenIsAProblem() throws {
        let judge = try Judging.judge(fields: Self.fields)
        let json = judge.json(#"{"accounts": [{"AmountDue": 1, "outstandingAmount": 2}]}"#)
        #expect(json.problem?.code == .schemaJSON)
        #expect(json.problem?.findings.first?.column == 16)
        let xml = judge.xml(
            "<accounts><a><AmountDue>1</AmountDue><outstandingAmount>2</outstandingAmount></a></accounts>")
        #expect(xml.problem?.code == .schemaJSON)
    }

    @Test func withoutThemADocumentIsSentInTheSendersOwnBytes() throws {
        let judgement = try Judging.judge().json(
            #"{"accounts": [ {"clientReferenceId": "1", "invoiceNumber":null, "outstandingAmount": 1.10} ]}"#)
        #expect(judgement.document?.isConverted == false)
        #expect(
            judgement.array == #"[ {"clientReferenceId": "1", "invoiceNumber":null, "outstandingAmount": 1.10} ]"#)
    }

    /// In Unicode the two are one character, and for Swift one text.
    @Test(arguments: [FieldMapping(), fields]) func twoSpellingsOfACharacterAreTwoFields(fields: FieldMapping) throws {
        let judge = try Judging.judge(fields: fields)
        let (one, other) = ("caf\u{E9}", "cafe\u{301}")
        let json = judge.json(
            #"{"accounts": [{"clientReferenceId":"1","invoiceNumber":"1","outstandingAmount":1,"\#(one)":"1","\#(other)":"2"}]}"#
        )
        let xml = judge.xml(
            "<accounts><a><clientReferenceId>1</clientReferenceId><invoiceNumber>1</invoiceNumber>"
                + "<outstandingAmount>1</outstandingAmount><\(one)>1</\(one)><\(other)>2</\(other)></a></accounts>")
        let fields = Array(#","\#(one)":"1","\#(other)":"2""#.utf8)
        for judgement in [json, xml] {
            let array = Array(try #require(judgement.array).utf8)
            #expect(array.indices.contains { array[$0...].starts(with: fields) }, "\(judgement)")
        }
    }

    @Test func aBareArrayIsMappedToo() throws {
        let judge = try Judging.judge(kind: .account, fields: Self.fields)
        let bare = judge.json(#" [{"clientReferenceId": "1", "Invoice": "1", "AmountDue": 2}]"#)
        #expect(bare.array?.contains(#""outstandingAmount":2"#) == true)
        let bad = judge.json(#" [{"clientReferenceId": "1", "Invoice": "1", "AmountDue": -2}]"#)
        #expect(bad.problem?.findings.first?.column == 59)
    }
}

extension MappingTests {
    private static let swap = FieldMapping(
        renamed: ["a": "b", "b": "a", "x": "clientReferenceId", "y": "clientReferenceId"])

    @Test func namesCanBeSwapped() throws {
        let judge = try Judging.judge(fields: Self.swap)
        let json = judge.json(#"{"payments": [{"a": "1", "b": "2", "x": "3"}]}"#)
        #expect(json.array == #"[{"b":"1","a":"2","clientReferenceId":"3"}]"#)
        #expect(judge.xml("<payments><p><a>1</a><b>2</b><x>3</x></p></payments>").array == json.array)
    }

    @Test func twoFieldsThatGetOneNameAreAProblemWithPlaceAndRecord() throws {
        let judge = try Judging.judge(fields: Self.swap)
        for judgement in [
            judge.json("{\"payments\": [\n{\"x\": \"1\",\n\"y\": \"2\"}]}"),
            judge.xml("<payments>\n<p><x>1</x>\n<y>2</y></p></payments>"),
        ] {
            let finding = try #require(judgement.problem?.findings.first)
            #expect(judgement.problem?.code == .schemaJSON)
            #expect(finding.pointer == "/payments/0/y")
            #expect(finding.line == 3 && finding.column == 1)
            #expect(finding.message.contains("x") && finding.message.contains("clientReferenceId"))
        }
    }

    @Test func aConstantTakesThePlaceOfWhateverHasItsName() throws {
        let fields = FieldMapping(renamed: ["Marke": "brand"], constants: ["brand": #""ACME""#])
        let judge = try Judging.judge(fields: fields)
        let json = judge.json(#"{"payments": [{"Marke": "1", "brand": "2", "clientReferenceId": "3"}]}"#)
        #expect(json.array == #"[{"clientReferenceId":"3","brand":"ACME"}]"#)
        let xml = "<payments><p brand='2'><Marke>1</Marke><clientReferenceId>3</clientReferenceId></p></payments>"
        #expect(judge.xml(xml).array == json.array)
    }
}
