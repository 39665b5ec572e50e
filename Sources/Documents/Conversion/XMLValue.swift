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
        json.append(contentsOf: text.utf8)
    }

    mutating func appendString(_ text: String) {
        json.appendJSONString(text)
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
        if element.children.isEmpty && !element.text.allSatisfy(\.isWhitespace) {
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
        let values = items.count == 1 && isWrapper(items[0], of: item) ? items[0].children : items
        let isEmpty = values.count == 1 && values[0].isLeaf && values[0].text.isEmpty && !values[0].isNil
        append("[")
        for (index, value) in (isEmpty ? [] : values).enumerated() {
            if index > 0 { append(",") }
            write(value, as: item)
        }
        append("]")
    }

    /// Whether an element only holds the items: items that are no objects are its children, and items that are
    /// objects are its children if each of these has fields of its own.
    private func isWrapper(_ element: XMLElement, of item: SchemaCursor) -> Bool {
        guard !element.children.isEmpty, element.attributes.isEmpty else { return false }
        guard item.types?.contains(.object) ?? true else { return true }
        return element.children.allSatisfy { !$0.isLeaf }
    }

    // MARK: Text

    private mutating func write(text: String, as types: Set<JSONType>?) {
        guard let types, !types.contains(.string) else { return appendString(text) }
        let trimmed = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        let bare = String(trimmed)
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
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || isDigit(first) else { return false }
        // The parser knows best; a text that begins like a number is one or is nothing else.
        do throws(JSONSyntaxError) {
            return try JSONDocument(parsing: Array(text.utf8)).root.kind == .number
        } catch {
            return false
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
