/// The elements of an array, in order.
public struct JSONElements: Sequence, IteratorProtocol, Sendable {
    private let storage: JSONStorage
    private var node: Int
    private let stop: Int

    init(_ value: JSONValue) {
        storage = value.storage
        node = value.node + 2
        stop = value.kind == .array ? storage.withTree { $0.span(value.node).next } : node
    }

    /// The next element.
    public mutating func next() -> JSONValue? {
        guard node < stop else { return nil }
        defer { node = storage.withTree { $0.next(after: node) } }
        return JSONValue(storage: storage, node: node)
    }
}

/// The members of an object, in the text's order.
public struct JSONMembers: Sequence, IteratorProtocol, Sendable {
    private let storage: JSONStorage
    private var node: Int
    private let stop: Int

    init(_ value: JSONValue) {
        storage = value.storage
        node = value.node + 2
        stop = value.kind == .object ? storage.withTree { $0.span(value.node).next } : node
    }

    /// The next member.
    public mutating func next() -> JSONMember? {
        guard node < stop else { return nil }
        defer { node = storage.withTree { $0.next(after: node + 1) } }
        return JSONMember(
            key: JSONKey(storage: storage, node: node), value: JSONValue(storage: storage, node: node + 1))
    }
}

/// A key of an object with its value.
public struct JSONMember: Sendable {
    /// The member's name.
    public let key: JSONKey
    /// What stands after the colon.
    public let value: JSONValue
}

/// A key, as a cursor: comparing it with a string builds none.
public struct JSONKey: Sendable, CustomStringConvertible {
    let storage: JSONStorage
    let node: Int

    private var word: JSONWord { JSONWord(bits: storage.words[node]) }

    /// The key without quotation marks and escapes.
    public var string: String { storage.withTree { JSONEscaping.decode($0.text, word) } }

    /// Where the key stands in the document's text, quotation marks included.
    public var byteRange: Range<Int> { word.start..<(word.start + word.length) }

    /// The same as ``string``.
    public var description: String { string }

    /// Whether the key spells `text`, scalar by scalar (no Unicode normalisation).
    public static func == (key: JSONKey, text: String) -> Bool {
        let word = key.word
        guard !word.flag else { return key.string.utf8.elementsEqual(text.utf8) }
        var text = text
        return text.withUTF8 { utf8 in
            guard utf8.count == word.length - 2 else { return false }
            guard let other = utf8.baseAddress else { return true }
            return key.storage.withTree { sameBytes($0.text + word.start + 1, other, utf8.count) }
        }
    }
}

extension JSONValue {
    /// The elements of an array; none for other values.
    public var elements: JSONElements { JSONElements(self) }

    /// The members of an object; none for other values.
    public var members: JSONMembers { JSONMembers(self) }
}
