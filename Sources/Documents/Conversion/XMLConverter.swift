import JSONSchema
import JSONText
import Model

/// An XML document as JSON, and where each value came from.
struct ConvertedText: Sendable {
    let json: [UInt8]
    let map: SourceMap
}

/// Converts an XML document record by record, as it is read: the converted text is all that grows.
///
/// The root is the array itself (`<accounts>`) or an element that holds it; the array's children are the records,
/// whatever their name. What else the holder has is left out, but for a `batchReferenceId`.
final class XMLConverter: XMLReader.Handler {
    private let rules: DocumentRules
    private let lines: LineStarts
    private let names = XMLNames()
    private let ownReferenceName: XMLName
    // One thread reads one document, and nothing that these call comes back here: checking each access would take a
    // quarter of the time.
    @exclusivity(unchecked) private var mapping: XMLMapping
    @exclusivity(unchecked) private var writer: XMLValueWriter
    /// The record that is being read, or the document's own reference.
    @exclusivity(unchecked) private var record = XMLRecord()
    @exclusivity(unchecked) private var depth = 0
    /// The array that is being read.
    @exclusivity(unchecked) private var array: OpenArray?
    private var arrays: [Kind] = []
    /// The document's own reference, and how to write it.
    private var ownReference: (text: String?, offset: Int)?
    private var feed: XMLSchemaFeed?
    /// The schema sees what lies around the array, too.
    private var isFedFromRoot = false
    private(set) var kind: Kind?
    private var duplicate: Place?
    /// A field that a mapping gives the name of another.
    private var collision: Problem?
    /// The array or its holder, where text stands in it.
    private var surplus: XMLValueWriter.Surplus?
    /// The array or its holder, while it is open.
    private var around: [Place] = []

    private struct OpenArray {
        let kind: Kind
        let name: String
        let depth: Int
        /// The JSON Schema of one of its records.
        let place: XMLPlace
        var records = 0
    }

    private struct Place {
        let name: XMLName
        let offset: Int
    }

    init(_ text: [UInt8], rules: DocumentRules) {
        self.rules = rules
        lines = LineStarts(text)
        mapping = XMLMapping(rules.fields, names)
        writer = XMLValueWriter(names, literals: mapping.literals, lines: lines, capacity: text.count / 2)
        ownReferenceName = names.name("batchReferenceId")
    }

    enum Outcome {
        case converted(ConvertedText)
        case problem(Kind?, Problem)
        case unfinished(Problem)
    }

    static func convert(_ text: XMLText, rules: DocumentRules) -> Outcome {
        guard text.utf8.count <= Int32.max else {
            return .problem(nil, Problem(.readTooLarge, "An XML document can have at most \(Int32.max) bytes."))
        }
        let converter = XMLConverter(text.utf8, rules: rules)
        let reader = XMLReader(text.utf8, converter.names, handler: converter)
        if let problem = reader.read(lines: converter.lines) {
            return problem.code == .readIncomplete ? .unfinished(problem) : .problem(converter.kind, problem)
        }
        if text.isCut {
            let message = "the document ends inside a character"
            return .problem(converter.kind, converter.problem(message, at: text.utf8.count, .parseEncoding))
        }
        return converter.finish()
    }

    private func finish() -> Outcome {
        if let duplicate {
            let message = "<\(names[duplicate.name])> stands twice in this document"
            return .problem(kind, problem(message, at: duplicate.offset))
        }
        if let collision { return .problem(kind, collision) }
        if !arrays.isEmpty, let surplus = surplus ?? writer.surplus {
            let message = surplus.isNull ? "is null and yet has content" : "has text beside elements"
            return .problem(kind, problem("<\(names[surplus.name])> \(message)", at: surplus.offset))
        }
        // A document of several kinds is none, whatever its records are like.
        if arrays.count == 1, let problem = feed?.problem(lines) { return .problem(kind, problem) }
        if let ownReference {
            if !arrays.isEmpty { writer.append(sign: ",") }
            writer.appendKey(ownReferenceName)
            writer.mark(ownReference.offset)
            writer.append(text: ownReference.text)
        }
        writer.append(sign: "}")
        return .converted(ConvertedText(json: writer.json, map: writer.map))
    }

    private func problem(_ message: String, at offset: Int, _ code: Code = .schemaXML) -> Problem {
        let position = lines.position(ofByte: offset)
        return Problem(
            code, message,
            findings: [Finding(line: position.line, column: position.column, message: message)])
    }

    // MARK: What the reader hands over

    func start(_ tag: XMLTag) -> String? {
        depth += 1
        if array != nil || record.isOpen {
            record.start(tag)
            guard record.nodes.count > XMLRecord.mostNodes else { return nil }
            return "the record has more than \(XMLRecord.mostNodes) elements and attributes"
        }
        if depth == 1 { startRoot(tag) }
        if depth <= 2, let kind = Kind.documents.first(where: { $0.arrayName == names[tag.name] }) {
            if rules.kind ?? kind == kind {
                startArray(kind, tag)
                return nil
            }
            // Another kind's array is one more field that is left out; that it is there helps to say what is wrong.
            writeArrayName(kind, tag)
            writer.append(sign: "[")
            writer.append(sign: "]")
        }
        if depth == 1 { around.append(Place(name: tag.name, offset: tag.offset)) }
        if isFedFromRoot { feed?.start(tag) }
        // The holder itself is not kept, nor are its other fields but for the reference.
        if depth == 2, tag.name == ownReferenceName { record.start(tag) }
        return nil
    }

    private func startRoot(_ tag: XMLTag) {
        writer.mark(tag.offset)
        writer.append(sign: "{")
        feed = rules.schemaOfWhole(document: names[tag.name]).map { XMLSchemaFeed($0, names) }
        isFedFromRoot = feed != nil
        if let own = tag.attributes.first(where: { $0.name == ownReferenceName }) {
            ownReference = (own.value, tag.offset)
        }
    }

    private func startArray(_ kind: Kind, _ tag: XMLTag) {
        guard let schema = rules.schemas[kind] else { preconditionFailure("every kind of document has a schema") }
        writeArrayName(kind, tag)
        self.kind = self.kind ?? kind
        let name = names[tag.name]
        array = OpenArray(
            kind: kind, name: name, depth: depth, place: XMLPlace(schema.cursor.property(name).item()))
        around.append(Place(name: tag.name, offset: tag.offset))
        writer.append(sign: "[")
        if !isFedFromRoot { feed = rules.xmlSchemas[kind].map { XMLSchemaFeed($0, names) } }
        feed?.kind = kind
        feed?.start(tag)
    }

    private func writeArrayName(_ kind: Kind, _ tag: XMLTag) {
        if arrays.contains(kind) { duplicate = Place(name: tag.name, offset: tag.offset) }
        if !arrays.isEmpty { writer.append(sign: ",") }
        arrays.append(kind)
        writer.appendKey(tag.name)
        writer.mark(tag.offset)
    }

    func text(_ bytes: UnsafeBufferPointer<UInt8>) {
        if record.isOpen {
            record.append(bytes)
        } else if depth == around.count, surplus == nil, let place = around.last, !bytes.isXMLSpace {
            surplus = .init(name: place.name, offset: place.offset)
        }
        if array == nil ? isFedFromRoot : !record.isOpen { feed?.text(bytes) }
    }

    func end() {
        defer { depth -= 1 }
        if let current = array, current.depth == depth {
            writer.append(sign: "]")
            feed?.end()
            array = nil
            around.removeLast()
            return
        }
        if isFedFromRoot && array == nil { feed?.end() }
        guard record.isOpen, record.end() else { return }
        if array == nil {
            let root = record.nodes[0]
            if root.form.contains(.mixed), surplus == nil { surplus = .init(name: root.name, offset: Int(root.offset)) }
            ownReference = (root.form.contains(.null) ? nil : record.string(of: 0), Int(root.offset))
        } else {
            writeRecord()
        }
        record.removeAll()
    }

    private func writeRecord() {
        guard let current = array else { return }
        if current.records > 0 { writer.append(sign: ",") }
        let collision = mapping.apply(to: &record)
        if let collision, self.collision == nil {
            let position = lines.position(ofByte: collision.offset)
            let pointer = JSONPointer(tokens: [current.name, String(current.records), collision.field]).description
            self.collision = Problem(
                .schemaJSON, FieldMapping.collisionTitle,
                findings: [
                    Finding(
                        pointer: pointer, line: position.line, column: position.column, message: collision.message,
                        record: record.identity(current.kind, names))
                ])
        }
        array?.records += 1
        feed?.add(record, as: current.place)
        writer.write(0, of: record, as: current.place)
    }
}

extension DocumentRules {
    /// An inbox's own XML Schema that knows the document's root.
    fileprivate func schemaOfWhole(document root: String) -> XMLSchema? {
        (kind.map { [$0] } ?? Kind.documents).compactMap { xmlSchemas[$0] }
            .first { $0.seesEverything && $0.globalNames.contains(root) }
    }
}
