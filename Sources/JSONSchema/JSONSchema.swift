import JSONText

/// A JSON Schema (2020-12, 2019-09 or draft-07), compiled once and used for any number of values, from any thread.
///
/// ```swift
/// let schema = try JSONSchema(compiling: JSONDocument(parsing: text))
/// for error in schema.validate(document.root).errors { print(error.pointer, error.message) }
/// ```
public struct JSONSchema: Sendable {
    let program: SchemaProgram
    private let rootState: SchemaState
    /// Whether anything is marked `"x-sensitive": true`.
    public let hasSensitiveFields: Bool

    init(program: SchemaProgram) {
        self.program = program
        hasSensitiveFields = (0..<program.nodes.count).contains { program.nodes[$0].isSensitive }
        rootState = SchemaState(.schema(0), isInherited: false, program)
    }

    /// Compiles a schema, after validating it and all it refers to against their metaschemas.
    ///
    /// - Parameters:
    ///   - document: the schema.
    ///   - baseURI: what relative references are resolved against where the schema has no absolute `$id`.
    ///   - resources: other schemas, and metaschemas of one's own, by the URI they are referred to. The three drafts'
    ///     metaschemas are there already. Nothing is fetched.
    ///   - defaultDialect: the draft of a schema without `$schema`.
    ///   - assertsFormat: whether `format` is an assertion, for `date`, `date-time`, `time`, `email`, `uuid`, `uri`,
    ///     `ipv4` and `ipv6`; other formats are annotations always.
    /// - Throws: what is wrong with the schema and where.
    public init(
        compiling document: JSONDocument, baseURI: String? = nil, resources: [String: JSONDocument] = [:],
        defaultDialect: Dialect = .draft2020_12, assertsFormat: Bool = true
    ) throws(JSONSchemaError) {
        var compiler = Compiler(resources: resources, defaultDialect: defaultDialect, assertsFormat: assertsFormat)
        let uri = baseURI.map { URIReference($0).withoutFragment } ?? ""
        self.init(program: try compiler.compile(document, uri: uri, checked: true))
    }

    /// Says whether a value fits, and if not, all that is wrong with it.
    ///
    /// - Parameters:
    ///   - value: a document's root, or any value in it.
    ///   - limit: how many violations are listed; all are counted.
    public func validate(_ value: JSONValue, limit: Int = 100) -> JSONSchemaReport {
        report(on: value, limit: limit) { (validator: inout Validator) in validator.check(0, value.node, nil) }
    }

    /// What `check` finds in `value`: it is asked silently first, and once more only where something is wrong.
    func report(
        on value: JSONValue, limit: Int, _ check: (inout Validator) -> Bool
    ) -> JSONSchemaReport {
        value.storage.withTree { tree in
            var validator = Validator(program, tree, bytes: value.storage.text.count, limit: limit)
            let isValid = check(&validator)
            if isValid, validator.matcher.undecided == 0, !validator.isEndless {
                return JSONSchemaReport(errorCount: 0, errors: [])
            }
            validator.isSilent = false
            if !validator.isEndless { _ = check(&validator) }
            if validator.isEndless { validator.forgetFindings() }
            if validator.findingCount == 0 {
                // Nothing is known to be wrong, but it could not be judged.
                validator.note(validator.isEndless ? .reference : .pattern, 0, value.node, argument: 1)
            }
            let wording = Wording(program: program, tree: tree, root: value.node, cursor: cursor)
            let errors = validator.findings.map { wording.violation($0) }
            return JSONSchemaReport(
                errorCount: validator.findingCount, errors: errors.sorted { $0.byteOffset < $1.byteOffset })
        }
    }

    /// What the schema says of the whole value, to look further from there.
    public var cursor: SchemaCursor { SchemaCursor(state: rootState) }
}
