import JSONSchema
import JSONText
import Model

/// Writes XML elements as the JSON that a schema describes (contract, section 6).
///
/// What the schema calls an array is one even with a single element; what it calls a number or a boolean is written as
/// one if it can be read as one exactly, and as a string otherwise, so that the schema says what is wrong with it.
struct XMLValueWriter {
    private(set) var json: [UInt8] = []
    private(set) var map: SourceMap
    /// The first element with text beside elements: it cannot be converted.
    private(set) var mixed: XMLElement?

    init(lines: LineStarts) {
        map = SourceMap(lines: lines)
    }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { json.append(contentsOf: $0) }
    }

    mutating func appendString(_ text: String) {
        var text = text
        let isPlain = text.withUTF8 { utf8 in
            // Nothing below a space, no quotation mark, no backslash: the usual case.
            for byte in utf8 where byte < 0x20 || byte == 0x22 || byte == 0x5C || byte == 0x7F { return false }
            json.append(0x22)
            json.append(contentsOf: utf8)
            json.append(0x22)
            return true
        }
        if !isPlain { json.appendJSONString(text) }
    }

    /// Marks where a value that begins here comes from.
    mutating func mark(_ offset: Int) {
        map.append(converted: json.count, original: offset)
    }

    mutating func write(_ element: XMLElement, as place: SchemaCursor) {
        mark(element.offset)
        if element.isMixed && mixed == nil { mixed = element }
        if let literal = element.literal {
            append(literal)
        } else if element.isNil {
            append("null")
        } else if isArray(place) {
            write(items: [element], as: place, from: element.offset)
        } else if element.isLeaf {
            write(text: element.text, as: place.types)
        } else {
            writeObject(element, as: place)
        }
    }

    private func isArray(_ place: SchemaCursor) -> Bool {
        guard let types = place.types else { return false }
        return types.contains(.array) && types.isDisjoint(with: [.object, .string])
    }

    // MARK: Objects

    private mutating func writeObject(_ element: XMLElement, as place: SchemaCursor) {
        append("{")
        var isFirst = true
        for (name, value) in element.attributes {
            writeKey(name, &isFirst)
            mark(element.offset)
            write(text: value, as: place.property(name).types)
        }
        for (name, group) in grouped(element.children) {
            writeKey(name, &isFirst)
            let field = place.property(name)
            if group[0].literal != nil {
                write(group[0], as: field)
            } else if group.count > 1 || isArray(field) {
                mark(group[0].offset)
                write(items: group, as: field, from: group[0].offset)
            } else {
                write(group[0], as: field)
            }
        }
        if element.children.isEmpty && !element.isBlank {
            writeKey("value", &isFirst)
            mark(element.offset)
            write(text: element.text, as: place.property("value").types)
        }
        append("}")
    }

    private mutating func writeKey(_ name: String, _ isFirst: inout Bool) {
        if !isFirst { append(",") }
        isFirst = false
        appendString(name)
        append(":")
    }

    /// Elements of one name together, in the order in which the names first came.
    private func grouped(_ elements: [XMLElement]) -> [(name: String, elements: [XMLElement])] {
        var groups: [(name: String, elements: [XMLElement])] = []
        groups.reserveCapacity(elements.count)
        // Few names are found sooner by looking at each.
        if elements.count <= 16 {
            for element in elements {
                if let place = groups.firstIndex(where: { $0.name == element.name }) {
                    groups[place].elements.append(element)
                } else {
                    groups.append((element.name, [element]))
                }
            }
            return groups
        }
        var places: [String: Int] = [:]
        for element in elements {
            if let place = places[element.name] {
                groups[place].elements.append(element)
            } else {
                places[element.name] = groups.count
                groups.append((element.name, [element]))
            }
        }
        return groups
    }

    // MARK: Arrays

    /// Elements of one name, which are the items, or one element around them.
    private mutating func write(items: [XMLElement], as place: SchemaCursor, from offset: Int) {
        let item = place.item()
        var values = items
        if items.count == 1 {
            if items[0].isNil { return append("null") }
            if items[0].isEmpty {
                values = []
            } else if isWrapper(items[0], of: item) {
                values = items[0].children
            }
        }
        append("[")
        for (index, value) in values.enumerated() {
            if index > 0 { append(",") }
            write(value, as: item)
        }
        append("]")
    }

    /// Whether an element only holds the items: items that are no objects are its children, and items that are
    /// objects are its children if each of these has fields of its own and is none of an item's fields.
    private func isWrapper(_ element: XMLElement, of item: SchemaCursor) -> Bool {
        guard !element.children.isEmpty, element.attributes.isEmpty else { return false }
        guard item.types?.contains(.object) ?? true else { return true }
        return element.children.allSatisfy { !$0.isLeaf && item.property($0.name).types == nil }
    }

    // MARK: Text

    private mutating func write(text: String, as types: Set<JSONType>?) {
        guard let types, !types.contains(.string) else { return appendString(text) }
        let bare = text.trimmingSpaces
        if bare.isEmpty {
            if types.contains(.null) { return append("null") }
            if types.contains(.object) { return append("{}") }
            return appendString(text)
        }
        if types.contains(.number) || types.contains(.integer), XMLValueWriter.isNumber(bare) { return append(bare) }
        if types.contains(.boolean) {
            switch bare {
            case "true", "1": return append("true")
            case "false", "0": return append("false")
            default: break
            }
        }
        appendString(text)
    }

    /// Whether a text is a number as JSON writes numbers (RFC 8259, section 6).
    static func isNumber(_ text: String) -> Bool {
        var rest = Substring(text).utf8
        func digits() -> Int {
            let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let startsWithZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !startsWithZero || whole == 1 else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard (1...18).contains(digits()) else { return false }
        }
        return rest.isEmpty
    }
}
