import JSONText

/// Line and column of a byte of the sender's text, in little room: a document has one for each of its values.
struct TextPlace: Sendable, Hashable, Comparable {
    private let line: UInt32
    private let column: UInt32

    /// The text's beginning.
    static let start = TextPlace(JSONPosition(line: 1, column: 1))

    init(_ position: JSONPosition) {
        line = UInt32(clamping: position.line)
        column = UInt32(clamping: position.column)
    }

    var position: JSONPosition { JSONPosition(line: Int(line), column: Int(column)) }

    static func < (one: TextPlace, other: TextPlace) -> Bool {
        (one.line, one.column) < (other.line, other.column)
    }
}

extension TextMark {
    /// A text without a byte order mark, not counted so far.
    static var start: TextMark { TextMark(head: UnsafeBufferPointer(start: nil, count: 0)) }

    var place: TextPlace { TextPlace(position) }

    mutating func advance(over bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBufferPointer { advance(over: $0) }
    }
}
