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
    /// The validator keeps pointers into it.
    private let names: XMLNames
    private let recordName: XMLName
    /// `xsi:nil="true"`.
    private let null: (name: XMLName, prefix: XMLName, namespace: XMLName, value: XMLName)
    /// By name, whether a shipped schema names it; `nil`: not looked at so far.
    private var isNamed: [Bool?] = []
    private let context: xmlSchemaValidCtxtPtr?
    private let handler: UnsafeMutablePointer<xmlSAXHandler>
    private let plug: xmlSchemaSAXPlugPtr?
    /// What the validator put in the place of `handler` and its data. Taking it out again puts these back, at the
    /// addresses that putting it in was told: so they have to stay where they are.
    private let validator: UnsafeMutablePointer<UnsafeMutablePointer<xmlSAXHandler>?>
    private let target: UnsafeMutablePointer<UnsafeMutableRawPointer?>

    // One thread reads one document; an error that libxml2 reports while it is told something only reads `open` and
    // adds to `findings`, which nothing else is looking at then.
    /// The elements that are open to the validator, outermost first.
    @exclusivity(unchecked) private var open: [XMLSchemaFindings.Place] = []
    /// What the validator is told of a tag's attributes: five pointers each.
    @exclusivity(unchecked) private var words: [UnsafePointer<xmlChar>?] = []
    @exclusivity(unchecked) private var findings: XMLSchemaFindings

    init(_ schema: XMLSchema, _ names: XMLNames) {
        self.schema = schema
        self.names = names
        recordName = names.name(schema.recordName)
        null = (
            names.name("nil"), names.name("xsi"), names.name("http://www.w3.org/2001/XMLSchema-instance"),
            names.name("true")
        )
        findings = XMLSchemaFindings(names, schema)
        handler = .allocate(capacity: 1)
        handler.initialize(to: xmlSAXHandler())
        handler.pointee.initialized = UInt32(XML_SAX2_MAGIC)
        // The validator takes the place of a handler, and wants to see one of this form.
        handler.pointee.startElementNs = { _, _, _, _, _, _, _, _, _ in }
        context = xmlSchemaNewValidCtxt(schema.compiled)
        validator = .allocate(capacity: 1)
        validator.initialize(to: handler)
        target = .allocate(capacity: 1)
        target.initialize(to: nil)
        plug = xmlSchemaSAXPlug(context, validator, target)
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
        handler.deallocate()
        validator.deallocate()
        target.deallocate()
    }

    /// Everything that does not fit; `nil` where all does.
    var problem: Problem? { findings.problem(kind) }

    // MARK: Around the records

    /// The array begins, or what it lies in.
    func start(_ tag: XMLTag) {
        words.removeAll(keepingCapacity: true)
        if schema.seesEverything {
            for attribute in tag.attributes { add(attribute.name, attribute.raw) }
        }
        begin(tag.name, as: tag.name, tag.space, at: tag.place, isNil: tag.isNil, nil)
    }

    func text(_ bytes: UnsafeBufferPointer<UInt8>) {
        if schema.seesEverything { characters(bytes) }
    }

    /// The last element that was started ends.
    func end() { finish() }

    // MARK: Records

    /// A record, with its fields as the JSON Schema knows them.
    func add(_ record: XMLRecord, as place: XMLPlace) {
        findings.start(record, inside: open.count)
        defer { findings.endRecord() }
        if schema.seesEverything { return whole(0, of: record, as: place) }
        begin(recordName, of: 0, record, place)
        record.forEachChild(of: 0) { field($0, of: record, in: place) }
        finish()
    }

    private func field(_ index: Int, of record: XMLRecord, in place: XMLPlace) {
        let node = record.nodes[index]
        guard isKnown(node.name) else { return }
        let place = place.field(node.name, names)
        begin(node.name, of: index, record, place)
        if !node.form.contains(.null) {
            record.forEachChild(of: index) { nested($0, of: record, in: place) }
            record.withText(of: index) { characters($0) }
        }
        finish()
    }

    private func nested(_ index: Int, of record: XMLRecord, in place: XMLPlace) {
        let name = record.nodes[index].name
        let place = step(from: place, to: name)
        begin(name, of: index, record, place)
        record.forEachChild(of: index) {
            if !record.nodes[$0].form.contains(.attribute) { nested($0, of: record, in: place) }
        }
        record.withText(of: index) { characters($0) }
        finish()
    }

    private func whole(_ index: Int, of record: XMLRecord, as place: XMLPlace) {
        let node = record.nodes[index]
        // A constant that the schema does not know is not of the sender's document.
        if node.constant != nil && !isKnown(node.name) { return }
        record.text.withUnsafeBufferPointer { text in
            words.removeAll(keepingCapacity: true)
            record.forEachChild(of: index) { child in
                let attribute = record.nodes[child]
                guard attribute.form.contains(.attribute) else { return }
                let value = text[Int(attribute.textStart)..<Int(attribute.textEnd)]
                add(attribute.name, UnsafeBufferPointer(rebasing: value))
            }
            begin(node.name, as: node.name, node.space, at: node.place, isNil: node.form.contains(.null), place)
        }
        record.forEachChild(of: index) { child in
            let node = record.nodes[child]
            if !node.form.contains(.attribute) { whole(child, of: record, as: step(from: place, to: node.name)) }
        }
        if !node.form.contains(.null) { record.withText(of: index) { characters($0) } }
        finish()
    }

    private func step(from place: XMLPlace, to name: XMLName) -> XMLPlace {
        place.types?.contains(.array) == true ? place.item.field(name, names) : place.field(name, names)
    }

    private func isKnown(_ name: XMLName) -> Bool {
        let index = Int(name.index)
        if index < isNamed.count, let known = isNamed[index] { return known }
        let known = schema.names.contains(names[name])
        while isNamed.count <= index { isNamed.append(nil) }
        isNamed[index] = known
        return known
    }

    // MARK: What the validator is told

    private func begin(_ name: XMLName, of index: Int, _ record: XMLRecord, _ place: XMLPlace) {
        let node = record.nodes[index]
        words.removeAll(keepingCapacity: true)
        begin(node.name, as: name, nil, at: node.place, isNil: node.form.contains(.null), place)
    }

    private func add(_ name: XMLName, _ value: UnsafeBufferPointer<UInt8>) {
        // An empty value has an address, too.
        let start = value.baseAddress ?? names.spelling(name)
        words += [names.spelling(name), nil, nil, start, start + value.count]
    }

    /// - Parameters:
    ///   - own: the element's own name.
    ///   - name: the one that the validator sees.
    private func begin(
        _ own: XMLName, as name: XMLName, _ space: XMLName?, at place: TextPlace, isNil: Bool, _ schema: XMLPlace?
    ) {
        let space = self.schema.targetNamespace == nil ? nil : space
        open.append(XMLSchemaFindings.Place(name: own, told: name, space: space, text: place, schema: schema))
        if isNil {
            let value = names.spelling(null.value)
            let namespace = names.spelling(null.namespace)
            words += [names.spelling(null.name), names.spelling(null.prefix), namespace, value, value + 4]
        }
        let count = CInt(words.count / 5)
        words.withUnsafeMutableBufferPointer { words in
            validator.pointee?.pointee.startElementNs?(
                target.pointee, names.spelling(name), nil, space.map(names.spelling), 0, nil, count, 0,
                words.baseAddress)
        }
    }

    private func characters(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard !bytes.isEmpty else { return }
        validator.pointee?.pointee.characters?(target.pointee, bytes.baseAddress, CInt(bytes.count))
    }

    private func finish() {
        guard let last = open.last else { return }
        validator.pointee?.pointee.endElementNs?(
            target.pointee, names.spelling(last.told), nil, last.space.map(names.spelling))
        open.removeLast()
    }

    private func add(_ error: xmlError) {
        findings.add(error, at: open, kind)
    }
}
