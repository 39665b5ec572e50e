import Foundation
import JSONSchema
import JSONText
import TestSupport
import Testing

/// The official JSON-Schema-Test-Suite for the three drafts.
@Suite struct JSONSchemaTestSuiteTests {
    static let folder = Conformance.folder("json-schema")
    static let isThere = Conformance.isThere(folder)

    /// The formats that are asserted, and where the draft's suite has them.
    static let formats = ["date", "date-time", "time", "email", "uuid", "uri", "ipv4", "ipv6"]

    /// Optional cases of draft-07 that fail: `contentEncoding` and `contentMediaType` are annotations here, as the later
    /// drafts have them. Of the required cases and of the formats none fails. See docs/conformance.md.
    static let exceptions: Set<String> = [
        "content.json: validation of string-encoded content based on media type: an invalid JSON document",
        "content.json: validation of binary string-encoding: an invalid base64 string (% is not a valid character)",
        "content.json: validation of binary-encoded media type documents: a validly-encoded invalid JSON document",
        "content.json: validation of binary-encoded media type documents: an invalid base64 string that is valid JSON",
    ]

    struct Draft: Sendable, CustomTestStringConvertible {
        var name: String
        var dialect: JSONSchema.Dialect
        var required: Int
        var format: Int
        var optional: Int
        var testDescription: String { name }
    }

    static let drafts = [
        Draft(name: "draft2020-12", dialect: .draft2020_12, required: 1299, format: 345, optional: 162),
        Draft(name: "draft2019-09", dialect: .draft2019_09, required: 1259, format: 338, optional: 158),
        Draft(name: "draft7", dialect: .draft07, required: 927, format: 310, optional: 118),
    ]

    static func parse(_ path: String) throws -> JSONDocument {
        try JSONDocument(parsing: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    }

    static func files(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".json") }.sorted()
    }

    /// The remotes by the address that the suite gives them.
    static let remotes: [String: JSONDocument] = {
        var result: [String: JSONDocument] = [:]
        for path in FileManager.default.enumerator(atPath: folder + "/remotes")?.compactMap({ $0 as? String }) ?? []
        where path.hasSuffix(".json") {
            do {
                result["http://localhost:1234/" + path] = try parse(folder + "/remotes/" + path)
            } catch {
                fatalError("the suite's remote \(path) cannot be read: \(error)")
            }
        }
        return result
    }()

    struct Count {
        var run = 0
        var failures: [String] = []
        var passed: Int { run - failures.count }
    }

    /// Runs every case of a file. Schemas and values are texts of their own, as they would be in use.
    static func run(_ path: String, _ draft: Draft, assertsFormat: Bool, _ count: inout Count) throws {
        let name = URL(fileURLWithPath: path).lastPathComponent
        for group in try parse(path).root.elements {
            let title = name + ": " + (group["description"]?.string ?? "")
            let schemaValue = try #require(group["schema"])
            let tests = try #require(group["tests"])
            let text = try document(schemaValue)
            let schema: JSONSchema
            do throws(JSONSchemaError) {
                schema = try JSONSchema(
                    compiling: text, resources: remotes, defaultDialect: draft.dialect,
                    assertsFormat: assertsFormat)
            } catch {
                count.run += tests.count
                count.failures += tests.elements.map { "\(title): \($0["description"]?.string ?? "") [\(error)]" }
                continue
            }
            for test in tests.elements {
                let value = try document(try #require(test["data"])).root
                let expected = test["valid"]?.bool == true
                let report = schema.validate(value)
                count.run += 1
                if report.isValid != expected {
                    count.failures.append("\(title): \(test["description"]?.string ?? "")")
                }
                let isConsistent =
                    report.isValid == (report.errorCount == 0)
                    && report.errors.count == min(100, report.errorCount)
                    && report.errors.allSatisfy {
                        !$0.message.isEmpty && JSONPointer($0.pointer).map { value[$0] != nil } == true
                    }
                #expect(isConsistent, "\(title): \(report)")
            }
        }
    }

    static func document(_ value: JSONValue) throws -> JSONDocument {
        try JSONDocument(parsing: value.canonicalBytes())
    }

    @Test(.enabled(if: isThere, "JSON-Schema-Test-Suite is not at \(folder)"), arguments: drafts)
    func requiredCases(draft: Draft) throws {
        var count = Count()
        let path = Self.folder + "/tests/" + draft.name
        for file in try Self.files(path) { try Self.run(path + "/" + file, draft, assertsFormat: false, &count) }
        print("JSON-Schema-Test-Suite \(draft.name): passed \(count.passed) of \(count.run)")
        #expect(count.failures == [])
        #expect(count.run == draft.required)
    }

    @Test(.enabled(if: isThere, "JSON-Schema-Test-Suite is not at \(folder)"), arguments: drafts)
    func formatCases(draft: Draft) throws {
        var count = Count()
        let path = Self.folder + "/tests/" + draft.name + "/optional/format"
        let files = Set(try Self.files(path))
        for format in Self.formats where files.contains(format + ".json") {
            try Self.run(path + "/" + format + ".json", draft, assertsFormat: true, &count)
        }
        print("JSON-Schema-Test-Suite \(draft.name), formats: passed \(count.passed) of \(count.run)")
        #expect(count.failures == [])
        #expect(count.run == draft.format)
    }

    /// What is optional besides is counted; the failures are those that docs/conformance.md lists, and no others.
    @Test(.enabled(if: isThere, "JSON-Schema-Test-Suite is not at \(folder)"), arguments: drafts)
    func optionalCases(draft: Draft) throws {
        var count = Count()
        let path = Self.folder + "/tests/" + draft.name + "/optional"
        for file in try Self.files(path) { try Self.run(path + "/" + file, draft, assertsFormat: false, &count) }
        print("JSON-Schema-Test-Suite \(draft.name), optional: passed \(count.passed) of \(count.run)")
        #expect(Set(count.failures) == (draft.dialect == .draft07 ? Self.exceptions : []))
        #expect(count.run == draft.optional)
    }
}
