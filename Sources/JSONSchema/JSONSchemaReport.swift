/// What a schema has to say of a value.
public struct JSONSchemaReport: Sendable {
    /// The value fits the schema.
    public var isValid: Bool { errorCount == 0 }
    /// How many violations there are, listed or not.
    public internal(set) var errorCount: Int
    /// The first violations, up to the limit that was asked for, in the order of the text.
    public internal(set) var errors: [JSONSchemaViolation]
}

/// One thing about a value that a schema does not allow.
public struct JSONSchemaViolation: Sendable, Hashable {
    /// The JSON pointer (RFC 6901) from the value that was validated to the one that offends; where a member is
    /// missing, to the object that lacks it. Inside a sensitive field it ends before a name that the schema does not know.
    public let pointer: String
    /// The keyword that is not satisfied; `false` where the schema is `false`.
    public let keyword: String
    /// The keyword's place in the schema: a fragment for the schema's own document, else the document's URI with one.
    public let schemaLocation: String
    /// One sentence. It quotes no value of a field that is marked `"x-sensitive": true`.
    public let message: String
    /// Where to point in the text: at the value; where a member is missing, at the object; where a member is not
    /// allowed, at its key.
    public let byteOffset: Int
    /// The value belongs to a field that is marked `"x-sensitive": true`, so that the message leaves it out.
    public let isSensitive: Bool
}
