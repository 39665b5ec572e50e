/// One record as it was read: its attributes and elements in the order of the text, in flat arrays that serve the next
/// record again.
struct XMLRecord {
    /// More elements and attributes than any honest record has.
    static let mostNodes = 1_000_000

    struct Form: OptionSet {
        let rawValue: UInt8

        static let attribute = Form(rawValue: 1)
        /// `xsi:nil="true"`.
        static let null = Form(rawValue: 2)
        /// It has elements in it; its own text is not kept, for it can only be white space.
        static let parent = Form(rawValue: 4)
        /// Text beside elements says something that no field can hold.
        static let mixed = Form(rawValue: 8)
        /// A mapping leaves it out.
        static let dropped = Form(rawValue: 16)
    }

    /// An element or an attribute.
    struct Node {
        /// The local name; namespaces do not count.
        var name: XMLName
        /// The namespace, for a schema that asks for one.
        var space: XMLName?
        /// Where the `<` stands, of an attribute its element's.
        let place: TextPlace
        /// The index behind its last descendant.
        var end: Int32
        /// Where its text begins and ends in ``XMLRecord/text``.
        var textStart: Int32
        var textEnd: Int32
        var form: Form = []
        /// For a field that a configuration sets: which of its constants.
        var constant: Int16?
    }

    private(set) var nodes: [Node] = []
    private(set) var text: [UInt8] = []
    private var open: [Int] = []

    var isOpen: Bool { !open.isEmpty }

    // MARK: Building

    mutating func removeAll() {
        nodes.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: true)
        open.removeAll(keepingCapacity: true)
    }

    mutating func start(_ tag: XMLTag) {
        if let parent = open.last, !nodes[parent].form.contains(.parent) {
            nodes[parent].form.insert(.parent)
            if !isBlank(parent) { nodes[parent].form.insert(.mixed) }
            text.removeLast(text.count - Int(nodes[parent].textStart))
            nodes[parent].textEnd = nodes[parent].textStart
        }
        open.append(nodes.count)
        append(tag.name, tag.space, at: tag.place, tag.isNil ? .null : [])
        let element = nodes.count - 1
        for attribute in tag.attributes {
            append(attribute.name, nil, at: tag.place, .attribute)
            attribute.appendValue(to: &text)
            nodes[nodes.count - 1].textEnd = Int32(clamping: text.count)
        }
        nodes[element].textStart = Int32(clamping: text.count)
        nodes[element].textEnd = nodes[element].textStart
    }

    private mutating func append(_ name: XMLName, _ space: XMLName?, at place: TextPlace, _ form: Form) {
        let position = Int32(clamping: text.count)
        nodes.append(
            Node(
                name: name, space: space, place: place, end: Int32(clamping: nodes.count + 1),
                textStart: position, textEnd: position, form: form))
    }

    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let element = open.last else { return }
        if nodes[element].form.contains(.parent) {
            if !bytes.isXMLSpace { nodes[element].form.insert(.mixed) }
        } else {
            text.append(contentsOf: bytes)
            nodes[element].textEnd = Int32(clamping: text.count)
        }
    }

    /// - Returns: whether it was the outermost element that ended.
    mutating func end() -> Bool {
        guard let element = open.popLast() else { return false }
        nodes[element].end = Int32(clamping: nodes.count)
        return open.isEmpty
    }

    // MARK: Mapping

    mutating func rename(_ index: Int, _ name: XMLName) {
        nodes[index].name = name
    }

    mutating func drop(_ index: Int) {
        nodes[index].form.insert(.dropped)
    }

    /// A field behind all others, with a constant of a configuration's.
    mutating func append(_ name: XMLName, constant: Int, text value: [UInt8], isNull: Bool) {
        if !nodes[0].form.contains(.parent), !isBlank(0) { nodes[0].form.insert(.mixed) }
        append(name, nil, at: nodes[0].place, isNull ? .null : [])
        text += value
        nodes[nodes.count - 1].textEnd = Int32(clamping: text.count)
        nodes[nodes.count - 1].constant = Int16(clamping: constant)
        nodes[0].form.insert(.parent)
        nodes[0].end = Int32(clamping: nodes.count)
    }
}
