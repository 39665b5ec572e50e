import JSONSchema
import JSONText
import Testing

@Suite struct SchemaErrorTests {
    @Test(arguments: [
        (#"{"type": "strnig"}"#, "/type", "did you mean string?"),
        (#"{"properties": {"a": {"minLength": -1}}}"#, "/properties/a/minLength", "-1 is less than 0"),
        (#"{"$ref": "https://elsewhere.example/x.json"}"#, "", "nothing is fetched"),
        (##"{"items": {"$ref": "#/$defs/none"}}"##, "/items", "leads nowhere"),
        (##"{"$ref": "#nothing"}"##, "", "names an anchor that is not there"),
        (##"{"$ref": "#"}"##, "", "refers to itself without end"),
        (
            ##"{"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"}"##,
            "", "refers to itself without end"
        ),
        (#"{"$schema": "https://elsewhere.example/dialect"}"#, "", "a dialect that is not known"),
        (#"{"pattern": "a++"}"#, "", "cannot be used"),
        (#"{"patternProperties": {"(?<=a+)b": true}}"#, "", "cannot be used"),
        (#"{"$schema": "http://json-schema.org/draft-07/schema#", "required": "a"}"#, "/required", "must be an array"),
    ])
    func wrongSchemasAreRefused(schema: String, pointer: String, message: String) throws {
        let document = try Fixture.document(schema)
        let error = try #require(throws: JSONSchemaError.self) { try JSONSchema(compiling: document) }
        #expect(error.message.contains(message), "\(error)")
        #expect(pointer.isEmpty || error.pointer == pointer)
    }

    @Test func theErrorSaysWhere() throws {
        let document = try Fixture.document("{\n  \"properties\": {\n    \"a\": {\"type\": 5}\n  }\n}")
        let error = try #require(throws: JSONSchemaError.self) { try JSONSchema(compiling: document) }
        #expect(error.position == JSONPosition(line: 3, column: 19))
    }

    @Test func resourcesAreFoundByAddressAndById() throws {
        let schema = try Fixture.schema(
            #"{"$id": "https://a.example/main", "properties": {"x": {"$ref": "part"}, "y": {"$ref": "other#/$defs/s"}}}"#,
            resources: [
                "https://a.example/part": #"{"type": "string"}"#,
                "https://a.example/file.json": #"{"$id": "https://a.example/other", "$defs": {"s": {"type": "null"}}}"#,
            ])
        #expect(try schema.validate(Fixture.document(#"{"x": "a", "y": null}"#).root).isValid)
        let report = try schema.validate(Fixture.document(#"{"x": 1, "y": 1}"#).root)
        #expect(
            report.errors.map { $0.schemaLocation } == [
                "https://a.example/part#/type", "https://a.example/file.json#/$defs/s/type",
            ])
    }

    @Test func aWrongResourceIsTold() throws {
        let error = try #require(throws: JSONSchemaError.self) {
            try Fixture.schema(
                #"{"$ref": "https://a.example/part"}"#, resources: ["https://a.example/part": #"{"type": 1}"#])
        }
        #expect(error.document == "https://a.example/part")
    }
}
