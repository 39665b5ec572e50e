import JSONText

/// Why a schema cannot be used: it does not fit its metaschema, refers to something unknown, has a pattern that cannot
/// be kept to its meaning, or refers to itself without end.
public struct JSONSchemaError: Error, Sendable, CustomStringConvertible {
    /// One sentence.
    public let message: String
    /// The JSON pointer of the place in the schema's document.
    public let pointer: String
    /// The URI of that document; empty for a document that has none.
    public let document: String
    /// The line and column of the place.
    public let position: JSONPosition

    /// `DOCUMENT:LINE:COLUMN: MESSAGE (at POINTER)`.
    public var description: String {
        (document.isEmpty ? "" : document + ":") + "\(position): \(message)"
            + (pointer.isEmpty ? "" : " (at \(pointer))")
    }
}
