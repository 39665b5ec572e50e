import CLibXML2
import Model

/// A compiled XML Schema.
///
/// A shipped one has one global element, the array, with the records in it, and sees of a record what it names. An
/// inbox's own sees all that the sender wrote.
///
/// A compiled schema is only read once it is made, and libxml2 allows many validations with one at a time, each with a
/// context of its own: so it can be shared.
package final class XMLSchema: @unchecked Sendable {
    let compiled: xmlSchemaPtr
    /// The fields that it names.
    let names: Set<String>
    /// The fields that a record has to have, in the schema's order.
    let required: [String]
    /// The named type of each element, without its prefix; `nil` where elements of that name have different ones.
    let types: [String: String?]
    /// What a record is called in it.
    let recordName: String
    /// The elements that may be a document's root.
    let globalNames: Set<String>
    let targetNamespace: String?
    /// It is an inbox's own.
    let seesEverything: Bool

    package struct CompilationError: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameters:
    ///   - text: in UTF-8.
    ///   - seesEverything: names, attributes, order and fields have to be those of the schema; otherwise a record may
    ///     have any name, attributes are taken for elements, and fields that the schema does not name pass through.
    /// - Throws: ``CompilationError`` in libxml2's words, with the line.
    package init(compiling text: [UInt8], seesEverything: Bool = false) throws(CompilationError) {
        XMLLibrary.start()
        let gathered = Gathered()
        let compiled = text.withUnsafeBytes { bytes -> xmlSchemaPtr? in
            guard let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self), !bytes.isEmpty,
                let parser = xmlSchemaNewMemParserCtxt(start, CInt(bytes.count))
            else { return nil }
            defer { xmlSchemaFreeParserCtxt(parser) }
            let target = Unmanaged.passUnretained(gathered).toOpaque()
            let note: xmlStructuredErrorFunc = { gathered, error in
                guard let gathered, let error else { return }
                Unmanaged<Gathered>.fromOpaque(gathered).takeUnretainedValue().add(error.pointee)
            }
            xmlSchemaSetParserStructuredErrors(parser, note, target)
            // What is wrong with the schema's XML is said to this thread's handler, else on standard error.
            xmlSetStructuredErrorFunc(target, note)
            defer { xmlSetStructuredErrorFunc(nil, nil) }
            return xmlSchemaParse(parser)
        }
        guard let compiled else {
            throw CompilationError(description: gathered.first ?? "it is no XML Schema")
        }
        let outline = SchemaOutline()
        do {
            _ = try XMLReader(XMLInput(text), outline.spelling, handler: outline).read()
        } catch {
            preconditionFailure("a text that is held is there: \(error)")
        }
        self.compiled = compiled
        names = outline.names
        required = outline.required
        types = outline.types
        recordName = outline.recordName ?? "record"
        globalNames = outline.globalNames
        targetNamespace = outline.targetNamespace
        self.seesEverything = seesEverything
    }

    deinit {
        xmlSchemaFree(compiled)
    }

    private final class Gathered {
        private(set) var first: String?

        func add(_ error: xmlError) {
            guard first == nil, let message = error.message else { return }
            first =
                "line \(error.line): \(String(cString: message).split(whereSeparator: \.isNewline).joined(separator: " "))"
        }
    }

    /// The names of the elements that a schema declares; the second one is the record's.
    private final class SchemaOutline: XMLReader.Handler {
        private(set) var names: Set<String> = []
        private(set) var types: [String: String?] = [:]
        private(set) var recordName: String?
        private(set) var required: [String] = []
        private(set) var globalNames: Set<String> = []
        private(set) var targetNamespace: String?
        let spelling = XMLNames()
        private var count = 0
        private var open: [String] = []

        func start(_ tag: XMLTag) -> String? {
            let attributes = Dictionary(tag.attributes.map { (spelling[$0.name], $0.value) }) { first, _ in first }
            if open.isEmpty { targetNamespace = attributes["targetNamespace"] }
            if spelling[tag.name] == "element", let name = attributes["name"] { declare(name, attributes) }
            open.append(spelling[tag.name])
            return nil
        }

        private func declare(_ name: String, _ attributes: [String: String]) {
            let type = attributes["type"]?.split(separator: ":").last.map { String($0) }
            let isAmbiguous = types[name].map { $0 != type } ?? false
            types.updateValue(isAmbiguous ? nil : type, forKey: name)
            if open.count == 1 { globalNames.insert(name) }
            count += 1
            if count == 2 { recordName = name } else { names.insert(name) }
            // schema > complexType > all > element
            if open.count == 3, open.last == "all", attributes["minOccurs"] != "0" { required.append(name) }
        }

        func text(_ bytes: UnsafeBufferPointer<UInt8>) {}

        func end() {
            open.removeLast()
        }
    }
}

extension DocumentRules {
    /// An inbox's own XML Schema that knows the document's root.
    func schemaOfWhole(document root: String) -> XMLSchema? {
        (kind.map { [$0] } ?? Kind.documents).compactMap { xmlSchemas[$0] }
            .first { $0.seesEverything && $0.globalNames.contains(root) }
    }
}
