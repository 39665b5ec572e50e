import JSONSchema
import JSONText
import TestSupport
import Testing

@Suite struct ValidationPropertyTests {
    /// Values that the schema never names, in every spelling; the verdict and the count are the same for all, and the
    /// same whether the limit lists one violation or all.
    @Test func verdictsDependOnTheDataAlone() throws {
        let schema = try Fixture.schema(
            #"""
            {"$defs": {"v": {"anyOf": [
                {"type": ["string", "null", "boolean"], "maxLength": 4}, {"type": "number", "multipleOf": 0.5, "maximum": 100},
                {"type": "array", "items": {"$ref": "#/$defs/v"}, "uniqueItems": true, "maxItems": 4},
                {"type": "object", "properties": {"a": {"$ref": "#/$defs/v"}, "b": {"enum": [1, "x", [], {}]}},
                 "patternProperties": {"^c": {"$ref": "#/$defs/v"}}, "unevaluatedProperties": {"type": ["number", "array"]}}
             ]}}, "$ref": "#/$defs/v"}
            """#)
        var generator = SeededGenerator(seed: 0xDA7A)
        var valid = 0
        for round in 0..<3000 {
            let value = RandomValue.make(depth: 3, using: &generator)
            let reports = try (0..<3).map { _ in
                try schema.validate(Fixture.document(value.spelled(using: &generator)).root)
            }
            #expect(Set(reports.map { $0.errorCount }).count == 1, "round \(round): \(value)")
            #expect(Set(reports.map { Set($0.errors.map { $0.pointer }) }).count == 1, "round \(round): \(value)")
            #expect(reports[0].errors.isEmpty == reports[0].isValid)
            let short = try schema.validate(Fixture.document(value.spelled(using: &generator)).root, limit: 1)
            #expect(short.errorCount == 0 || !reports[0].isValid)
            #expect(short.isValid == reports[0].isValid)
            if reports[0].isValid { valid += 1 }
        }
        #expect((500...2500).contains(valid), "\(valid)")
    }

    @Test func decimalsAreExact() throws {
        let schema = try Fixture.schema(#"{"multipleOf": 0.01, "maximum": 9007199254740992}"#)
        for (text, expected) in [
            ("19.99", true), ("1e-2", true), ("0.001", false), ("9007199254740993", false),
            ("9007199254740992.00", true),
            ("9007199254740992.01", false), ("1e999999999", false), ("-1e999999999", true), ("-1e-999999999", false),
        ] {
            #expect(try schema.validate(Fixture.document(text).root).isValid == expected, "\(text)")
        }
    }

    /// Tables of names with many entries, names of every length, required names beyond 64.
    @Test func manyPropertiesAreFound() throws {
        let names = (0..<200).map { String(repeating: "n", count: $0 % 40) + "\($0)" }
        let properties = names.map { "\"\($0)\": {\"const\": \"\($0)\"}" }.joined(separator: ",")
        let required = names.map { "\"\($0)\"" }.joined(separator: ",")
        let schema = try Fixture.schema(
            "{\"properties\": {\(properties)}, \"required\": [\(required)], \"additionalProperties\": false}")
        func value(_ names: some Sequence<String>) -> String {
            "{" + names.map { "\"\($0)\": \"\($0)\"" }.joined(separator: ",") + "}"
        }
        #expect(try schema.validate(Fixture.document(value(names)).root).isValid)
        #expect(try schema.validate(Fixture.document(value(names.reversed())).root).isValid)
        for index in stride(from: 0, to: 200, by: 7) {
            let report = try schema.validate(Fixture.document(value(names.filter { $0 != names[index] })).root)
            #expect(report.errors.map { $0.message } == ["is missing: \(names[index])"])
        }
        let escaped = value(names).replacing("\"n1\"", with: "\"\\u006e1\"")
        #expect(try schema.validate(Fixture.document(escaped).root).isValid)
    }

    @Test func escapedKeysAndStringsCountAsPlain() throws {
        let schema = try Fixture.schema(
            #"{"properties": {"é": {"maxLength": 1, "enum": ["😀"]}}, "required": ["é"], "additionalProperties": false}"#
        )
        #expect(try schema.validate(Fixture.document(#"{"\u00e9": "\ud83d\ude00"}"#).root).isValid)
        #expect(try !schema.validate(Fixture.document(#"{"\u00e8": "\ud83d\ude00"}"#).root).isValid)
    }
}

/// A small JSON value, to be spelled in many ways.
indirect enum RandomValue {
    case scalar([String])
    case array([RandomValue])
    case object([(key: String, value: RandomValue)])

    private static let scalars: [[String]] = [
        ["null"], ["true"], ["1", "1.0", "10e-1"], ["0.5", "5E-1"], ["0.3", "0.30"], ["200", "2e2"], ["\"\"", "\"\""],
        ["\"x\"", "\"\\u0078\""], ["\"long string\"", "\"long\\u0020string\""], ["\"é\"", "\"\\u00e9\""],
    ]

    static func make(depth: Int, using generator: inout SeededGenerator) -> RandomValue {
        switch Int.random(in: 0..<(depth > 0 ? 5 : 3), using: &generator) {
        case 0..<3: return .scalar(scalars.randomElement(using: &generator) ?? ["null"])
        case 3:
            let count = Int.random(in: 0...4, using: &generator)
            return .array((0..<count).map { _ in make(depth: depth - 1, using: &generator) })
        default:
            let keys = ["a", "b", "c1", "c2", "d"].filter { _ in generator.chance(40) }
            return .object(keys.map { ($0, make(depth: depth - 1, using: &generator)) })
        }
    }

    func spelled(using generator: inout SeededGenerator) -> String {
        switch self {
        case .scalar(let spellings): return spellings.randomElement(using: &generator) ?? "null"
        case .array(let elements):
            return "[ " + elements.map { $0.spelled(using: &generator) }.joined(separator: " ,\n") + "]"
        case .object(let members):
            let parts = members.shuffled(using: &generator).map {
                "\"\($0.key)\" : \($0.value.spelled(using: &generator))"
            }
            return "{" + parts.joined(separator: ",") + " }"
        }
    }
}

@Suite struct ValidationLimitTests {
    @Test(arguments: [#"{"$dynamicAnchor": "n", "allOf": [{"$dynamicRef": "X"}, {"$dynamicRef": "X"}]}"#])
    func aLoopThroughTheDynamicScopeEnds(schema: String) throws {
        let report = try Fixture.report(schema.replacing("X", with: "#n"), "1")
        #expect(report.errors.map { $0.keyword } == ["$ref"])
        #expect(report.errorCount == 1)
    }

    /// Both alternatives go down into the same element: without a bound the work doubles with each level.
    @Test(.timeLimit(.minutes(1))) func alternativesThatEachRecurseEnd() throws {
        let schema = try Fixture.schema(
            ##"""
            {"anyOf": [{"type": "array", "minItems": 1, "items": {"$ref": "#"}},
                       {"type": "array", "maxItems": 3, "items": {"$ref": "#"}}]}
            """##)
        let text = String(repeating: "[", count: 200) + "1" + String(repeating: "]", count: 200)
        let report = try schema.validate(Fixture.document(text).root)
        #expect(report.errors.map { $0.keyword } == ["$ref"])
    }

    @Test func deepDocumentsAreJudged() throws {
        let schema = try Fixture.schema(
            ##"{"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"items": {"$ref": "#"}, "maxItems": 1}}}"##)
        func nested(_ inner: String) -> [UInt8] {
            Array((String(repeating: "[", count: 1020) + inner + String(repeating: "]", count: 1020)).utf8)
        }
        #expect(schema.validate(try JSONDocument(parsing: nested("[1]"), maximumDepth: 1024).root).isValid)
        let report = schema.validate(try JSONDocument(parsing: nested("[1, 2]"), maximumDepth: 1024).root)
        #expect(report.errors.map { $0.keyword } == ["maxItems"])
    }

    @Test func namesInsideSensitiveFieldsStayOutOfPointers() throws {
        let report = try Fixture.report(
            #"{"properties": {"m": {"x-sensitive": true, "properties": {"n": {"type": "null"}}, "additionalProperties": {"type": "null"}}}}"#,
            #"{"m": {"jane@example.com": {"x": 1}, "n": 1}}"#)
        #expect(report.errors.map { $0.pointer } == ["/m", "/m/n"])
        #expect(report.errors.allSatisfy { $0.isSensitive })
    }
}
