import CLibXML2
import JSONSchema
import JSONText
import Model

/// Validates records against an XML Schema while they are read, by calling libxml2's validator as its parser would.
///
/// The validator sees each record under the name that the schema has for one, without namespaces, its attributes as
/// elements, and without fields that the schema does not name: these pass through.
final class XMLSchemaFeed {
    private let schema: XMLSchema
    private let kind: Kind
    private let context: xmlSchemaValidCtxtPtr?
    private let handler: UnsafeMutablePointer<xmlSAXHandler>
    private var plug: xmlSchemaSAXPlugPtr?
    private var validator: UnsafeMutablePointer<xmlSAXHandler>?
    private var target: UnsafeMutableRawPointer?
    /// Names that the validator keeps pointers to, for as long as it lives.
    private var names: [String: UnsafeMutablePointer<xmlChar>] = [:]

    private var index = -1
    private var record: XMLElement?
    private var field: (name: String, offset: Int, isSensitive: Bool)?
    private var findings: [(offset: Int, finding: Finding)] = []
    private var count = 0
    private var records: Set<Int> = []

    init(_ schema: XMLSchema, kind: Kind) {
        self.schema = schema
        self.kind = kind
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

    /// The array begins.
    func start(_ element: XMLElement) {
        record = element
        open(element.name)
    }

    /// The array ends.
    func end() {
        if let name = kind.arrayName { close(name) }
    }

    /// A record, with its fields as the JSON Schema knows them.
    func add(_ element: XMLElement, as place: SchemaCursor) {
        index += 1
        record = element
        open(schema.recordName)
        for (name, value) in element.attributes {
            leaf(XMLElement(name: name, offset: element.offset, text: value), as: place)
        }
        for child in element.children where schema.names.contains(child.name) {
            if child.isLeaf || child.isNil { leaf(child, as: place) } else { branch(child, as: place) }
        }
        field = nil
        close(schema.recordName)
    }

    private func leaf(_ element: XMLElement, as place: SchemaCursor) {
        let name = element.name
        guard schema.names.contains(name) else { return }
        field = (name, element.offset, place.property(name).isSensitive)
        open(name, isNil: element.isNil)
        if !element.isNil { characters(element.text) }
        close(name)
    }

    /// A field with fields of its own: the validator sees all of it.
    private func branch(_ element: XMLElement, as place: SchemaCursor) {
        field = (element.name, element.offset, place.property(element.name).isSensitive)
        open(element.name)
        whole(element)
        close(element.name)
    }

    private func whole(_ element: XMLElement) {
        for (name, value) in element.attributes {
            whole(XMLElement(name: name, offset: element.offset, text: value), name)
        }
        for child in element.children { whole(child, child.name) }
        characters(element.text)
    }

    private func whole(_ element: XMLElement, _ name: String) {
        open(name, isNil: element.isNil)
        whole(element)
        close(name)
    }

    private func characters(_ text: String) {
        guard !text.isEmpty else { return }
        var bytes = Array(text.utf8)
        validator?.pointee.characters?(target, &bytes, CInt(bytes.count))
    }

    private func open(_ name: String, isNil: Bool = false) {
        var attributes: [UnsafePointer<xmlChar>?] = []
        if isNil {
            let value = kept("true")
            attributes = [
                UnsafePointer(kept("nil")), UnsafePointer(kept("xsi")),
                UnsafePointer(kept("http://www.w3.org/2001/XMLSchema-instance")), UnsafePointer(value),
                UnsafePointer(value + 4),
            ]
        }
        attributes.withUnsafeMutableBufferPointer { buffer in
            validator?.pointee.startElementNs?(
                target, kept(name), nil, nil, 0, nil, isNil ? 1 : 0, 0, isNil ? buffer.baseAddress : nil)
        }
    }

    private func close(_ name: String) {
        validator?.pointee.endElementNs?(target, kept(name), nil, nil)
    }

    private func kept(_ name: String) -> UnsafeMutablePointer<xmlChar> {
        if let known = names[name] { return known }
        let bytes = Array(name.utf8) + [0]
        let copy = UnsafeMutablePointer<xmlChar>.allocate(capacity: bytes.count)
        copy.initialize(from: bytes, count: bytes.count)
        names[name] = copy
        return copy
    }

    // MARK: What is wrong

    private func add(_ error: xmlError) {
        // The simple type's own word follows the facet's about the same value.
        if error.code == CInt(XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1.rawValue), let field,
            findings.last?.offset == field.offset, findings.last?.finding.pointer?.hasSuffix("/\(field.name)") == true
        {
            return
        }
        count += 1
        if index >= 0 { records.insert(index) }
        guard findings.count < Problem.listedFindings else { return }
        let (text, facet) = missingFields(error).map { ($0, "required") } ?? XMLSchemaFeed.words(error)
        let array = "/\(kind.arrayName ?? "")"
        var pointer = index >= 0 ? "\(array)/\(index)" : array
        if let field { pointer += "/\(field.name)" }
        let offset = field?.offset ?? record?.offset ?? 0
        findings.append(
            (
                offset,
                Finding(
                    pointer: pointer, keyword: facet,
                    message: field?.isSensitive == true ? "the value does not fit the schema" : text,
                    record: identity)
            ))
    }

    /// The fields that a record lacks, where that is what the validator says at its end.
    private func missingFields(_ error: xmlError) -> String? {
        guard error.code == CInt(XML_SCHEMAV_ELEMENT_CONTENT.rawValue), field == nil, index >= 0, let record else {
            return nil
        }
        let present = Set(record.children.map(\.name)).union(record.attributes.map(\.name))
        let missing = schema.required.filter { !present.contains($0) }
        return missing.isEmpty ? nil : "is missing: \(missing.joined(separator: ", "))"
    }

    private var identity: String? {
        guard index >= 0, let record else { return nil }
        for name in kind.identityFields {
            let element = record.children.first { $0.name == name }
            if let text = element?.text ?? record.attributes.first(where: { $0.name == name })?.value, !text.isEmpty {
                return text
            }
        }
        return nil
    }

    /// libxml2's sentence without the element's name before it, and the facet that it names.
    private static func words(_ error: xmlError) -> (String, String?) {
        var text = error.message.map { String(cString: $0) } ?? "the value does not fit the schema"
        text = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        if let prefix = text.prefixMatch(of: /Element '[^']*': */) { text.removeSubrange(prefix.range) }
        var facet: String?
        if let match = text.prefixMatch(of: /\[facet '([^']*)'\] */) {
            facet = String(match.1)
            text.removeSubrange(match.range)
        }
        if text.hasSuffix(".") { text.removeLast() }
        return (FileName.escaped(text.prefix(300).utf8), facet)
    }

    /// Everything that does not fit; `nil` where all does.
    func problem(_ lines: LineStarts) -> Problem? {
        guard count > 0 else { return nil }
        let placed = findings.sorted { $0.offset < $1.offset }.map { offset, finding in
            var finding = finding
            let position = lines.position(ofByte: offset)
            (finding.line, finding.column) = (position.line, position.column)
            return finding
        }
        let schema = "the \(kind.rawValue) schema"
        let message =
            records.count == 1
            ? "1 record does not fit \(schema)" : "\(max(records.count, 1)) records do not fit \(schema)"
        return Problem(.schemaXML, message, findings: placed, count: count)
    }
}
