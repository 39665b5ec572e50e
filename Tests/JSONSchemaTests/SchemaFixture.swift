import JSONSchema
import JSONText

/// Schemas and values from texts.
enum Fixture {
    static func document(_ text: String) throws -> JSONDocument { try JSONDocument(parsing: Array(text.utf8)) }

    static func schema(_ text: String, resources: [String: String] = [:]) throws -> JSONSchema {
        try JSONSchema(compiling: document(text), resources: resources.mapValues { try document($0) })
    }

    static func report(_ schema: String, _ value: String, limit: Int = 100) throws -> JSONSchemaReport {
        try self.schema(schema).validate(document(value).root, limit: limit)
    }

    static let account = #"""
        {"type": "object", "required": ["accounts"], "properties": {"accounts": {"type": "array", "items": {
          "type": "object", "required": ["clientReferenceId", "outstandingAmount"], "properties": {
            "clientReferenceId": {"type": "string", "minLength": 1, "maxLength": 150},
            "outstandingAmount": {"type": "number", "minimum": 0},
            "minimumOfferAmount": {"type": ["number", "null"], "exclusiveMinimum": 0},
            "status": {"enum": ["Active", "Hold", "Closed"]},
            "dueDate": {"type": "string", "format": "date"},
            "email": {"type": "string", "format": "email", "x-sensitive": true},
            "person": {"x-sensitive": true, "properties": {"age": {"type": "integer"}, "code": {"const": "X"}},
                       "additionalProperties": false}
          }}}}}
        """#
}
