import Foundation
import JSONSchema
import JSONText
import TestSupport
import Testing

/// Schemas of the suite with small damage: whatever comes out is compiled or refused, and what is compiled judges values,
/// without harm.
@Suite struct SchemaDamageTests {
    static let folder = JSONSchemaTestSuiteTests.folder
    static let rounds = 6_000

    @Test(.enabled(if: JSONSchemaTestSuiteTests.isThere, "JSON-Schema-Test-Suite is not at \(folder)"))
    func noDamageDoesHarm() throws {
        var groups: [(schema: [UInt8], values: [JSONDocument])] = []
        for draft in JSONSchemaTestSuiteTests.drafts {
            let path = Self.folder + "/tests/" + draft.name
            for file in try JSONSchemaTestSuiteTests.files(path) {
                for group in try JSONSchemaTestSuiteTests.parse(path + "/" + file).root.elements {
                    let values = try (group["tests"].map { Array($0.elements) } ?? []).compactMap { $0["data"] }
                        .map { try JSONSchemaTestSuiteTests.document($0) }
                    groups.append((group["schema"]?.canonicalBytes() ?? [], values))
                }
            }
        }
        var generator = SeededGenerator(seed: 0x5C4E_3A)
        var compiled = 0
        var invalid = 0
        for _ in 0..<Self.rounds {
            let group = try #require(groups.randomElement(using: &generator))
            let other = try #require(groups.randomElement(using: &generator))
            let text = Self.damage(group.schema, other.schema, using: &generator)
            do {
                let schema = try JSONSchema(
                    compiling: JSONDocument(parsing: text), resources: JSONSchemaTestSuiteTests.remotes)
                compiled += 1
                for value in group.values + other.values {
                    let report = schema.validate(value.root, limit: 5)
                    if !report.isValid { invalid += 1 }
                    #expect(report.errors.count == min(5, report.errorCount))
                }
                _ = schema.cursor.property("foo").item().property("bar").types
            } catch let error as JSONSchemaError {
                #expect(!error.message.isEmpty)
            } catch let error as JSONSyntaxError {
                #expect(!error.message.isEmpty)
            }
        }
        #expect(compiled > Self.rounds / 10)
        #expect(invalid > Self.rounds / 10)
    }

    /// Puts a word or a piece of another schema in place of a piece.
    private static func damage(_ text: [UInt8], _ other: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        let pieces = [
            "true", "false", "null", "{}", "[]", "0", "-1", "1.5", "\"#\"", "\"#/properties\"", "\"#meta\"",
            "\"object\"",
            "{\"$ref\":\"#\"}", "{\"$dynamicRef\":\"#\"}", "[{}]", "[\"a\",\"a\"]", "{\"x-sensitive\":true}", "1e400",
        ]
        let keywords = [
            "items", "$ref", "allOf", "anyOf", "not", "if", "properties", "unevaluatedProperties", "contains", "enum",
        ]
        guard let document = try? JSONDocument(parsing: text) else { return text }
        var places: [(range: Range<Int>, isKey: Bool)] = []
        var pending = [document.root]
        while let value = pending.popLast() {
            places.append((value.byteRange, false))
            pending += value.elements
            for member in value.members {
                places.append((member.key.byteRange, true))
                pending.append(member.value)
            }
        }
        guard let place = places.randomElement(using: &generator) else { return text }
        var replacement: [UInt8]
        if place.isKey {
            replacement = Array("\"\(keywords.randomElement(using: &generator) ?? "")\"".utf8)
        } else if generator.chance(30) {
            replacement = other
        } else {
            replacement = Array((pieces.randomElement(using: &generator) ?? "").utf8)
        }
        var result = text
        result.replaceSubrange(place.range, with: replacement)
        return result
    }

    @Test func aSchemaServesManyThreads() async throws {
        let schema = try Fixture.schema(Fixture.account)
        let good = try Fixture.document(#"{"accounts": [{"clientReferenceId": "A", "outstandingAmount": 1}]}"#)
        let bad = try Fixture.document(#"{"accounts": [{"clientReferenceId": "", "email": "hush"}]}"#)
        await withTaskGroup(of: [Int].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<200).map { schema.validate(($0 % 2 == 0 ? good : bad).root).errorCount }
                }
            }
            for await counts in group { #expect(counts == (0..<200).map { $0 % 2 == 0 ? 0 : 3 }) }
        }
    }
}
