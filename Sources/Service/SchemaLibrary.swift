import Documents
import FileSystem
import JSONSchema
import JSONText
import Model
import SluiceConfiguration
import SystemPackage

/// The compiled schemas: the shipped ones once, and an inbox's own.
package struct SchemaLibrary: Sendable {
    private let shipped: [Kind: JSONSchema]
    private let shippedXML: [Kind: XMLSchema]

    /// Reads `KIND.schema.json` of each kind of document from the schemas' folder.
    ///
    /// - Throws: ``CannotStart``.
    package init(_ configuration: Configuration) throws(CannotStart) {
        try self.init(folder: SharedFiles.schemas(configuration.schemas))
    }

    package init(folder: FilePath) throws(CannotStart) {
        var shipped: [Kind: JSONSchema] = [:]
        var shippedXML: [Kind: XMLSchema] = [:]
        for kind in Kind.documents {
            shipped[kind] = try SchemaLibrary.compile(folder.appending("\(kind.rawValue).schema.json"))
            shippedXML[kind] = try SchemaLibrary.compileXML(folder.appending("\(kind.rawValue).xsd"))
        }
        self.shipped = shipped
        self.shippedXML = shippedXML
    }

    /// The judge of an inbox's documents.
    package func judge(
        for inbox: Configuration.Inbox, _ configuration: Configuration
    ) throws(CannotStart) -> DocumentJudge {
        var schemas = shipped
        var xmlSchemas = shippedXML
        let kind = inbox.kind.documentKind
        if let own = inbox.schemaJSON {
            let compiled = try SchemaLibrary.compile(own)
            for each in kind.map({ [$0] }) ?? Kind.documents {
                schemas[each] = compiled
                // The shipped one says what the shipped JSON Schema says, which counts no more.
                xmlSchemas[each] = nil
            }
        }
        if let own = inbox.schemaXML {
            let compiled = try SchemaLibrary.compileXML(own, seesEverything: true)
            for each in kind.map({ [$0] }) ?? Kind.documents { xmlSchemas[each] = compiled }
        }
        return DocumentJudge(
            rules: DocumentRules(
                kind: kind, sameness: inbox.reference.sameness, ownReference: inbox.ownReference.rule,
                schemas: schemas, xmlSchemas: xmlSchemas, fields: inbox.fields,
                bodyBytes: min(
                    configuration.limits.jsonBytes.bytes, configuration.limits.memory.bytes / MemoryShare.body),
                bodyRecords: configuration.limits.recordsPerBatch,
                heldRecord: configuration.limits.memory.bytes / MemoryShare.record))
    }

    /// The judge of documents that belong to no inbox.
    package func judge(kind: Kind?) -> DocumentJudge {
        DocumentJudge(rules: DocumentRules(kind: kind, schemas: shipped, xmlSchemas: shippedXML))
    }

    /// Reads and compiles one XML Schema; an inbox's own one sees everything of a document.
    private static func compileXML(
        _ path: FilePath, seesEverything: Bool = false
    ) throws(CannotStart) -> XMLSchema {
        let text = try read(path)
        do throws(XMLSchema.CompilationError) {
            return try XMLSchema(compiling: text, seesEverything: seesEverything)
        } catch {
            throw CannotStart("\(path): \(error)", isConfiguration: true)
        }
    }

    /// The files that judge an inbox's documents.
    static func files(for inbox: Configuration.Inbox, _ configuration: Configuration) -> [FilePath] {
        let folder = SharedFiles.schemas(configuration.schemas)
        let shipped = Kind.documents.flatMap { kind in
            [folder.appending("\(kind.rawValue).schema.json"), folder.appending("\(kind.rawValue).xsd")]
        }
        return shipped + [inbox.schemaJSON, inbox.schemaXML].compactMap(\.self)
    }

    static func read(_ path: FilePath) throws(CannotStart) -> [UInt8] {
        do throws(SystemCallError) {
            return try WholeFile.read(path)
        } catch {
            throw CannotStart("the schema \(path) cannot be read: \(error.errno)", isConfiguration: true)
        }
    }

    /// Reads and compiles one schema.
    ///
    /// - Throws: ``CannotStart`` with the schema's file, line and column.
    package static func compile(_ path: FilePath) throws(CannotStart) -> JSONSchema {
        let text = try read(path)
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: text)
        } catch {
            throw CannotStart("\(path):\(error.position): \(error.message)", isConfiguration: true)
        }
        do {
            return try JSONSchema(compiling: document)
        } catch {
            throw CannotStart("\(path): \(error)", isConfiguration: true)
        }
    }
}
