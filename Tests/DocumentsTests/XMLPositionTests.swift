import Documents
import Model
import Testing

/// Every error points into the sender's own file.
@Suite struct XMLPositionTests {
    private static func account(_ number: Int, amount: String = "1", status: String = "Active") -> String {
        """
          <account>
            <clientReferenceId>INV-\(number)</clientReferenceId><invoiceNumber>1</invoiceNumber>
            <outstandingAmount>\(amount)</outstandingAmount> <status>\(status)</status>
          </account>

        """
    }

    @Test func theXSDsErrorsHaveLineColumnAndRecord() throws {
        let xml = "<accounts>\n" + Self.account(1) + Self.account(2, amount: "-5", status: "Actve") + "</accounts>"
        let problem = try #require(try Judging.judge().xml(xml).problem)
        #expect(problem.code == .schemaXML)
        #expect(problem.message == "1 record does not fit the account schema")
        #expect(problem.findings.map(\.pointer) == ["/accounts/1/outstandingAmount", "/accounts/1/status"])
        #expect(problem.findings.map(\.line) == [8, 8])
        #expect(problem.findings.map(\.column) == [5, 47])
        #expect(problem.findings.map(\.record) == ["INV-2", "INV-2"])
        #expect(problem.findings.first?.keyword == "minInclusive")
    }

    @Test func missingFieldsAreNamedAtTheirRecord() throws {
        let xml = "<accounts>\n  <account><brand>ACME</brand></account>\n</accounts>"
        let problem = try #require(try Judging.judge().xml(xml).problem)
        #expect(problem.findings.map(\.message) == ["is missing: clientReferenceId, invoiceNumber, outstandingAmount"])
        #expect(problem.findings.map(\.line) == [2] && problem.findings.map(\.column) == [3])
    }

    @Test func theJSONSchemasErrorsPointIntoTheXMLToo() throws {
        let xml = "<accounts>\n" + Self.account(1) + Self.account(2, amount: "-5") + "</accounts>"
        let problem = try #require(try Judging.judge(usesXSD: false).xml(xml).problem)
        #expect(problem.code == .schemaJSON)
        let finding = try #require(problem.findings.first)
        #expect(finding.pointer == "/accounts/1/outstandingAmount")
        #expect(finding.line == 8 && finding.column == 5)
        #expect(finding.record == "INV-2")
    }

    @Test(arguments: [true, false])
    func linesBeyond65535AreRight(usesXSD: Bool) throws {
        let count = 20_000
        let good = (0..<count).map { Self.account($0) }.joined()
        let xml = "<accounts>\n\(good)\(Self.account(count, amount: "-5"))</accounts>"
        let problem = try #require(try Judging.judge(usesXSD: usesXSD).xml(xml).problem)
        #expect(problem.findings.first?.line == 1 + count * 4 + 3)
        #expect(problem.findings.first?.column == 5)
        let broken = "<accounts>\n\(good)<account></accounts>"
        #expect(try Judging.judge().xml(broken).problem?.findings.first?.line == 2 + count * 4)
    }

    @Test func allErrorsAreCountedAndAHundredListed() throws {
        let xml = "<accounts>\n" + (0..<250).map { Self.account($0, amount: "-1") }.joined() + "</accounts>"
        let problem = try #require(try Judging.judge().xml(xml).problem)
        #expect(problem.findingCount == 250)
        #expect(problem.findings.count == 100)
        #expect(problem.message == "250 records do not fit the account schema")
    }

    @Test func columnsCountCharacters() throws {
        let xml = "<accounts><!-- 📎ë --><account/></accounts>"
        #expect(try Judging.judge().xml(xml).problem?.findings.first?.column == 22)
    }

    @Test func valuesOfSensitiveFieldsAreLeftOut() throws {
        let xml =
            "<accounts><account><clientReferenceId>1</clientReferenceId><invoiceNumber>1</invoiceNumber>"
            + "<outstandingAmount>1</outstandingAmount><dateOfBirth>SECRET</dateOfBirth></account></accounts>"
        for usesXSD in [true, false] {
            let problem = try #require(try Judging.judge(usesXSD: usesXSD).xml(xml).problem)
            #expect(problem.findings.count == 1)
            #expect(!problem.findings.contains { $0.message.contains("SECRET") })
        }
    }

    @Test func aRecordOverTheLimitIsShownWhereItBegins() throws {
        let big = Self.account(2).replacing(
            "Active</status>", with: "Active</status><note>\(String(repeating: "x", count: 500))</note>")
        let xml = "<accounts>\n" + Self.account(1) + big + "</accounts>"
        let problem = try #require(try Judging.judge(bodyBytes: 400).xml(xml).problem)
        #expect(problem.code == .sizeRecord)
        #expect(problem.findings.first?.line == 6 && problem.findings.first?.column == 3)
        #expect(problem.findings.first?.record == "INV-2")
    }

    @Test func aLongDocumentIsSplitBetweenRecords() throws {
        let xml = "<accounts>\n" + (0..<25).map { Self.account($0) }.joined() + "</accounts>"
        let document = try #require(try Judging.judge(bodyRecords: 10).xml(xml).document)
        #expect(try document.batches.reduce(0) { $0 + $1.records } == 25)
        #expect(try document.batches.count == 3)
    }

    static let sentences: [(String, String, String)] = [
        ("<status>Actve</status>", "enumeration", "'Actve' is not one of Active, Hold, Closed"),
        ("<status xsi:nil='true'/>", "nillable", "may not be null"),
        ("<invoiceAmount>1,50</invoiceAmount>", "type", "'1,50' is not a number (written as 1.10, -5 or 1e2)"),
        ("<dueDate>2026-02-30</dueDate>", "pattern", "'2026-02-30' is not a valid day"),
        ("<currency>AU</currency>", "pattern", "'AU' is not a valid currency"),
        ("<brand>a</brand><brand>b</brand>", "maxOccurs", "there is more than one brand"),
        (
            "<brand><a/></brand>", "content",
            "there are elements or attributes in it, where only text can be"
        ),
    ]

    @Test(arguments: sentences)
    func theXSDsErrorsAreSaidInWordsForPeople(field: String, keyword: String, sentence: String) throws {
        let xml = """
            <accounts><a clientReferenceId="1" invoiceNumber="1" outstandingAmount="1">\(field)</a></accounts>
            """
        let problem = try #require(try Judging.judge().xml(xml).problem)
        #expect(problem.findings.map(\.message) == [sentence])
        #expect(problem.findings.map(\.keyword) == [keyword])
    }

    @Test func aDocumentWithoutRecordsSaysSo() throws {
        let problem = try #require(try Judging.judge().xml("<accounts/>").problem)
        #expect(problem.findings.map(\.message) == ["there is no record in it"])
    }

    @Test func aValueThatIsBeyondABoundIsShownWithIt() throws {
        let xml = "<accounts>\n" + Self.account(1, amount: "-5") + "</accounts>"
        #expect(try Judging.judge().xml(xml).problem?.findings.first?.message == "-5 is less than 0")
    }
}

extension XMLPositionTests {
    @Test func aFieldThatIsNotAllowedIsShownWhereItStands() throws {
        let schema =
            #"{"properties": {"payments": {"items": {"properties": {"a": {}}, "additionalProperties": false}}}}"#
        let xml = "<payments><p><a>1</a>\n <b>2</b></p>\n<p c='1'/></payments>"
        let problem = try #require(try Judging.judge(schema: schema).xml(xml).problem)
        #expect(problem.findings.map(\.pointer) == ["/payments/0/b", "/payments/1/c"])
        #expect(problem.findings.map(\.line) == [2, 3] && problem.findings.map(\.column) == [2, 1])
    }
}
