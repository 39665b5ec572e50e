import CLibXML2
import JSONSchema
import JSONText
import Model

/// Validates a document against an XML Schema while it is read, by calling libxml2's validator as its parser would.
///
/// A shipped schema sees the array and each record under the name that it has for one, attributes as elements, and
/// without fields that it does not name: these pass through. An inbox's own schema sees everything, from the root if it
/// knows that and else from the array, with fields already mapped; and namespaces only if it has one itself.
final class XMLSchemaFeed {
    /// Set where the array begins.
    var kind: Kind?

    private let schema: XMLSchema
    private let context: xmlSchemaValidCtxtPtr?
    private let handler: UnsafeMutablePointer<xmlSAXHandler>
    private var plug: xmlSchemaSAXPlugPtr?
    private var validator: UnsafeMutablePointer<xmlSAXHandler>?
    private var target: UnsafeMutableRawPointer?
    /// Names that the validator keeps pointers to, for as long as it lives.
    private var names: [String: UnsafeMutablePointer<xmlChar>] = [:]

    /// The elements that are open to the validator, outermost first.
    private var open: [XMLSchemaFindings.Place] = []
    private var findings = XMLSchemaFindings()

    init(_ schema: XMLSchema) {
        self.schema = schema
        handler = .allocate(capacity: 1)
        handler.initialize(to: xmlSAXHandler())
        handler.pointee.initialized = UInt32(XML_SAX2_MAGIC)
        // The validator takes the place of a handler, and wants to see one of this form.
        handler.pointee.startElementNs = { _, _, _, _, _, _, _, _, _ in }
        context = xmlSchemaNewValidCtxt(schema.compiled)
        var sax: UnsafeMutablePointer<xmlSAXHandler>? = handler
        plug = xmlSchemaSAXPlug(context, &sax, &target)
        validator = sax
        xmlSchemaSetValidStructuredErrors(
            context,
            { feed, error in
                guard let feed, let error else { return }
                Unmanaged<XMLSchemaFeed>.fromOpaque(feed).takeUnretainedValue().add(error.pointee)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        if let plug { xmlSchemaSAXUnplug(plug) }
        if let context { xmlSchemaFreeValidCtxt(context) }
        for name in names.values { name.deallocate() }
        handler.deallocate()
    }

    /// Everything that does not fit; `nil` where all does.
    func problem(_ lines: LineStarts) -> Problem? { findings.problem(kind, lines) }

    // MARK: Around the records

    /// The array begins, or what it lies in.
    func start(_ element: XMLElement) {
        begin(element.name, element, nil, attributes: schema.seesEverything ? element.attributes : [])
    }

    func text(_ text: String) {
        if schema.seesEverything { characters(text) }
    }

    /// The last element that was started ends.
    func end() { finish() }

    // MARK: Records

    /// A record, with its fields as the JSON Schema knows them.
    func add(_ element: XMLElement, as place: SchemaCursor) {
        findings.start(record: element, inside: open.count)
        defer { findings.endRecord() }
        if schema.seesEverything { return whole(element, as: place) }
        begin(schema.recordName, element, place)
        for (name, value) in element.attributes {
            field(XMLElement(name: name, offset: element.offset, text: value), of: place)
        }
        for child in element.children { field(child, of: place) }
        finish()
    }

    private func field(_ element: XMLElement, of place: SchemaCursor) {
        guard schema.names.contains(element.name) else { return }
        let place = place.property(element.name)
        begin(element.name, element, place)
        if !element.isNil {
            for (name, value) in element.attributes {
                nested(XMLElement(name: name, offset: element.offset, text: value), in: place)
            }
            for child in element.children { nested(child, in: place) }
            characters(element.text)
        }
        finish()
    }

    private func nested(_ element: XMLElement, in place: SchemaCursor) {
        begin(element.name, element, XMLSchemaFeed.step(from: place, to: element.name))
        for child in element.children { nested(child, in: place) }
        characters(element.text)
        finish()
    }

    private func whole(_ element: XMLElement, as place: SchemaCursor) {
        // A constant that the schema does not know is not of the sender's document.
        if element.literal != nil && !schema.names.contains(element.name) { return }
        begin(element.name, element, place, attributes: element.attributes)
        for child in element.children { whole(child, as: XMLSchemaFeed.step(from: place, to: child.name)) }
        if !element.isNil { characters(element.text) }
        finish()
    }

    private static func step(from place: SchemaCursor, to name: String) -> SchemaCursor {
        place.types?.contains(.array) == true ? place.item().property(name) : place.property(name)
    }

    // MARK: What the validator is told

    private func begin(
        _ name: String, _ element: XMLElement, _ place: SchemaCursor?, attributes: [(name: String, value: String)] = []
    ) {
        open.append(XMLSchemaFindings.Place(name: element.name, offset: element.offset, schema: place))
        var words: [UnsafePointer<xmlChar>?] = []
        var values: [UnsafeMutablePointer<xmlChar>] = []
        defer { for value in values { value.deallocate() } }
        func add(_ name: String, _ prefix: String?, _ space: String?, _ value: String) {
            let copy = XMLSchemaFeed.copy(value)
            values.append(copy)
            words.append(UnsafePointer(kept(name)))
            words.append(prefix.map { UnsafePointer(kept($0)) })
            words.append(space.map { UnsafePointer(kept($0)) })
            words.append(UnsafePointer(copy))
            words.append(UnsafePointer(copy + value.utf8.count))
        }
        for attribute in attributes { add(attribute.name, nil, nil, attribute.value) }
        if element.isNil { add("nil", "xsi", "http://www.w3.org/2001/XMLSchema-instance", "true") }
        let space = schema.targetNamespace == nil ? nil : element.space
        let count = CInt(words.count / 5)
        words.withUnsafeMutableBufferPointer { words in
            validator?.pointee.startElementNs?(
                target, kept(name), nil, space.map { UnsafePointer(kept($0)) }, 0, nil, count, 0, words.baseAddress)
        }
        spelling.append((name, space))
    }

    /// Name and namespace of the open elements, as the validator was told them.
    private var spelling: [(name: String, space: String?)] = []

    private func characters(_ text: String) {
        guard !text.isEmpty else { return }
        var text = text
        text.withUTF8 { utf8 in
            validator?.pointee.characters?(target, utf8.baseAddress, CInt(utf8.count))
        }
    }

    private func finish() {
        guard let (name, space) = spelling.popLast() else { return }
        validator?.pointee.endElementNs?(target, kept(name), nil, space.map { UnsafePointer(kept($0)) })
        open.removeLast()
    }

    private func kept(_ name: String) -> UnsafeMutablePointer<xmlChar> {
        if let known = names[name] { return known }
        let copy = XMLSchemaFeed.copy(name)
        names[name] = copy
        return copy
    }

    private static func copy(_ text: String) -> UnsafeMutablePointer<xmlChar> {
        let bytes = Array(text.utf8) + [0]
        let copy = UnsafeMutablePointer<xmlChar>.allocate(capacity: bytes.count)
        copy.initialize(from: bytes, count: bytes.count)
        return copy
    }

    private func add(_ error: xmlError) {
        findings.add(error, at: open, required: schema.required, kind)
    }
}
