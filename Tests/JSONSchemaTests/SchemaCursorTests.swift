import JSONSchema
import JSONText
import Testing

@Suite struct SchemaCursorTests {
    @Test(
        arguments: [
            (#"{}"#, nil), ("true", nil), ("false", []), (#"{"type": "integer"}"#, [.integer]),
            (#"{"type": ["number", "null"]}"#, [.number, .null]),
            (#"{"enum": ["a", 1, null]}"#, [.string, .integer, .null]),
            (#"{"const": 1.5, "type": "number"}"#, [.number]),
            (#"{"allOf": [{"type": ["string", "null"]}, {"type": ["null", "array"]}]}"#, [.null]),
            (#"{"anyOf": [{"type": "string"}, {"type": "null"}]}"#, [.string, .null]),
            (
                ##"{"oneOf": [{"type": "integer"}, {"$ref": "#/$defs/b"}], "$defs": {"b": {"type": "boolean"}}}"##,
                [.integer, .boolean]
            ),
            (#"{"if": {"const": 1}, "then": {"type": "integer"}, "else": {"type": "string"}}"#, [.integer, .string]),
            (#"{"if": {"const": 1}, "then": {"type": "integer"}}"#, nil), (#"{"not": {"type": "null"}}"#, nil),
            (#"{"type": ["integer", "number"]}"#, [.number]),
        ] as [(String, Set<JSONType>?)])
    func typesAreRead(schema: String, types: Set<JSONType>?) throws {
        #expect(try Fixture.schema(schema).cursor.types == types)
    }

    @Test func stepsLeadThroughTheSchema() throws {
        let account = try Fixture.schema(Fixture.account).cursor.property("accounts").item()
        #expect(account.types == [.object])
        #expect(account.property("outstandingAmount").types == [.number])
        #expect(account.property("minimumOfferAmount").types == [.number, .null])
        #expect(account.property("status").types == [.string])
        #expect(account.property("unknown").types == nil)
        #expect(account.property("email").isSensitive)
        #expect(!account.property("dueDate").isSensitive)
        #expect(account.property("person").property("age").isSensitive)
        #expect(account.property("person").property("unknown").types == [])
    }

    @Test func alternativesThatCannotBeEnteredDoNotCount() throws {
        let schema = try Fixture.schema(
            #"""
            {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"a": {"type": "number"}}},
                       {"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "boolean"}}]}
            """#
        ).cursor
        #expect(schema.property("a").types == [.number])
        #expect(schema.property("b").types == nil)
        #expect(schema.item(at: 0).types == [.string])
        #expect(schema.item(at: 7).types == [.boolean])
        #expect(schema.item().types == [.string, .boolean])
    }

    @Test func namesAreMatchedAsInValidation() throws {
        let schema = try Fixture.schema(
            #"""
            {"properties": {"ab": {"type": ["string", "null"]}}, "patternProperties": {"^a": {"type": ["null", "array"]}},
             "additionalProperties": {"type": "boolean"}}
            """#
        ).cursor
        #expect(schema.property("ab").types == [.null])
        #expect(schema.property("ac").types == [.null, .array])
        #expect(schema.property("x").types == [.boolean])
    }

    @Test func recursionHasNoEndButSteps() throws {
        let tree = try Fixture.schema(
            #"""
            {"$dynamicAnchor": "node", "type": "object", "properties": {
              "name": {"type": "string"}, "children": {"type": "array", "items": {"$dynamicRef": "#node"}}}}
            """#
        ).cursor
        #expect(tree.property("children").item().property("children").item().property("name").types == [.string])
    }
}
