/// A look for tags with so many attributes that comparing each with each would take long, before the parser sees them.
struct CrowdedTag {
    static let mostAttributes = 1000
    /// What is shorter has no such tag: an attribute has at least an equals sign and two quotation marks.
    static let shortest = 3 * mostAttributes

    /// It is over, or was none.
    private var isOver = true
    private var isFirst = false
    private var signs = 0
    private var attributes = 0
    private var quote: UInt8?

    /// A `<` was read.
    mutating func begin() {
        (isOver, isFirst, signs, attributes, quote) = (false, true, 0, 0, nil)
    }

    /// Reads what follows the `<`, without another one in it.
    ///
    /// - Returns: whether the tag is crowded.
    mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for byte in bytes {
            if isOver { return false }
            if isFirst {
                isFirst = false
                // Comments, processing instructions and CDATA have no attributes.
                isOver = byte == UInt8(ascii: "!") || byte == UInt8(ascii: "?")
            }
            if byte == UInt8(ascii: "=") { signs += 1 }
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: ">") {
                isOver = true
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
                attributes += 1
            }
            if attributes > Self.mostAttributes, signs > Self.mostAttributes { return true }
        }
        return false
    }
}
