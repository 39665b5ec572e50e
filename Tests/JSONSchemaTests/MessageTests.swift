import JSONSchema
import JSONText
import Testing

@Suite struct MessageTests {
    @Test(arguments: [
        (#"{"minimum": 0}"#, "-5", "-5 is less than 0"),
        (#"{"minimum": 0.5}"#, "0.25", "0.25 is less than 0.5"),
        (#"{"maximum": 10}"#, "1e2", "1e2 is more than 10"),
        (#"{"exclusiveMinimum": 0}"#, "0.00", "0.00 is not more than 0"),
        (
            #"{"exclusiveMaximum": 9007199254740992}"#, "9007199254740992",
            "9007199254740992 is not less than 9007199254740992"
        ),
        (#"{"multipleOf": 0.01}"#, "1.005", "1.005 is not a multiple of 0.01"),
        (
            #"{"enum": ["Active", "Hold", "Closed"]}"#, #""Actve""#,
            "'Actve' is not one of Active, Hold, Closed — did you mean Active?"
        ),
        (
            #"{"enum": ["Active", "Hold", "Closed"]}"#, #""ACTIVE""#,
            "'ACTIVE' is not one of Active, Hold, Closed — did you mean Active?"
        ),
        (#"{"enum": ["Active", "Hold", "Closed"]}"#, #""Gone""#, "'Gone' is not one of Active, Hold, Closed"),
        (#"{"enum": [1, null, {"a": [2.0]}]}"#, "2", #"2 is not one of 1, null, {"a":[2]}"#),
        (#"{"const": "AUD"}"#, #""USD""#, "'USD' is not AUD"),
        (#"{"type": "number"}"#, #""12.50""#, "must be a number, but is the string '12.50'"),
        (#"{"type": ["string", "null"]}"#, "7", "must be null or a string, but is 7"),
        (#"{"type": "integer"}"#, "1.5", "must be an integer, but is 1.5"),
        (#"{"type": "object"}"#, "[1]", "must be an object, but is an array"),
        (#"{"type": "string"}"#, "true", "must be a string, but is true"),
        (#"{"anyOf": [{"type": "string"}, {"type": "null"}]}"#, "{}", "must be null or a string, but is an object"),
        (#"{"oneOf": [{"const": "A", "title": "first"}, {"const": "B"}]}"#, #""C""#, "'C' is not one of A, B"),
        (
            #"{"oneOf": [{"type": "integer"}, {"minimum": 2}]}"#, "3",
            "3 fits alternatives 1 and 2, but must fit one only"
        ),
        (#"{"not": {"type": "null"}}"#, "null", "null is just what is not allowed here"),
        (#"{"minLength": 1}"#, #""""#, "'' is shorter than 1 character"),
        (#"{"maxLength": 2}"#, #""a\n\u0001""#, #"'a\n\u0001' is longer than 2 characters"#),
        (#"{"pattern": "^[A-Z]{3}$"}"#, #""au""#, "'au' does not match ^[A-Z]{3}$"),
        (#"{"format": "date"}"#, #""2026-02-29""#, "'2026-02-29' is not a date such as 2026-11-24"),
        (#"{"minItems": 1}"#, "[]", "there must be at least 1 element, not 0"),
        (
            #"{"uniqueItems": true}"#, #"[1, {"a": 1, "b": 2}, {"b": 2, "a": 1.0}]"#,
            "elements 1 and 2 are equal, but all must differ"
        ),
        (#"{"required": ["a", "clientReferenceId"]}"#, #"{"a": 1}"#, "is missing: clientReferenceId"),
        (#"{"dependentRequired": {"a": ["b"]}}"#, #"{"a": 1}"#, "is missing: b, which is needed beside a"),
        (
            #"{"properties": {"amount": true}, "additionalProperties": false}"#, #"{"amuont": 1}"#,
            "the field 'amuont' is not allowed here — did you mean amount?"
        ),
        (#"{"propertyNames": {"maxLength": 1}}"#, #"{"ab": 1}"#, "'ab' is longer than 1 character"),
        (#"{"contains": {"const": 1}}"#, "[2]", "no element is as one of them has to be"),
        (#"{"prefixItems": [true], "items": false}"#, "[1, 2]", "there may be no element here"),
        ("false", "1", "nothing is allowed here"),
    ])
    func aPersonUnderstands(schema: String, value: String, message: String) throws {
        let report = try Fixture.report(schema, value)
        #expect(report.errors.map { $0.message } == [message])
        #expect(report.errorCount == 1)
    }

    @Test func longValuesAreCut() throws {
        let report = try Fixture.report(#"{"type": "number"}"#, "\"" + String(repeating: "x", count: 5000) + "\"")
        let message = try #require(report.errors.first?.message)
        #expect(message.count < 120)
        #expect(message.hasSuffix("…'"))
    }

    @Test func anErrorKnowsItsPlaces() throws {
        let text =
            "{\"accounts\": [\n  {\"clientReferenceId\": \"A\", \"outstandingAmount\": 1},\n  {\"clientReferenceId\": \"B~/\",\n   \"outstandingAmount\": -5}]}"
        let document = try Fixture.document(text)
        let report = try Fixture.schema(Fixture.account).validate(document.root)
        let error = try #require(report.errors.first)
        #expect(report.errorCount == 1)
        #expect(error.pointer == "/accounts/1/outstandingAmount")
        #expect(error.keyword == "minimum")
        #expect(error.schemaLocation == "#/properties/accounts/items/properties/outstandingAmount/minimum")
        #expect(document.position(ofByte: error.byteOffset) == JSONPosition(line: 4, column: 25))
    }

    @Test func whatIsMissingIsToldAtItsObject() throws {
        let document = try Fixture.document(#"{"accounts": [  {"outstandingAmount": 1}]}"#)
        let error = try #require(try Fixture.schema(Fixture.account).validate(document.root).errors.first)
        #expect(error.pointer == "/accounts/0")
        #expect(error.keyword == "required")
        #expect(error.byteOffset == 16)
    }

    @Test func whatIsTooMuchIsToldAtItsKey() throws {
        let text = #"{"a": 1, "b/c": 2}"#
        let error = try #require(
            try Fixture.report(#"{"properties": {"a": true}, "additionalProperties": false}"#, text).errors.first)
        #expect(error.pointer == "/b~1c")
        #expect(error.byteOffset == 9)
        #expect(error.schemaLocation == "#/additionalProperties")
    }

    @Test func allAreCountedAndSomeListed() throws {
        let value = "[" + (0..<1000).map { "-\($0 + 1)" }.joined(separator: ",") + "]"
        let report = try Fixture.report(#"{"items": {"minimum": 0, "multipleOf": 2}}"#, value, limit: 10)
        #expect(report.errorCount == 1500)
        #expect(report.errors.count == 10)
        #expect(report.errors[0].pointer == "/0")
        #expect(report.errors.map { $0.byteOffset } == report.errors.map { $0.byteOffset }.sorted())
        let unlisted = try Fixture.report(#"{"items": {"minimum": 0}}"#, value, limit: 0)
        #expect(unlisted.errorCount == 1000)
        #expect(!unlisted.isValid)
    }

    @Test func theClosestBranchSpeaks() throws {
        let schema = #"""
            {"anyOf": [
              {"properties": {"kind": {"const": "card"}, "number": {"type": "string"}}, "required": ["kind", "number"]},
              {"properties": {"kind": {"const": "bank"}, "bsb": {"pattern": "^[0-9]{6}$"}}, "required": ["kind", "bsb"]},
              {"type": "null"}]}
            """#
        let report = try Fixture.report(schema, #"{"kind": "bank", "bsb": "12"}"#)
        #expect(report.errors.map { $0.message } == ["'12' does not match ^[0-9]{6}$"])
        #expect(report.errors.first?.schemaLocation == "#/anyOf/1/properties/bsb/pattern")
        #expect(try Fixture.report(schema, #"{"kind": "card"}"#).errors.map { $0.message } == ["is missing: number"])
        #expect(try Fixture.report(schema, "null").isValid)
    }

    /// A value of a sensitive field is in no message, whatever schema complains and however deep it lies.
    @Test func sensitiveValuesStayOut() throws {
        let value = #"""
            {"accounts": [{"clientReferenceId": "A", "outstandingAmount": 1, "email": "hush-1",
              "person": {"age": "hush-2", "code": "hush-3", "hush-4": 1}}]}
            """#
        let report = try Fixture.report(Fixture.account, value)
        #expect(report.errorCount == 4)
        #expect(report.errors.allSatisfy { $0.isSensitive && !$0.message.contains("hush") })
        #expect(
            report.errors.map { $0.message } == [
                "the value is not an e-mail address", "must be an integer, but is a string", "the value is not X",
                "there is a field that is not allowed here",
            ])
    }

    @Test(arguments: [
        #"{"allOf": [{"properties": {"p": {"x-sensitive": true}}}, {"properties": {"p": {"maxLength": 1}}}]}"#,
        ##"{"properties": {"p": {"$ref": "#/$defs/s", "maxLength": 1}}, "$defs": {"s": {"x-sensitive": true}}}"##,
        #"{"patternProperties": {"^p": {"x-sensitive": true}}, "additionalProperties": {}, "properties": {"p": {"maxLength": 1}}}"#,
        #"{"x-sensitive": true, "properties": {"p": {"maxLength": 1}}}"#,
        #"{"if": {"required": ["q"]}, "then": {"properties": {"p": {"x-sensitive": true}}}, "properties": {"p": {"maxLength": 1}}}"#,
        #"{"anyOf": [{"properties": {"p": {"maxLength": 1}}}, {"type": "null", "x-sensitive": true}]}"#,
        #"{"dependentSchemas": {"p": {"properties": {"p": {"x-sensitive": true}}}}, "properties": {"p": {"maxLength": 1}}}"#,
    ])
    func sensitivityComesFromAnySchemaThatMayApply(schema: String) throws {
        let report = try Fixture.report(schema, #"{"p": "hush"}"#)
        #expect(report.errors.map { $0.message } == ["the value is longer than 1 character"])
    }
}
