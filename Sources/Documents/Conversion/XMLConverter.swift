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
    private(set) var kind: Kind?
    private var duplicate: XMLElement?
    private var collision: XMLElement?

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

    /// Reads and converts a document in UTF-8.
    static func convert(_ text: [UInt8], rules: DocumentRules) -> Outcome {
        let converter = XMLConverter(text, rules: rules)
        converter.writer.append("{")
        if let problem = XMLReader(text, handler: converter).read(lines: converter.lines) {
            return problem.code == .readIncomplete ? .unfinished(problem) : .problem(converter.kind, problem)
        }
        return converter.finish()
    }

    private func finish() -> Outcome {
        if let duplicate {
            return .problem(kind, problem("<\(duplicate.name)> stands twice in this document", at: duplicate.offset))
        }
        if let collision {
            return .problem(
                kind,
                problem("<\(collision.name)> stands beside a field that is mapped to its name", at: collision.offset))
        }
        if let mixed = writer.mixed {
            return .problem(kind, problem("<\(mixed.name)> has text beside elements", at: mixed.offset))
        }
        if let problem = feed?.problem(lines) { return .problem(kind, problem) }
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

    private func problem(_ message: String, at offset: Int) -> Problem {
        let position = lines.position(ofByte: offset)
        return Problem(
            .schemaXML, message,
            findings: [Finding(line: position.line, column: position.column, message: message)])
    }

    // MARK: What the reader hands over

    func start(_ element: XMLElement) {
        depth += 1
        if array == nil && depth <= 2, let kind = Kind.documents.first(where: { $0.arrayName == element.name }) {
            return startArray(kind, element)
        }
        if depth == 1, let own = element.attributes.first(where: { $0.name == "batchReferenceId" }) {
            ownReference = XMLElement(name: own.name, offset: element.offset, text: own.value)
        }
        // The holder itself is not kept, nor are its other fields but for the reference.
        if array != nil || element.name == "batchReferenceId" && depth == 2 || !open.isEmpty { open.append(element) }
    }

    private func startArray(_ kind: Kind, _ element: XMLElement) {
        if arrays.contains(kind) { duplicate = element }
        if !arrays.isEmpty { writer.append(",") }
        arrays.append(kind)
        self.kind = self.kind ?? kind
        array = (kind, depth, true)
        writer.appendString(element.name)
        writer.append(":")
        writer.mark(element.offset)
        writer.append("[")
        if let schema = rules.xmlSchemas[kind] { feed = XMLSchemaFeed(schema, kind: kind) }
        feed?.start(element)
    }

    func text(_ text: String) {
        if !open.isEmpty { open[open.count - 1].text += text }
    }

    func end() {
        defer { depth -= 1 }
        if let current = array, current.depth == depth {
            writer.append("]")
            feed?.end()
            array = nil
            return
        }
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
        if self.collision == nil { self.collision = collision }
        feed?.add(record, as: place)
        writer.write(record, as: place)
    }
}
