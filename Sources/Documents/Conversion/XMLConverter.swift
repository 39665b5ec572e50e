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
    /// `nil`: all records are written into one text.
    private let windows: XMLWindows?
    /// What is around the records, while they are handed out.
    private var outside: ConvertedText?
    /// The head of a window.
    private var head = 0
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
    private var ownReference: (text: String?, place: TextPlace)?
    private var feed: XMLSchemaFeed?
    /// The schema sees what lies around the array, too.
    private var isFedFromRoot = false
    private(set) var kind: Kind?
    private var duplicate: Place?
    /// A field that a mapping gives the name of another.
    private var collision: Problem?
    /// Where text stands beside elements: in the array, its holder, the document's own reference or a record.
    private var surplus: Misplaced?
    /// The array or its holder, while it is open.
    private var around: [Place] = []

    private struct OpenArray {
        let kind: Kind
        let name: String
        let depth: Int
        /// The JSON Schema of one of its records.
        let place: XMLPlace
        /// Where it begins, and the root.
        let places: (array: TextPlace, root: TextPlace)
        var records = 0
    }

    private struct Place {
        let name: XMLName
        let place: TextPlace
    }

    private struct Misplaced {
        let text: XMLValueWriter.Surplus
        let pointer: String
        var record: String?
    }

    private init(rules: DocumentRules, capacity: Int, windows: XMLWindows? = nil) {
        self.rules = rules
        self.windows = windows
        mapping = XMLMapping(rules.fields, names)
        writer = XMLValueWriter(names, literals: mapping.literals, capacity: capacity)
        ownReferenceName = names.name("batchReferenceId")
    }

    enum Outcome {
        case converted(ConvertedText)
        case problem(Kind?, Problem)
        case unfinished(Problem)
    }

    /// Converts a document that is held.
    static func convert(_ text: XMLText, rules: DocumentRules) -> Outcome {
        guard text.utf8.count <= Int32.max else {
            return .problem(nil, Problem(.readTooLarge, "An XML document can have at most \(Int32.max) bytes."))
        }
        let converter = XMLConverter(rules: rules, capacity: text.utf8.count / 2)
        do {
            return try converter.read(XMLInput(text.utf8)) { text.isCut }
        } catch {
            preconditionFailure("a text that is held is there: \(error)")
        }
    }

    /// Converts a document that is read piece by piece, and hands out its records on the way; what is left is the
    /// document with empty arrays.
    ///
    /// - Parameter isCut: asked at the end: whether the bytes end inside a character.
    /// - Throws: what the pieces and the windows throw, and ``XMLObstacle``.
    static func convert(
        _ pieces: @escaping XMLInput.Pieces, isCut: () -> Bool, rules: DocumentRules, windows: XMLWindows
    ) throws -> Outcome {
        let converter = XMLConverter(rules: rules, capacity: windows.bytes + windows.bytes / 8, windows: windows)
        return try converter.read(XMLInput(pieces), isCut: isCut)
    }

    private func read(_ input: XMLInput, isCut: () -> Bool) throws -> Outcome {
        let longestItem = windows?.longestItem ?? .max
        let reader = XMLReader(input, names, handler: self, longestItem: longestItem)
        let problem = try reader.read()
        // What is wrong with the encoding is wrong wherever it is.
        let end = windows == nil && !isCut() ? .start : try reader.end()
        if let problem { return problem.code == .readIncomplete ? .unfinished(problem) : .problem(kind, problem) }
        if isCut() {
            return .problem(kind, self.problem("the document ends inside a character", at: end, .parseEncoding))
        }
        return finish()
    }

    private func finish() -> Outcome {
        if let duplicate {
            let message = "<\(names[duplicate.name])> stands twice in this document"
            return .problem(kind, problem(message, at: duplicate.place, pointer: pointer(to: names[duplicate.name])))
        }
        if let collision { return .problem(kind, collision) }
        if !arrays.isEmpty, let surplus {
            let message = surplus.text.isNull ? "is null and yet has content" : "has text beside elements"
            return .problem(
                kind,
                problem(
                    "<\(names[surplus.text.name])> \(message)", at: surplus.text.place, pointer: surplus.pointer,
                    record: surplus.record))
        }
        // A document of several kinds is none, whatever its records are like.
        if arrays.count == 1, let problem = feed?.problem { return .problem(kind, problem) }
        if let ownReference {
            if !arrays.isEmpty { writer.append(sign: ",") }
            writer.mark(ownReference.place)
            writer.appendKey(ownReferenceName)
            writer.append(text: ownReference.text)
        }
        writer.append(sign: "}")
        return .converted(ConvertedText(json: writer.json, map: .places(writer.map)))
    }

    private func problem(
        _ message: String, at place: TextPlace, _ code: Code = .schemaXML, pointer: String? = nil, record: String? = nil
    ) -> Problem {
        let position = place.position
        return Problem(
            code, message,
            findings: [
                Finding(
                    pointer: pointer, line: position.line, column: position.column, message: message, record: record)
            ])
    }

    private func pointer(to tokens: String...) -> String { JSONPointer(tokens: tokens).description }

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
        if depth == 1 { around.append(Place(name: tag.name, place: tag.place)) }
        if isFedFromRoot { feed?.start(tag) }
        // The holder itself is not kept, nor are its other fields but for the reference.
        if depth == 2, tag.name == ownReferenceName { record.start(tag) }
        return nil
    }

    private func startRoot(_ tag: XMLTag) {
        writer.mark(tag.place)
        writer.append(sign: "{")
        feed = rules.schemaOfWhole(document: names[tag.name]).map { XMLSchemaFeed($0, names) }
        isFedFromRoot = feed != nil
        if let own = tag.attributes.first(where: { $0.name == ownReferenceName }) {
            ownReference = (own.value, tag.place)
        }
    }

    private func startArray(_ kind: Kind, _ tag: XMLTag) {
        guard let schema = rules.schemas[kind] else { preconditionFailure("every kind of document has a schema") }
        writeArrayName(kind, tag)
        self.kind = self.kind ?? kind
        let name = names[tag.name]
        array = OpenArray(
            kind: kind, name: name, depth: depth, place: XMLPlace(schema.cursor.property(name).item()),
            places: (tag.place, around.first?.place ?? tag.place))
        around.append(Place(name: tag.name, place: tag.place))
        writer.append(sign: "[")
        if windows != nil {
            outside = writer.take()
            openWindow()
        }
        if !isFedFromRoot { feed = rules.xmlSchemas[kind].map { XMLSchemaFeed($0, names) } }
        feed?.kind = kind
        feed?.start(tag)
    }

    private func writeArrayName(_ kind: Kind, _ tag: XMLTag) {
        if arrays.contains(kind) { duplicate = Place(name: tag.name, place: tag.place) }
        if !arrays.isEmpty { writer.append(sign: ",") }
        arrays.append(kind)
        writer.mark(tag.place)
        writer.appendKey(tag.name)
    }

    func text(_ bytes: UnsafeBufferPointer<UInt8>) throws {
        if record.isOpen {
            record.append(bytes)
            if let windows, record.text.count > windows.longestRecord { throw obstacle }
        } else if depth == around.count, surplus == nil, let place = around.last, !bytes.isXMLSpace {
            // The holder is the document.
            surplus = Misplaced(
                text: .init(name: place.name, place: place.place), pointer: array.map { pointer(to: $0.name) } ?? "")
        }
        if array == nil ? isFedFromRoot : !record.isOpen { feed?.text(bytes) }
    }

    func end() throws {
        defer { depth -= 1 }
        if let current = array, current.depth == depth {
            if let outside {
                try closeWindow()
                writer.restore(outside)
                self.outside = nil
            }
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
            if root.form.contains(.mixed), surplus == nil {
                surplus = Misplaced(
                    text: .init(name: root.name, place: root.place), pointer: pointer(to: names[ownReferenceName]))
            }
            ownReference = (root.form.contains(.null) ? nil : record.string(of: 0), root.place)
        } else {
            writeRecord()
            if let windows, writer.json.count - head >= windows.bytes {
                try closeWindow()
                openWindow()
            }
        }
        record.removeAll()
    }

    private func writeRecord() {
        guard let current = array else { return }
        if windows == nil ? current.records > 0 : writer.json.count > head { writer.append(sign: ",") }
        let collision = mapping.apply(to: &record)
        if let collision, self.collision == nil {
            let position = collision.place.position
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
        if surplus == nil, let text = writer.surplus {
            surplus = Misplaced(
                text: text, pointer: pointer(to: current.name, String(current.records)),
                record: record.identity(current.kind, names))
        }
    }
}

/// Records that are handed out while the document is read.
extension XMLConverter {
    private func openWindow() {
        guard let current = array else { return }
        writer.mark(current.places.root)
        writer.append(sign: "{")
        writer.mark(current.places.array)
        writer.appendKey(names.name(current.name))
        writer.append(sign: "[")
        head = writer.json.count
    }

    private func closeWindow() throws {
        guard let windows else { return }
        let isEmpty = writer.json.count == head
        writer.append(sign: "]")
        writer.append(sign: "}")
        let window = writer.take()
        if !isEmpty { try windows.take(window) }
    }

    /// The record that is being read cannot be held.
    private var obstacle: XMLObstacle {
        guard let array else { return .reference(bytes: record.text.count) }
        var record = record
        while !record.end() {}
        return .record(
            array.kind, index: array.records, bytes: record.text.count, record.nodes[0].place,
            identity: record.identity(array.kind, names))
    }
}
