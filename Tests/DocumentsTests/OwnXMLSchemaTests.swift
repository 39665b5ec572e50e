import Documents
import Foundation
import JSONSchema
import JSONText
import Model
import Testing

/// An inbox's own XML Schema, which sees the document as it is.
@Suite struct OwnXMLSchemaTests {
    private static func judge(
        _ schema: String, fields: FieldMapping = FieldMapping(), kind: Kind? = .payment
    ) throws -> DocumentJudge {
        let own = try XMLSchema(compiling: Array(schema.utf8), seesEverything: true)
        return DocumentJudge(
            rules: DocumentRules(
                kind: kind, schemas: Judging.schemas, xmlSchemas: [.account: own, .payment: own, .claim: own],
                fields: fields))
    }

    static let strict = """
        <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
          <xs:element name="export"><xs:complexType><xs:sequence>
            <xs:element name="when" type="xs:date"/>
            <xs:element name="payments"><xs:complexType><xs:sequence>
              <xs:element name="payment" maxOccurs="unbounded"><xs:complexType>
                <xs:sequence>
                  <xs:element name="clientReferenceId" type="xs:string"/>
                  <xs:element name="amount" type="xs:decimal"/>
                  <xs:element name="payer" minOccurs="0"><xs:complexType><xs:sequence>
                    <xs:element name="age" type="xs:int"/>
                  </xs:sequence></xs:complexType></xs:element>
                </xs:sequence>
                <xs:attribute name="method" use="required">
                  <xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="BPAY"/></xs:restriction></xs:simpleType>
                </xs:attribute>
              </xs:complexType></xs:element>
            </xs:sequence></xs:complexType></xs:element>
          </xs:sequence></xs:complexType></xs:element>
        </xs:schema>
        """

    private static func document(
        _ fields: String, _ attributes: String = #"method="BPAY""#, when: String = "2026-11-24"
    ) -> String {
        "<export>\n<when>\(when)</when>\n<payments>\n<payment \(attributes)>\n\(fields)\n</payment></payments></export>"
    }

    private static let good = "<clientReferenceId>1</clientReferenceId>\n<amount>5</amount>"

    @Test func whatFitsIsConverted() throws {
        let judgement = try Self.judge(Self.strict).xml(Self.document(Self.good))
        #expect(judgement.array == #"[{"method":"BPAY","clientReferenceId":"1","amount":5}]"#)
    }

    static let wrong: [(String, String, String, line: Int, pointer: String?)] = [
        ("\(good)<note>x</note>", #"method="BPAY""#, "2026-11-24", 6, "/payments/0/note"),
        (
            "<amount>5</amount>\n<clientReferenceId>1</clientReferenceId>", #"method="BPAY""#, "2026-11-24", 5,
            "/payments/0/amount"
        ),
        (good, "", "2026-11-24", 4, "/payments/0"),
        (good, #"method="card""#, "2026-11-24", 4, "/payments/0/method"),
        (good, #"method="BPAY" x="1""#, "2026-11-24", 4, "/payments/0/x"),
        ("<clientReferenceId>1</clientReferenceId>", #"method="BPAY""#, "2026-11-24", 4, "/payments/0"),
        ("\(good)\n<payer>\n<age>x</age></payer>", #"method="BPAY""#, "2026-11-24", 8, "/payments/0/payer"),
        (good, #"method="BPAY""#, "today", 2, nil),
    ]

    @Test(arguments: wrong)
    func namesOrderAttributesAndNestingCount(
        fields: String, attributes: String, when: String, line: Int, pointer: String?
    ) throws {
        let judgement = try Self.judge(Self.strict).xml(Self.document(fields, attributes, when: when))
        let problem = try #require(judgement.problem)
        #expect(problem.code == .schemaXML)
        #expect(problem.findings.map(\.line) == [line], "\(problem.findings)")
        #expect(problem.findings.map(\.pointer) == [pointer], "\(problem.findings)")
    }

    @Test func fieldsAreMappedBeforeItSeesThem() throws {
        let fields = FieldMapping(renamed: ["Betrag": "amount"], constants: ["brand": #""ACME""#])
        let judgement = try Self.judge(Self.strict, fields: fields)
            .xml(Self.document("<clientReferenceId>1</clientReferenceId><Betrag>5</Betrag>"))
        #expect(judgement.array == #"[{"method":"BPAY","clientReferenceId":"1","amount":5,"brand":"ACME"}]"#)
    }

    private static let spaced = """
        <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:p" elementFormDefault="qualified">
          <xs:element name="payments"><xs:complexType><xs:sequence>
            <xs:element name="payment" maxOccurs="unbounded"><xs:complexType><xs:sequence>
              <xs:element name="clientReferenceId" type="xs:string"/>
            </xs:sequence></xs:complexType></xs:element>
          </xs:sequence></xs:complexType></xs:element>
        </xs:schema>
        """

    @Test func aNamespaceCountsWhereTheSchemaHasOne() throws {
        let judge = try Self.judge(Self.spaced, kind: nil)
        let inside = "<payments xmlns='urn:p'><payment><clientReferenceId>1</clientReferenceId></payment></payments>"
        #expect(judge.xml(inside).document != nil)
        #expect(judge.xml("<e>\(inside)</e>").document != nil, "a root that it does not know is left out")
        let outside = inside.replacing("urn:p", with: "urn:q")
        #expect(judge.xml(outside).problem?.code == .schemaXML)
    }

    @Test func whatIsNoSchemaSaysSo() {
        for text in ["", "x", "<xs:schema/>", "<a/>", Self.strict.replacing("xs:date", with: "xs:dat")] {
            #expect(throws: XMLSchema.CompilationError.self) { try XMLSchema(compiling: Array(text.utf8)) }
        }
    }

    @Test(arguments: [
        "<xs:include schemaLocation='\(Judging.schemasFolder.path)/payment.xsd'/>",
        "<xs:redefine schemaLocation='\(Judging.schemasFolder.path)/payment.xsd'/>",
        #"<xs:import namespace="urn:x" schemaLocation="http://127.0.0.1:1/x.xsd"/><xs:element name="a" ref="x:b" xmlns:x="urn:x"/>"#,
    ])
    func aSchemaCannotBringOthers(reference: String) {
        let text = #"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">\#(reference)</xs:schema>"#
        #expect(throws: XMLSchema.CompilationError.self) { try XMLSchema(compiling: Array(text.utf8)) }
    }
}
