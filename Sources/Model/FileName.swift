/// A file's name as the bytes that the file system holds: they need not be UTF-8.
///
/// `description` is the form for people, logs and JSON: a byte that is not UTF-8 and each byte of a control
/// character is written `\xNN` (contract, section 6).
package struct FileName: Hashable, Sendable, CustomStringConvertible, Comparable {
    package let bytes: [UInt8]

    package init(bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    package init(_ string: String) {
        self.init(bytes: string.utf8)
    }

    package var description: String { FileName.escaped(bytes) }

    /// The name's stem and its extension with the dot; a leading dot starts no extension.
    package var split: (stem: ArraySlice<UInt8>, suffix: ArraySlice<UInt8>) {
        guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return (bytes[...], []) }
        return (bytes[..<dot], bytes[dot...])
    }

    /// The extension in lower case without its dot: `pdf` for `SCAN.PDF`, empty where there is none.
    package var lowercaseExtension: String {
        String(decoding: split.suffix.dropFirst(), as: UTF8.self).lowercased()
    }

    package func hasSuffix(_ suffix: String) -> Bool {
        bytes.count >= suffix.utf8.count && bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }

    /// Byte order: the order of `LC_ALL=C ls`.
    package static func < (left: FileName, right: FileName) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    /// Any bytes in the form for people.
    package static func escaped(_ bytes: some Sequence<UInt8>) -> String {
        // What nearly all names are.
        let plain = bytes.withContiguousStorageIfAvailable { bytes in
            bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F } ? String(decoding: bytes, as: UTF8.self) : nil
        }
        if case let plain?? = plain { return plain }
        var text = ""
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            var parser = Unicode.UTF8.ForwardParser()
            var iterator = rest.makeIterator()
            switch parser.parseScalar(from: &iterator) {
            case .emptyInput:
                return text
            case .valid(let encoded):
                let scalar = Unicode.UTF8.decode(encoded)
                if scalar.isUnsafeToShow {
                    for byte in encoded { text += hexEscape(byte) }
                } else {
                    text.unicodeScalars.append(scalar)
                }
                rest = rest.dropFirst(encoded.count)
            case .error(let length):
                for byte in rest.prefix(length) { text += hexEscape(byte) }
                rest = rest.dropFirst(length)
            }
        }
        return text
    }

    private static func hexEscape(_ byte: UInt8) -> String {
        let digits = Array("0123456789abcdef".unicodeScalars)
        var text = "\\x"
        text.unicodeScalars.append(digits[Int(byte >> 4)])
        text.unicodeScalars.append(digits[Int(byte & 15)])
        return text
    }
}

extension Unicode.Scalar {
    /// Control characters, line and paragraph separators, and what has no look of its own and changes that of others:
    /// marks of direction, characters of no width, tags. The joiners stay, for emoji and many a script need them.
    package var isUnsafeToShow: Bool {
        if isASCII { return value < 0x20 || value == 0x7F }
        return switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        case .format: value != 0x200C && value != 0x200D
        default: false
        }
    }
}
