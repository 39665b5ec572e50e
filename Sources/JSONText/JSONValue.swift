/// A value of a document: a cursor, cheap to copy, that keeps the document alive.
public struct JSONValue: Sendable {
    package let storage: JSONStorage
    package let node: Int

    package init(storage: JSONStorage, node: Int) {
        self.storage = storage
        self.node = node
    }

    /// The six sorts of values.
    public enum Kind: Sendable, Hashable {
        case null, bool, number, string, array, object
    }

    private var word: JSONWord { JSONWord(bits: storage.words[node]) }

    /// Which of the six sorts the value is.
    public var kind: Kind {
        switch word.tag {
        case JSONWord.Tag.null: .null
        case JSONWord.Tag.true, JSONWord.Tag.false: .bool
        case JSONWord.Tag.number: .number
        case JSONWord.Tag.string: .string
        case JSONWord.Tag.array: .array
        default: .object
        }
    }

    /// Where the value stands in the document's text, quotation marks and brackets included.
    public var byteRange: Range<Int> { storage.withTree { $0.byteRange(node) } }

    /// How many elements or members an array or object has; 0 for other values.
    public var count: Int { word.isContainer ? word.count : 0 }

    /// The value is `null`.
    public var isNull: Bool { word.tag == JSONWord.Tag.null }

    /// The string without quotation marks and escapes; `nil` if the value is something else.
    public var string: String? {
        let word = word
        guard word.tag == JSONWord.Tag.string else { return nil }
        return storage.withTree { JSONEscaping.decode($0.text, word) }
    }

    /// `nil` if the value is neither `true` nor `false`.
    /// `true` or `false`.
    public var bool: Bool? {
        switch word.tag {
        case JSONWord.Tag.true: true
        case JSONWord.Tag.false: false
        default: nil
        }
    }

    /// The number with all its digits; `nil` if the value is something else.
    public var number: JSONDecimal? {
        let word = word
        guard word.tag == JSONWord.Tag.number else { return nil }
        return storage.withTree { JSONDecimal($0.text + word.start, count: word.length) }
    }

    /// The number as an `Int`, if it is one exactly and fits: `1.0` and `1e2` are integers.
    public var int: Int? { number?.int }

    /// The member of an object with this key. Looks through the members one by one.
    public subscript(key: String) -> JSONValue? {
        members.first { $0.key == key }?.value
    }

    /// The element of an array at this index, from 0. Walks over the elements before it.
    public subscript(index: Int) -> JSONValue? {
        guard kind == .array, index >= 0, index < count else { return nil }
        return storage.withTree { tree in
            var child = tree.firstChild(of: node)
            for _ in 0..<index { child = tree.next(after: child) }
            return JSONValue(storage: storage, node: child)
        }
    }

    /// The value that `pointer` leads to from this one.
    public subscript(pointer: JSONPointer) -> JSONValue? {
        var value = self
        for token in pointer.tokens {
            let child: JSONValue?
            switch value.kind {
            case .object: child = value[token]
            case .array: child = JSONPointer.index(token).flatMap { value[$0] }
            default: child = nil
            }
            guard let child else { return nil }
            value = child
        }
        return value
    }
}
