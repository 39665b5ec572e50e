/// A look for tags with so many attributes that comparing each with each would take long.
enum CrowdedTag {
    static let mostAttributes = 1000

    /// Where the first such tag begins.
    static func first(in text: [UInt8]) -> Int? {
        text.withUnsafeBufferPointer { bytes in
            var tag = 0
            var signs = 0
            for (offset, byte) in bytes.enumerated() {
                if byte == UInt8(ascii: "<") {
                    tag = offset
                    signs = 0
                } else if byte == UInt8(ascii: "=") {
                    signs += 1
                    if signs == mostAttributes + 1, attributes(bytes[tag...]) > mostAttributes { return tag }
                }
            }
            return nil
        }
    }

    /// How many attributes a tag has, as far as they matter.
    private static func attributes(_ tag: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
        // Comments, processing instructions and CDATA have none.
        guard let kind = tag.dropFirst().first, kind != UInt8(ascii: "!"), kind != UInt8(ascii: "?") else { return 0 }
        var count = 0
        var quote: UInt8?
        for byte in tag {
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: ">") {
                return count
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
                count += 1
                if count > mostAttributes { return count }
            }
        }
        return count
    }
}
