import Foundation
import JSONSchema
import JSONText
import Testing
import TestSupport

/// The examples of the library's articles, and that they are these.
@Suite struct ArticleTests {
    @Test func theArticlesShowWhatIsCompiledHere() throws {
        let source = URL(fileURLWithPath: #filePath)
        let catalogue = source.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Sources/JSONSchema/JSONSchema.docc")
        let shown = try Examples.shown(in: catalogue)
        #expect(shown.count == 5)
        #expect(try Set(shown) == Set(Examples.compiled(in: source)))
    }

    @Test func theLandingPage() throws {
        // example
        let text = #"{"properties": {"amount": {"type": "number", "minimum": 0}}}"#
        let schema = try JSONSchema(compiling: JSONDocument(parsing: Array(text.utf8)))
        let document = try JSONDocument(parsing: Array(#"{"amount": -5}"#.utf8))
        let lines = schema.validate(document.root).errors.map {
            "\(document.position(ofByte: $0.byteOffset)) \($0.pointer) \($0.message)"
        }
        // ["1:12 /amount -5 is less than 0"]
        // end
        #expect(lines == ["1:12 /amount -5 is less than 0"])
    }

    @Test func checkingDocuments() throws {
        // example
        let text = #"""
            {"type": "object", "required": ["accounts"],
             "properties": {"accounts": {"type": "array", "items": {"$ref": "account"}}}}
            """#
        let account = #"""
            {"$id": "https://example.com/account", "type": "object", "required": ["id"],
             "properties": {"id": {"type": "string"},
                            "amount": {"type": "number", "minimum": 0},
                            "email": {"type": "string", "format": "email", "x-sensitive": true}}}
            """#
        let schema = try JSONSchema(
            compiling: JSONDocument(parsing: Array(text.utf8)), baseURI: "https://example.com/accounts",
            resources: ["https://example.com/account": JSONDocument(parsing: Array(account.utf8))])
        // end

        // example
        let document = try JSONDocument(
            parsing: Array(
                #"""
                {"accounts": [
                  {"id": "A-1", "amount": -5},
                  {"amount": 1, "email": "nobody"}
                ]}
                """#.utf8))
        let report = schema.validate(document.root)
        let lines = report.errors.map { "\(document.position(ofByte: $0.byteOffset)) \($0.pointer): \($0.message)" }
        // end
        #expect(report.errorCount == 3)
        #expect(lines.first == "2:27 /accounts/0/amount: -5 is less than 0")
        #expect(!lines.joined().contains("nobody"))

        // example
        let place = schema.cursor.property("accounts").item().property("amount")
        let types = place.types  // [.number]
        let isSensitive = schema.cursor.property("accounts").item().property("email").isSensitive  // true
        // end
        #expect(types == [.number])
        #expect(isSensitive)

        // example
        let elements = schema.elements(of: "accounts")
        let part = try JSONDocument(parsing: Array(#"{"accounts": [{"id": 7}]}"#.utf8))
        let found = elements?.validate(part.root)
        // end
        #expect(found?.errors.map(\.pointer) == ["/accounts/0/id"])
    }
}
