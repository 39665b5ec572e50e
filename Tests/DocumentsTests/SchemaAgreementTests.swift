import Documents
import JSONText
import Model
import Testing

/// The shipped XML Schemas and JSON Schemas say the same of every field.
@Suite struct SchemaAgreementTests {
    private static let values = [
        "", " ", "x", "5", "-5", "0", "-0", "007", "+5", "5.", ".5", "1,5", "1e2", "1E-2", " 5 ", "1e400", "NaN", "INF",
        "123456789012345678901234567890.5", "true", "1", "Active", "active", "AUD", "AU", "2026-11-24", "2026-02-30",
        "2026-11-24Z", " 2026-11-24 ", "-2026-11-24", "0000-01-01", "2024-02-29", "2023-02-29", "Zoë 📎", "\n", "&lt;",
        String(repeating: "x", count: 150), String(repeating: "x", count: 151),
        String(repeating: "📎", count: 150),
    ]

    private static let required: [Kind: [String: String]] = [
        .account: ["clientReferenceId": "1", "invoiceNumber": "1", "outstandingAmount": "1"],
        .payment: ["clientReferenceId": "1"], .claim: ["claimNumber": "1", "status": "Active"],
    ]

    private static func document(_ kind: Kind, _ field: String, _ content: String) -> String {
        let others = (required[kind] ?? [:]).filter { $0.key != field }.map { "<\($0.key)>\($0.value)</\($0.key)>" }
        let array = kind.arrayName ?? ""
        return """
            <\(array) xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><r>\(others.sorted().joined())\(content)</r>\
            </\(array)>
            """
    }

    private static func fields(_ kind: Kind) throws -> [String] {
        let schema = try JSONDocument(parsing: Judging.bytes("\(kind.rawValue).schema.json")).root
        return schema["$defs"]?[kind.rawValue]?["properties"]?.members.map(\.key.string) ?? []
    }

    @Test(arguments: Kind.documents)
    func whatOneAllowsTheOtherAllows(kind: Kind) throws {
        let both = try Judging.judge()
        let json = try Judging.judge(usesXSD: false)
        let fields = try Self.fields(kind)
        #expect(fields.count > 10)
        for field in fields + ["unknown"] {
            let contents =
                Self.values.map { "<\(field)>\($0)</\(field)>" } + [
                    #"<\#(field) xsi:nil="true"/>"#, "", "<\(field)>1</\(field)><\(field)>2</\(field)>",
                    "<\(field)><a>1</a></\(field)>",
                ]
            for content in contents {
                let xml = Self.document(kind, field, content)
                let problem = both.xml(xml).problem
                #expect(problem?.code != .schemaJSON, "the XML Schema lets through \(content)")
                let other = json.xml(xml).problem
                #expect(
                    (problem == nil) == (other == nil), "they do not agree on \(content): \(problem?.findings ?? [])")
            }
        }
    }

    @Test(arguments: Kind.documents)
    func whatIsWrongIsSaidInOneSentenceWithItsPlace(kind: Kind) throws {
        let judge = try Judging.judge()
        for field in try Self.fields(kind) {
            for value in Self.values {
                let text = Self.document(kind, field, "\n<\(field)>\(value)</\(field)>")
                guard let problem = judge.xml(text).problem else { continue }
                #expect(problem.findingCount == 1, "\(field) \(value): \(problem.findings.map(\.message))")
                let finding = try #require(problem.findings.first)
                #expect(finding.line == 2 && finding.column == 1)
                #expect(finding.pointer == "/\(kind.arrayName ?? "")/0/\(field)")
                for noise in ["Element '", "atomic type", "union type", "facet", "{'", "xs:", "\n"] {
                    #expect(!finding.message.contains(noise), "\(finding.message)")
                }
            }
        }
    }
}
