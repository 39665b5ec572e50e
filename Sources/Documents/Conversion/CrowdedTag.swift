/// A look for tags with so many attributes that comparing each with each would take long, before the parser sees them.
struct CrowdedTag {
    static let mostAttributes = 1000
    /// What is shorter has no such tag: an attribute has at least an equals sign and two quotation marks.
    static let shortest = 3 * mostAttributes

    /// It is over, or was none.
    private var isOver = true
    /// How many bytes of it were read, as far as it matters.
    private var count = 0
    private var signs = 0
    private var attributes = 0
    private var quote: UInt8?

    /// A `<` was read.
    mutating func begin() {
        (isOver, count, signs, attributes, quote) = (false, 0, 0, 0, nil)
    }

    /// Reads the tag, and what comes between it and the next one.
    ///
    /// - Returns: whether the tag is crowded.
    mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for byte in bytes {
            if isOver { return false }
            if count < 2 {
                count += 1
                // Comments, processing instructions and CDATA have no attributes.
                isOver = count == 2 && (byte == UInt8(ascii: "!") || byte == UInt8(ascii: "?"))
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
