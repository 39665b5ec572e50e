import CLibXML2
import JSONSchema
import JSONText
import Model

/// Gathers what an XML Schema says against a document, in words for people and with the places in the sender's file.
struct XMLSchemaFindings {
    /// An element that is open to the validator.
    struct Place {
        let name: XMLName
        /// What the validator was told of it.
        let told: XMLName
        let space: XMLName?
        /// Where it begins in the sender's text.
        let text: TextPlace
        /// The JSON Schema's place, inside a record.
        let schema: XMLPlace?
    }

    private let names: XMLNames
    private let schema: XMLSchema
    private var index = -1
    private var record: XMLRecord?
    /// How many elements are open around the record.
    private var outside = 0
    private var findings: [(place: TextPlace, finding: Finding)] = []
    private var count = 0
    /// The records that do not fit, and the last of them.
    private var records = 0
    private var lastRecord = -1
    /// The last value that was found wrong, so that a second word about it is not counted.
    private var lastValue: (place: TextPlace, name: String, isNull: Bool)?

    init(_ names: XMLNames, _ schema: XMLSchema) {
        self.names = names
        self.schema = schema
    }

    mutating func start(_ record: XMLRecord, inside open: Int) {
        index += 1
        self.record = record
        outside = open
    }

    mutating func endRecord() {
        record = nil
    }

    /// - Parameter open: the open elements; the error is about the innermost.
    mutating func add(_ error: xmlError, at open: [Place], _ kind: Kind?) {
        guard let place = open.last else { return }
        let wording = XMLSchemaWording(error)
        let name = wording.attribute ?? names[place.name]
        // Where a value is wrong, libxml2 may add that it is not of its type; where it is null, what it would lack.
        if let last = lastValue, (last.place, last.name) == (place.text, name),
            last.isNull ? wording.isAboutValue : wording.isAboutType
        {
            return
        }
        lastValue = wording.isAboutValue || wording.isAboutNull ? (place.text, name, wording.isAboutNull) : nil
        count += 1
        if record != nil, index != lastRecord {
            records += 1
            lastRecord = index
        }
        guard findings.count < Problem.listedFindings else { return }
        let (message, keyword) = words(wording, name, open)
        let finding = Finding(
            pointer: pointer(open, wording.attribute, kind), keyword: keyword, message: message,
            record: kind.flatMap { record?.identity($0, names) })
        findings.append((place.text, finding))
    }

    private func words(_ wording: XMLSchemaWording, _ name: String, _ open: [Place]) -> (String, String?) {
        let place = open[open.count - 1]
        if wording.isAboutContent {
            if let missing = missingFields(open) {
                return ("is missing: \(missing.joined(separator: ", "))", "required")
            }
            if !schema.seesEverything {
                if record == nil { return ("there is no record in it", "minOccurs") }
                if open.count == outside + 2, occurrences(of: place.name) > 1 {
                    return ("there is more than one \(name)", "maxOccurs")
                }
            }
        }
        if isSensitive(place, wording.attribute) { return ("the value does not fit the schema", wording.keyword) }
        if wording.isAboutKeys {
            return ("a value that has to be there once is there twice, or is missing", wording.keyword)
        }
        let isOfElement = wording.attribute == nil
        return (wording.sentence(isOfElement ? place.schema : nil, type: schema.types[name] ?? nil), wording.keyword)
    }

    private func occurrences(of name: XMLName) -> Int {
        guard let record else { return 0 }
        var count = 0
        record.forEachChild(of: 0) { if record.nodes[$0].name == name { count += 1 } }
        return count
    }

    private func isSensitive(_ place: Place, _ attribute: String?) -> Bool {
        (attribute.flatMap { place.schema?.cursor.property($0) } ?? place.schema?.cursor)?.isSensitive == true
    }

    /// Into the record's field, if it is about one; deeper elements have no certain pointer.
    private func pointer(_ open: [Place], _ attribute: String?, _ kind: Kind?) -> String? {
        guard let array = kind?.arrayName else { return nil }
        guard record != nil else { return open.last.map { names[$0.name] } == array ? "/\(array)" : nil }
        let record = "/\(array)/\(index)"
        if open.count > outside + 1 { return "\(record)/\(JSONPointer.escape(names[open[outside + 1].name]))" }
        return attribute.map { "\(record)/\(JSONPointer.escape($0))" } ?? record
    }

    /// The fields that a record lacks, where that is what the validator says at its end.
    private func missingFields(_ open: [Place]) -> [String]? {
        guard open.count == outside + 1, let record else { return nil }
        var present: Set<String> = []
        record.forEachChild(of: 0) { present.insert(names[record.nodes[$0].name]) }
        let missing = schema.required.filter { !present.contains($0) }
        return missing.isEmpty ? nil : missing
    }

    /// Everything that does not fit; `nil` where all does.
    func problem(_ kind: Kind?) -> Problem? {
        guard count > 0 else { return nil }
        let placed = findings.sorted { $0.place < $1.place }.map { place, finding in
            var finding = finding
            (finding.line, finding.column) = (place.position.line, place.position.column)
            return finding
        }
        let schema = "the \(kind?.rawValue ?? "XML") schema"
        let message =
            switch records {
            case 0: "The document does not fit \(schema)"
            case 1: "1 record does not fit \(schema)"
            default: "\(records) records do not fit \(schema)"
            }
        return Problem(.schemaXML, message, findings: placed, count: count)
    }
}
