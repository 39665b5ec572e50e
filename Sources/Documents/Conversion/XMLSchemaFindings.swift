import CLibXML2
import JSONSchema
import JSONText
import Model

/// Gathers what an XML Schema says against a document, in words for people and with the places in the sender's file.
struct XMLSchemaFindings {
    /// An element that is open to the validator.
    struct Place {
        let name: String
        let offset: Int
        /// The JSON Schema's place, inside a record.
        let schema: SchemaCursor?
    }

    private var index = -1
    private var record: XMLElement?
    /// How many elements are open around the record.
    private var outside = 0
    private var findings: [(offset: Int, finding: Finding)] = []
    private var count = 0
    private var records: Set<Int> = []
    /// The last value that was found wrong, so that a second word about it is not counted.
    private var lastValue: (offset: Int, name: String, listed: Int?)?

    mutating func start(record: XMLElement, inside open: Int) {
        index += 1
        self.record = record
        outside = open
    }

    mutating func endRecord() {
        record = nil
    }

    /// - Parameters:
    ///   - open: the open elements; the error is about the innermost.
    ///   - required: the fields that the schema wants of a record.
    mutating func add(_ error: xmlError, at open: [Place], required: [String], _ kind: Kind?) {
        guard let place = open.last else { return }
        let (text, attribute, facet) = XMLSchemaFindings.words(error)
        let name = attribute ?? place.name
        // The type's own word follows the facet's about the same value.
        let isAboutValue = XMLSchemaFindings.isAboutType(error)
        if isAboutValue, let last = lastValue, (last.offset, last.name) == (place.offset, name) {
            // A type's name says more to people than a pattern.
            if let listed = last.listed, findings[listed].finding.keyword == "pattern", !isSensitive(place, attribute) {
                findings[listed].finding.message = text
            }
            lastValue = nil
            return
        }
        let isListed = findings.count < Problem.listedFindings
        lastValue = facet != nil || isAboutValue ? (place.offset, name, isListed ? findings.count : nil) : nil
        count += 1
        if record != nil { records.insert(index) }
        guard isListed else { return }
        var message = text
        var keyword = facet
        if let missing = missingFields(error, open, required) {
            message = "is missing: \(missing.joined(separator: ", "))"
            keyword = "required"
        } else if isSensitive(place, attribute) {
            message = "the value does not fit the schema"
        } else if XMLSchemaFindings.isAboutKeys(error) {
            message = "a value that has to be there once is there twice, or is missing"
        }
        let finding = Finding(
            pointer: pointer(open, attribute, kind), keyword: keyword, message: message,
            record: kind.flatMap { record?.identity($0) })
        findings.append((place.offset, finding))
    }

    private func isSensitive(_ place: Place, _ attribute: String?) -> Bool {
        (attribute.flatMap { place.schema?.property($0) } ?? place.schema)?.isSensitive == true
    }

    /// Into the record's field, if it is about one; deeper elements have no certain pointer.
    private func pointer(_ open: [Place], _ attribute: String?, _ kind: Kind?) -> String? {
        guard let array = kind?.arrayName else { return nil }
        guard record != nil else { return open.last?.name == array ? "/\(array)" : nil }
        let record = "/\(array)/\(index)"
        if open.count > outside + 1 { return "\(record)/\(JSONPointer.escape(open[outside + 1].name))" }
        return attribute.map { "\(record)/\(JSONPointer.escape($0))" } ?? record
    }

    /// The fields that a record lacks, where that is what the validator says at its end.
    private func missingFields(_ error: xmlError, _ open: [Place], _ required: [String]) -> [String]? {
        guard error.code == CInt(XML_SCHEMAV_ELEMENT_CONTENT.rawValue), open.count == outside + 1, let record else {
            return nil
        }
        let present = Set(record.children.map(\.name)).union(record.attributes.map(\.name))
        let missing = required.filter { !present.contains($0) }
        return missing.isEmpty ? nil : missing
    }

    // MARK: libxml2's words

    private static func isAboutType(_ error: xmlError) -> Bool {
        [
            XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1, XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_2,
            XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_3,
        ].contains { error.code == CInt($0.rawValue) }
    }

    /// Its words hold the values of other elements.
    private static func isAboutKeys(_ error: xmlError) -> Bool {
        error.code == CInt(XML_SCHEMAV_CVC_IDC.rawValue)
    }

    /// libxml2's sentence without the element before it; the attribute and the facet that it names.
    private static func words(_ error: xmlError) -> (text: String, attribute: String?, facet: String?) {
        var text = error.message.map { String(cString: $0) } ?? "the value does not fit the schema"
        text = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        var attribute: String?
        if let prefix = text.prefixMatch(of: /Element '[^']*'(?:, attribute '(?:\{[^}]*\})?([^']*)')?: */) {
            attribute = prefix.1.map { String($0) }
            text.removeSubrange(prefix.range)
        }
        var facet: String?
        if let match = text.prefixMatch(of: /\[facet '([^']*)'\] */) {
            facet = String(match.1)
            text.removeSubrange(match.range)
        }
        text.replace(/\ of the (?:local )?(?:atomic|list|union) type '(?:xs:|\{[^}]*\})?([^']*)'/) { " \($0.1)" }
        text.replace(/\ is not an element of the set \{(.*)\}/) { " is none of \($0.1)" }
        text.replace("This element is not expected", with: "the element is not expected here")
        if text.hasSuffix(".") { text.removeLast() }
        if text.hasPrefix("The ") { text = "the " + text.dropFirst(4) }
        return (FileName.escaped(text.prefix(300).utf8), attribute, facet)
    }

    /// Everything that does not fit; `nil` where all does.
    func problem(_ kind: Kind?, _ lines: LineStarts) -> Problem? {
        guard count > 0 else { return nil }
        let placed = findings.sorted { $0.offset < $1.offset }.map { offset, finding in
            var finding = finding
            let position = lines.position(ofByte: offset)
            (finding.line, finding.column) = (position.line, position.column)
            return finding
        }
        let schema = "the \(kind?.rawValue ?? "XML") schema"
        let message =
            switch records.count {
            case 0: "The document does not fit \(schema)"
            case 1: "1 record does not fit \(schema)"
            default: "\(records.count) records do not fit \(schema)"
            }
        return Problem(.schemaXML, message, findings: placed, count: count)
    }
}
