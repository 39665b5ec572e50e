import FileSystem
import Model

/// Whether a file's end looks like one: an interrupted upload should stay where it can be resumed.
///
/// A look at a few bytes, no parsing: what ends well may still turn out unfinished when it is read.
package enum FileEnd {
    /// How much of the end is looked at.
    package static let window = 2048

    /// - Parameters:
    ///   - head: the file's first bytes, a few are enough.
    ///   - tail: its last ``window`` bytes, or all of a shorter file.
    package static func isWhole(_ name: FileName, head: [UInt8], tail: [UInt8]) -> Bool {
        if head.isEmpty { return false }
        switch FileForm(name: name, head: head) {
        case .json:
            let last = tail.last { !isWhiteSpace($0) }
            return last == UInt8(ascii: "}") || last == UInt8(ascii: "]")
        case .pdf:
            // What begins like no PDF is none, and waiting would not make it one.
            let magic = Array("%PDF-".utf8)
            return !head.starts(with: magic.prefix(head.count)) || tail.contains("%%EOF".utf8)
        case .xml: return endsWithTag(tail)
        case .other: return true
        }
    }

    /// Whether a closing tag ends an XML document, but for comments and processing instructions behind it.
    private static func endsWithTag(_ tail: [UInt8]) -> Bool {
        // UTF-16 has a NUL beside each of these characters.
        var rest = tail.filter { $0 != 0 }[...]
        while true {
            while let last = rest.last, isWhiteSpace(last) { rest.removeLast() }
            guard rest.last == UInt8(ascii: ">") else { return false }
            if let inner = rest.beforeLast("<!--", closedBy: "-->") ?? rest.beforeLast("<?", closedBy: "?>") {
                rest = inner
                continue
            }
            guard let start = rest.lastIndex(of: UInt8(ascii: "<")) else { return false }
            let tag = rest[start...]
            return tag.starts(with: "</".utf8) || tag.dropLast().last == UInt8(ascii: "/")
        }
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }
}

extension [UInt8] {
    fileprivate func contains(_ text: String.UTF8View) -> Bool {
        let needle = Array(text)
        guard count >= needle.count else { return false }
        return (0...(count - needle.count)).contains { self[$0..<($0 + needle.count)].elementsEqual(needle) }
    }
}

extension ArraySlice<UInt8> {
    /// What stands before the last `open`, if the bytes end with `close`.
    fileprivate func beforeLast(_ open: String, closedBy close: String) -> ArraySlice<UInt8>? {
        let open = Array(open.utf8)
        let close = Array(close.utf8)
        guard count >= open.count + close.count, suffix(close.count).elementsEqual(close) else { return nil }
        let starts = startIndex...(endIndex - open.count - close.count)
        guard let start = starts.last(where: { self[$0...].starts(with: open) }) else { return nil }
        return self[..<start]
    }
}
