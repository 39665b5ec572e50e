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
    private var writer: XMLValueWriter
    /// Open elements of the record, or of the holder's other fields, outermost first.
    private var open: [XMLElement] = []
    private var depth = 0
    /// The array that is being read, and how deep it lies.
    private var array: (kind: Kind, depth: Int, isEmpty: Bool)?
    private var arrays: [Kind] = []
    private var ownReference: XMLElement?
    private var feed: XMLSchemaFeed?
    /// The schema sees what lies around the array, too.
    private var isFedFromRoot = false
    private(set) var kind: Kind?
    private var duplicate: XMLElement?
    /// A field that a mapping gives the name of another.
    private var collision: Problem?
    /// The array or its holder, where text stands in it.
    private var mixed: XMLElement?
    /// The array or its holder, while it is open.
    private var around: [XMLElement] = []
    private var records = 0

    init(_ text: [UInt8], rules: DocumentRules) {
        self.rules = rules
        lines = LineStarts(text)
        writer = XMLValueWriter(lines: lines)
    }

    enum Outcome {
        case converted(ConvertedText)
        case problem(Kind?, Problem)
        case unfinished(Problem)
    }

    static func convert(_ text: XMLText, rules: DocumentRules) -> Outcome {
        let converter = XMLConverter(text.utf8, rules: rules)
        if let problem = XMLReader(text.utf8, handler: converter).read(lines: converter.lines) {
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
            return .problem(kind, problem("<\(duplicate.name)> stands twice in this document", at: duplicate.offset))
        }
        if let collision { return .problem(kind, collision) }
        if let mixed = arrays.isEmpty ? nil : mixed ?? writer.mixed {
            return .problem(kind, problem("<\(mixed.name)> has text beside elements", at: mixed.offset))
        }
        // A document of several kinds is none, whatever its records are like.
        if arrays.count == 1, let problem = feed?.problem(lines) { return .problem(kind, problem) }
        if let ownReference {
            if !arrays.isEmpty { writer.append(",") }
            writer.appendString("batchReferenceId")
            writer.append(":")
            writer.mark(ownReference.offset)
            writer.appendString(ownReference.text)
        }
        writer.append("}")
        return .converted(ConvertedText(json: writer.json, map: writer.map))
    }

    private func problem(_ message: String, at offset: Int, _ code: Code = .schemaXML) -> Problem {
        let position = lines.position(ofByte: offset)
        return Problem(
            code, message,
            findings: [Finding(line: position.line, column: position.column, message: message)])
    }

    // MARK: What the reader hands over

    func start(_ element: XMLElement) {
        depth += 1
        if depth == 1 {
            writer.mark(element.offset)
            writer.append("{")
            feed = rules.schemaOfWhole(document: element.name).map { XMLSchemaFeed($0) }
            isFedFromRoot = feed != nil
        }
        if array == nil && depth <= 2, let kind = Kind.documents.first(where: { $0.arrayName == element.name }) {
            if rules.kind ?? kind == kind { return startArray(kind, element) }
            // Another kind's array is one more field that is left out; that it is there helps to say what is wrong.
            writeArrayName(kind, element)
            writer.append("[]")
        }
        if depth == 1 { around.append(element) }
        if isFedFromRoot && array == nil { feed?.start(element) }
        if depth == 1, let own = element.attributes.first(where: { $0.name == "batchReferenceId" }) {
            ownReference = XMLElement(name: own.name, offset: element.offset, text: own.value)
        }
        // The holder itself is not kept, nor are its other fields but for the reference.
        if array != nil || element.name == "batchReferenceId" && depth == 2 || !open.isEmpty { open.append(element) }
    }

    private func startArray(_ kind: Kind, _ element: XMLElement) {
        writeArrayName(kind, element)
        self.kind = self.kind ?? kind
        array = (kind, depth, true)
        around.append(element)
        records = 0
        writer.append("[")
        if !isFedFromRoot { feed = rules.xmlSchemas[kind].map { XMLSchemaFeed($0) } }
        feed?.kind = kind
        feed?.start(element)
    }

    private func writeArrayName(_ kind: Kind, _ element: XMLElement) {
        if arrays.contains(kind) { duplicate = element }
        if !arrays.isEmpty { writer.append(",") }
        arrays.append(kind)
        writer.appendString(element.name)
        writer.append(":")
        writer.mark(element.offset)
    }

    func text(_ text: String) {
        if open.isEmpty, depth == around.count, mixed == nil, var place = around.last {
            place.text = text
            if !place.isBlank { mixed = place }
        }
        if !open.isEmpty { open[open.count - 1].text += text }
        if array == nil ? isFedFromRoot : open.isEmpty { feed?.text(text) }
    }

    func end() {
        defer { depth -= 1 }
        if let current = array, current.depth == depth {
            writer.append("]")
            feed?.end()
            array = nil
            around.removeLast()
            return
        }
        if isFedFromRoot && array == nil { feed?.end() }
        guard let element = open.popLast() else { return }
        if !open.isEmpty {
            open[open.count - 1].children.append(element)
        } else if let current = array {
            writeRecord(element, current.kind, isFirst: current.isEmpty)
            array?.isEmpty = false
        } else {
            ownReference = element
        }
    }

    private func writeRecord(_ element: XMLElement, _ kind: Kind, isFirst: Bool) {
        guard let schema = rules.schemas[kind], let name = kind.arrayName else { return }
        if !isFirst { writer.append(",") }
        let place = schema.cursor.property(name).item()
        let (record, collision) = rules.fields.apply(to: element)
        if let collision, self.collision == nil {
            let position = lines.position(ofByte: collision.offset)
            let pointer = JSONPointer(tokens: [name, String(records), collision.field]).description
            self.collision = Problem(
                .schemaJSON, FieldMapping.collisionTitle,
                findings: [
                    Finding(
                        pointer: pointer, line: position.line, column: position.column, message: collision.message,
                        record: record.identity(kind))
                ])
        }
        records += 1
        feed?.add(record, as: place)
        writer.write(record, as: place)
    }
}

extension DocumentRules {
    /// An inbox's own XML Schema that knows the document's root.
    fileprivate func schemaOfWhole(document root: String) -> XMLSchema? {
        (kind.map { [$0] } ?? Kind.documents).compactMap { xmlSchemas[$0] }
            .first { $0.seesEverything && $0.globalNames.contains(root) }
    }
}
