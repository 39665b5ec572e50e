import JSONText

/// Writes the elements of records as the JSON that a schema describes (contract, section 6).
///
/// What the schema calls an array is one even with a single element; what it calls a number or a boolean is written as
/// one if it can be read as one exactly, and as a string otherwise, so that the schema says what is wrong with it.
struct XMLValueWriter {
    private(set) var json: [UInt8] = []
    private(set) var map = PlaceMap(capacity: 0)
    /// The first element that says more than a field can hold: it cannot be converted.
    private(set) var surplus: Surplus?

    struct Surplus {
        let name: XMLName
        let place: TextPlace
        /// It is null and yet not empty; otherwise it has text beside elements.
        var isNull = false
    }

    private let names: XMLNames
    /// The constants of a mapping, as JSON text.
    private let literals: [[UInt8]]
    /// How much room a new text gets.
    private let capacity: Int
    /// By name, the number of the last object that was found to have it.
    private var seen: [Int32] = []
    private var objects: Int32 = 0

    init(_ names: XMLNames, literals: [[UInt8]], capacity: Int) {
        self.names = names
        self.literals = literals
        self.capacity = capacity
        begin()
    }

    private mutating func begin() {
        json = []
        json.reserveCapacity(capacity)
        map = PlaceMap(capacity: capacity / 16)
    }

    /// Takes out what was written so far, to begin anew.
    mutating func take() -> ConvertedText {
        defer { begin() }
        return ConvertedText(json: json, map: .places(map))
    }

    /// Goes on with what was taken out.
    mutating func restore(_ text: ConvertedText) {
        guard case .places(let places) = text.map else { preconditionFailure("it was taken out here") }
        (json, map) = (text.json, places)
    }

    mutating func append(sign: Unicode.Scalar) {
        json.append(UInt8(ascii: sign))
    }

    private mutating func append(word: StaticString) {
        json.append(contentsOf: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }

    mutating func appendKey(_ name: XMLName) {
        json.append(contentsOf: names.key(name))
    }

    /// Appends a text as a string, or null.
    mutating func append(text: String?) {
        if let text { json.appendJSONString(text) } else { append(word: "null") }
    }

    /// Marks where a value that begins here comes from.
    mutating func mark(_ place: TextPlace) {
        map.append(converted: json.count, place)
    }

    /// Writes the element or attribute at `index`.
    mutating func write(_ index: Int, of record: XMLRecord, as place: XMLPlace) {
        mark(record.nodes[index].place)
        writeMarked(index, of: record, as: place)
    }

    private mutating func writeMarked(_ index: Int, of record: XMLRecord, as place: XMLPlace) {
        let node = record.nodes[index]
        if surplus == nil { surplus = self.surplus(index, of: record) }
        if let constant = node.constant {
            json.append(contentsOf: literals[Int(constant)])
        } else if node.form.contains(.null) {
            append(word: "null")
        } else if place.isArray {
            write(items: [index], of: record, as: place)
        } else if record.isLeaf(index) {
            writeText(of: index, record, as: place)
        } else {
            writeObject(index, of: record, as: place)
        }
    }

    private func surplus(_ index: Int, of record: XMLRecord) -> Surplus? {
        let node = record.nodes[index]
        if node.form.contains(.mixed) { return Surplus(name: node.name, place: node.place) }
        guard node.form.contains(.null), node.constant == nil else { return nil }
        let isEmpty = record.isLeaf(index) && record.isBlank(index)
        return isEmpty ? nil : Surplus(name: node.name, place: node.place, isNull: true)
    }

    // MARK: Objects

    private mutating func writeObject(_ index: Int, of record: XMLRecord, as place: XMLPlace) {
        append(sign: "{")
        var isFirst = true
        if repeatsNames(index, of: record) {
            for group in groups(in: index, of: record) {
                writeKey(record.nodes[group[0]].name, at: record.nodes[group[0]].place, &isFirst)
                let field = place.field(record.nodes[group[0]].name, names)
                if group.count == 1 {
                    writeMarked(group[0], of: record, as: field)
                } else {
                    write(items: group, of: record, as: field)
                }
            }
        } else {
            var child = index + 1
            while child < record.nodes[index].end {
                let node = record.nodes[child]
                if !node.form.contains(.dropped) {
                    writeKey(node.name, at: node.place, &isFirst)
                    writeMarked(child, of: record, as: place.field(node.name, names))
                }
                child = Int(node.end)
            }
        }
        if !record.nodes[index].form.contains(.parent), !record.isBlank(index) {
            let name = names.name("value")
            writeKey(name, at: record.nodes[index].place, &isFirst)
            writeText(of: index, record, as: place.field(name, names))
        }
        append(sign: "}")
    }

    /// - Parameter place: where the field is that begins here: an error may be about its name, too.
    private mutating func writeKey(_ name: XMLName, at place: TextPlace, _ isFirst: inout Bool) {
        if !isFirst { append(sign: ",") }
        isFirst = false
        mark(place)
        appendKey(name)
    }

    /// Whether several elements in one have the same name.
    private mutating func repeatsNames(_ index: Int, of record: XMLRecord) -> Bool {
        objects &+= 1
        while seen.count < names.count { seen.append(0) }
        var child = index + 1
        while child < record.nodes[index].end {
            let node = record.nodes[child]
            child = Int(node.end)
            if node.form.contains(.attribute) || node.form.contains(.dropped) { continue }
            if seen[Int(node.name.index)] == objects { return true }
            seen[Int(node.name.index)] = objects
        }
        return false
    }

    /// Elements of one name together, in the order in which the names first came; each attribute alone.
    private func groups(in index: Int, of record: XMLRecord) -> [[Int]] {
        var groups: [[Int]] = []
        var places: [XMLName: Int] = [:]
        record.forEachChild(of: index) { child in
            let node = record.nodes[child]
            let isAlone = node.form.contains(.attribute) || node.constant != nil
            if !isAlone, let place = places[node.name] {
                groups[place].append(child)
            } else {
                if !isAlone { places[node.name] = groups.count }
                groups.append([child])
            }
        }
        return groups
    }

    // MARK: Arrays

    /// Elements of one name, which are the items, or one element around them.
    private mutating func write(items: [Int], of record: XMLRecord, as place: XMLPlace) {
        let item = place.item
        var isFirst = true
        append(sign: "[")
        if items.count == 1, record.isEmpty(items[0]) {
            return append(sign: "]")
        }
        if items.count == 1, isWrapper(items[0], of: record, item) {
            var child = items[0] + 1
            while child < record.nodes[items[0]].end {
                if !isFirst { append(sign: ",") }
                isFirst = false
                write(child, of: record, as: item)
                child = Int(record.nodes[child].end)
            }
        } else {
            for index in items {
                if !isFirst { append(sign: ",") }
                isFirst = false
                write(index, of: record, as: item)
            }
        }
        append(sign: "]")
    }

    /// Whether an element only holds the items: items that are no objects are its children, and items that are
    /// objects are its children if each of these has fields of its own and is none of an item's fields.
    private func isWrapper(_ index: Int, of record: XMLRecord, _ item: XMLPlace) -> Bool {
        guard record.nodes[index].form.contains(.parent) else { return false }
        let isAny = item.types == nil || item.isObject
        var holds = true
        record.forEachChild(of: index) { child in
            let node = record.nodes[child]
            if node.form.contains(.attribute) {
                holds = false
            } else if isAny, record.isLeaf(child) || item.field(node.name, names).types != nil {
                holds = false
            }
        }
        return holds
    }

    // MARK: Text

    private mutating func writeText(of index: Int, _ record: XMLRecord, as place: XMLPlace) {
        record.withText(of: index) { write($0, as: place) }
    }

    private mutating func write(_ text: UnsafeBufferPointer<UInt8>, as place: XMLPlace) {
        if place.isText { return writeString(text) }
        let bare = text.trimmed
        if bare.isEmpty {
            if place.isNullable { return append(word: "null") }
            if place.isObject { return append(word: "{}") }
            return writeString(text)
        }
        if place.isNumber, let number = XMLNumber.json(bare) { return json.append(contentsOf: number) }
        if place.isBoolean {
            if bare.elementsEqual("true".utf8) || bare.elementsEqual("1".utf8) { return append(word: "true") }
            if bare.elementsEqual("false".utf8) || bare.elementsEqual("0".utf8) {
                return append(word: "false")
            }
        }
        writeString(text)
    }

    private mutating func writeString(_ text: UnsafeBufferPointer<UInt8>) {
        // Nothing below a space, no quotation mark, no backslash: the usual case.
        let isPlain = text.allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && $0 != 0x7F }
        guard isPlain else { return json.appendJSONString(String(decoding: text, as: UTF8.self)) }
        append(sign: "\"")
        json.append(contentsOf: text)
        append(sign: "\"")
    }
}
