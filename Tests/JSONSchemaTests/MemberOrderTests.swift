import JSONSchema
import JSONText
import TestSupport
import Testing

/// What was seen before in a document has no bearing on what comes after.
@Suite struct MemberOrderTests {
    private static let schema = ##"""
        {"$defs": {
           "text": {"type": ["string", "null"]}, "alias": {"$ref": "#/$defs/text"},
           "record": {
             "type": "object", "required": ["id", "brand"], "additionalProperties": {"type": "integer"},
             "properties": {
               "id": {"type": "string", "minLength": 2}, "brand": {"$ref": "#/$defs/alias"},
               "b": {"$ref": "#/$defs/text", "maxLength": 1}, "amount": {"type": "number", "minimum": 0},
               "status": {"enum": ["Active", "Hold"]}, "never": false,
               "paymentReconciliationReference": {"$ref": "#/$defs/text"}, "child": {"$ref": "#/$defs/record"}
             }}},
         "type": "array", "items": {"$ref": "#/$defs/record"}}
        """##

    private static let members = [
        (["id", "\\u0069d"], ["\"é1\"", "\"\\u00e9\\n\"", "\"\\ud83d\\ude00\"", "7"]),
        (["brand"], ["\"ACME\"", "null", "false"]), (["b", "\\u0062"], ["\"x\"", "null", "\"xy\""]),
        (["amount"], ["0", "0.10", "-0.0", "-1e-9", "12e3"]), (["status"], ["\"Active\"", "\"Hol\\u0064\"", "\"\""]),
        (["never"], ["1"]), (["paymentReconciliationReference"], ["\"P\"", "[]"]),
        (["other", "bran", "idle"], ["1", "{}"]),
    ]

    private static func record(depth: Int, using generator: inout SeededGenerator) -> String {
        var parts: [String] = []
        for (keys, values) in members where generator.chance(80) {
            // Mostly the first value, which is a valid one.
            let value = generator.chance(85) ? values[0] : values.randomElement(using: &generator) ?? values[0]
            guard keys[0] != "never" || generator.chance(10) else { continue }
            parts.append("\"\(keys.randomElement(using: &generator) ?? keys[0])\": \(value)")
        }
        if depth > 0, generator.chance(30) {
            parts.append("\"child\": \(record(depth: depth - 1, using: &generator))")
        }
        if generator.chance(30) { parts.shuffle(using: &generator) }
        return "{\(parts.joined(separator: ", "))}"
    }

    @Test func recordsAreJudgedTogetherAsAlone() throws {
        let schema = try Fixture.schema(Self.schema)
        var generator = SeededGenerator(seed: 0x0DE5)
        var alone: [[String]] = []
        var records: [String] = []
        for index in 0..<2000 {
            let record = Self.record(depth: 3, using: &generator)
            let report = try schema.validate(Fixture.document("[\(record)]").root)
            records.append(record)
            alone.append(report.errors.map { "\(index)\($0.pointer.description.dropFirst(2)) \($0.message)" })
        }
        let together = try schema.validate(
            Fixture.document("[\(records.joined(separator: ",\n"))]").root, limit: .max)
        #expect(together.errors.map { "\($0.pointer.description.dropFirst()) \($0.message)" } == alone.flatMap { $0 })
        #expect((400...1600).contains(alone.count { $0.isEmpty }))
        for isMixed in [true, false] {
            let part = zip(records, alone).filter { $1.isEmpty || isMixed }.map { $0.0 }
            let report = try schema.validate(Fixture.document("[\(part.joined(separator: ","))]").root)
            #expect(report.isValid == !isMixed)
        }
    }

    @Test(arguments: [
        (#"{"minimum": 0}"#, ["0", "-0", "0.0", "-0.0e5", "1e-400", "1e400"], ["-1", "-1e-400", "-0.1"]),
        (#"{"minimum": 0.5}"#, ["0.5", "5e-1", "1"], ["0", "0.49", "-1"]),
        (#"{"minimum": -0.5}"#, ["-0.5", "0", "0.1"], ["-1", "-0.51"]),
        (#"{"exclusiveMinimum": 0}"#, ["0.01", "1e-400", "1"], ["0", "-0", "0.0", "0e9", "-1"]),
        (#"{"exclusiveMinimum": -1}"#, ["0", "-0.9", "3.5"], ["-1", "-1.0", "-2"]),
        (#"{"minimum": 0, "maximum": 2}"#, ["0", "2.0", "1.5"], ["2.1", "3", "-1"]),
        (#"{"minimum": 0, "multipleOf": 0.5}"#, ["0", "2.5", "1e3"], ["0.3", "-0.5"]),
        (#"{"minLength": 2}"#, [#""ab""#, #""éa""#, #""\u00e9a""#, #""😀\ud83d\ude00""#], [#""""#, #""é""#, #""😀""#]),
        (#"{"minLength": 2}"#, [#""\n\t""#], [#""\ud83d\ude00""#, #""\u0061""#]),
        (#"{"type": ["integer", "null"]}"#, ["null", "1", "1.0", "12345678901234567890", "1e2"], ["0.5", "true"]),
        (
            ##"{"$ref": "#/$defs/n", "$defs": {"n": {"$ref": "#/$defs/i"}, "i": {"type": "integer"}}}"##, ["2e0"],
            ["2.5"]
        ),
        (
            ##"{"$ref": "#/$defs/n", "type": "string", "$defs": {"n": {"type": ["string", "null"]}}}"##, ["\"\""],
            ["null"]
        ),
        (##"{"$ref": "#/$defs/n", "$defs": {"n": false}}"##, [], ["null", "1", "{}"]),
    ])
    func boundsAndTypesAreExact(schema: String, valid: [String], invalid: [String]) throws {
        let schema = try Fixture.schema(schema)
        for text in valid { #expect(try schema.validate(Fixture.document(text).root).isValid, "\(text)") }
        for text in invalid { #expect(try !schema.validate(Fixture.document(text).root).isValid, "\(text)") }
    }
}
