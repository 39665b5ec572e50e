import JSONText

/// The metaschemas of the three drafts, built in.
enum Metaschemas {
    private static let documents: [String: JSONDocument] = {
        var documents: [String: JSONDocument] = [:]
        for (uri, text) in draft07 + draft2019_09 + draft2020_12 {
            do throws(JSONSyntaxError) {
                documents[uri] = try JSONDocument(parsing: Array(text.utf8))
            } catch {
                fatalError("the built-in metaschema \(uri) is not JSON: \(error)")
            }
        }
        return documents
    }()

    static func document(_ uri: String) -> JSONDocument? { documents[uri] }

    /// The compiled metaschemas, each made when it is first needed.
    static func schema(_ dialect: JSONSchema.Dialect) -> JSONSchema {
        switch dialect {
        case .draft07: compiled07
        case .draft2019_09: compiled201909
        case .draft2020_12: compiled202012
        }
    }

    private static let compiled07 = compile(.draft07)
    private static let compiled201909 = compile(.draft2019_09)
    private static let compiled202012 = compile(.draft2020_12)

    private static func compile(_ dialect: JSONSchema.Dialect) -> JSONSchema {
        guard let document = document(dialect.uri) else { fatalError("no metaschema for \(dialect.uri)") }
        do throws(JSONSchemaError) {
            var compiler = Compiler(resources: [:], defaultDialect: dialect, assertsFormat: false)
            return JSONSchema(program: try compiler.compile(document, uri: dialect.uri, checked: false))
        } catch {
            fatalError("the built-in metaschema \(dialect.uri) does not compile: \(error)")
        }
    }
}
