extension JSONSchema {
    /// The drafts that schemas may be written in.
    public enum Dialect: String, Sendable, Hashable, CaseIterable {
        case draft07 = "http://json-schema.org/draft-07/schema"
        case draft2019_09 = "https://json-schema.org/draft/2019-09/schema"
        case draft2020_12 = "https://json-schema.org/draft/2020-12/schema"

        /// The `$schema` URI that stands for the draft, without an empty fragment.
        public var uri: String { rawValue }
    }
}

/// What the keywords of a schema resource mean: its draft, and which vocabularies its metaschema switches on.
struct DialectRules {
    var draft: JSONSchema.Dialect
    var hasApplicators = true
    var hasUnevaluated = true
    var hasValidation = true
    /// `format` is asserted whatever the caller wants.
    var requiresFormat = false

    init(_ draft: JSONSchema.Dialect) { self.draft = draft }

    /// The rules of a metaschema of one's own, by its `$vocabulary`; a required vocabulary that is unknown throws
    /// its URI.
    init(_ draft: JSONSchema.Dialect, vocabularies: [(uri: String, required: Bool)]) throws(UnknownVocabulary) {
        self.draft = draft
        (hasApplicators, hasUnevaluated, hasValidation) = (false, false, false)
        for (uri, required) in vocabularies {
            let name = uri.split(separator: "/").last ?? ""
            guard uri.hasPrefix("https://json-schema.org/draft/20"), uri.contains("/vocab/") else {
                if required { throw UnknownVocabulary(uri: uri) }
                continue
            }
            switch name {
            case "applicator":
                hasApplicators = true
                if draft == .draft2019_09 { hasUnevaluated = true }
            case "unevaluated": hasUnevaluated = true
            case "validation": hasValidation = true
            case "format-assertion": requiresFormat = true
            case "format": requiresFormat = requiresFormat || required
            case "core", "meta-data", "content", "format-annotation": break
            default: if required { throw UnknownVocabulary(uri: uri) }
            }
        }
    }

    struct UnknownVocabulary: Error { let uri: String }
}
