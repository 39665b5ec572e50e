import JSONSchema
import Model

/// How the documents of one inbox are judged.
package struct DocumentRules: Sendable {
    /// What makes a document the same as another (contract, section 5).
    package enum Sameness: Sendable, Hashable {
        case content
        /// The content and the drop's name.
        case contentAndName
        /// The content and the local date of its arrival.
        case contentAndDay
    }

    /// What becomes of a `batchReferenceId` that a document brings.
    package enum OwnReference: Sendable, Hashable {
        case keep
        /// The inbox's name goes before it.
        case prefix
        case ignore
    }

    /// `nil`: the top-level key tells.
    package var kind: Kind?
    package var sameness: Sameness
    package var ownReference: OwnReference
    /// The validator of each kind of document.
    package var schemas: [Kind: JSONSchema]
    /// The XML Schema of each kind of document; a kind without one is validated by its JSON Schema alone.
    package var xmlSchemas: [Kind: XMLSchema]
    /// What becomes of records' fields first.
    package var fields: FieldMapping
    /// The most bytes of a request's body.
    package var bodyBytes: Int
    /// The most records of a request's body; `nil`: as many as fit.
    package var bodyRecords: Int?
    /// The longest record that can be held while it is judged.
    package var heldRecord: Int
    /// Whether records have to fit their schema; it leads the conversion all the same.
    var validates = true
    /// What is longer is neither held nor sent.
    var longestRecord: Int { min(bodyBytes, heldRecord) }

    package init(
        kind: Kind? = nil, sameness: Sameness = .content, ownReference: OwnReference = .keep,
        schemas: [Kind: JSONSchema], xmlSchemas: [Kind: XMLSchema] = [:], fields: FieldMapping = FieldMapping(),
        bodyBytes: Int = 30_000_000, bodyRecords: Int? = nil, heldRecord: Int = .max
    ) {
        self.kind = kind
        self.sameness = sameness
        self.ownReference = ownReference
        self.schemas = schemas
        self.xmlSchemas = xmlSchemas
        self.fields = fields
        self.bodyBytes = bodyBytes
        self.bodyRecords = bodyRecords
        self.heldRecord = heldRecord
    }
}

/// What is known of a document beside its bytes.
package struct DocumentOrigin: Sendable, Hashable {
    package var inbox: String
    package var name: FileName
    /// The local date on which it came, as `2026-11-24`.
    package var day: String

    package init(inbox: String, name: FileName, day: String) {
        self.inbox = inbox
        self.name = name
        self.day = day
    }
}
