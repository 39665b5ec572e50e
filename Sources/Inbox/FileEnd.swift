import FileSystem
import Model

/// Whether a file's end looks like one: an interrupted upload should stay where it can be resumed.
///
/// A look at a few bytes, no parsing: what ends well may still turn out unfinished when it is read.
package enum FileEnd {
    /// How much of the end is looked at.
    package static let window = 2048
    private static let headSize = 64

    /// - Throws: ``SystemCallError`` where the file cannot be read.
    package static func isWhole(_ name: FileName, _ file: OpenFile) throws(SystemCallError) -> Bool {
        let size = try file.status().size
        let tailStart = max(0, size - Int64(window))
        let tail = try file.bytes(at: tailStart, count: Int(size - tailStart))
        let head = tailStart == 0 ? Array(tail.prefix(headSize)) : try file.bytes(at: 0, count: headSize)
        guard isWhole(name, head: head, tail: tail, size: size) else { return false }
        switch FileForm(name: name, head: head) {
        // Text has no gaps: one that was written from both ends is not whole yet.
        case .json, .xml: return !file.hasHole(size: size)
        case .pdf, .other: return true
        }
    }

    /// - Parameters:
    ///   - head: the file's first bytes, a few are enough.
    ///   - tail: its last ``window`` bytes, or all of a shorter file.
    ///   - size: where it is more than the tail.
    package static func isWhole(_ name: FileName, head: [UInt8], tail: [UInt8], size: Int64? = nil) -> Bool {
        if head.isEmpty { return false }
        switch FileForm(name: name, head: head) {
        case .json:
            guard let text = characters(tail, of: head, size: size ?? Int64(tail.count)) else { return false }
            let last = text.last { !isWhiteSpace($0) }
            return last == UInt8(ascii: "}") || last == UInt8(ascii: "]")
        case .pdf:
            // What begins like no PDF is none, and waiting would not make it one.
            let magic = Array("%PDF-".utf8)
            return !head.starts(with: magic.prefix(head.count)) || tail.contains("%%EOF".utf8)
        case .xml: return characters(tail, of: head, size: size ?? Int64(tail.count)).map(endsWithTag) ?? false
        case .other: return true
        }
    }

    /// The tail with a byte for a character, whatever the encoding; `nil` where it stops within a character.
    private static func characters(_ tail: [UInt8], of head: [UInt8], size: Int64) -> [UInt8]? {
        let unit = CodeUnit(head)
        guard size % Int64(unit.width) == 0 else { return nil }
        if unit.width == 1 { return tail }
        let start = tail.count % unit.width
        return stride(from: start, to: tail.count, by: unit.width).map { place in
            let bytes = tail[place..<(place + unit.width)]
            let (low, others) =
                unit.isLittleEndian ? (bytes.first, bytes.dropFirst()) : (bytes.last, bytes.dropLast())
            return others.allSatisfy { $0 == 0 } ? low ?? 0 : 0x80
        }
    }

    /// How wide a character is, by a byte order mark or by the NULs beside the first `<`, `{` or `[`.
    private struct CodeUnit {
        var width = 1
        var isLittleEndian = false

        init(_ head: [UInt8]) {
            let start = Array(head.prefix(4))
            if start == [0xFF, 0xFE, 0, 0] || start.dropFirst() == [0, 0, 0] && start.first != 0 {
                (width, isLittleEndian) = (4, true)
            } else if start == [0, 0, 0xFE, 0xFF] || start.dropLast() == [0, 0, 0] && start.last != 0 {
                width = 4
            } else if start.starts(with: [0xFF, 0xFE]) || start.count > 1 && start[0] != 0 && start[1] == 0 {
                (width, isLittleEndian) = (2, true)
            } else if start.starts(with: [0xFE, 0xFF]) || start.count > 1 && start[0] == 0 && start[1] != 0 {
                width = 2
            }
        }
    }

    /// Whether a closing tag ends an XML document, but for comments and processing instructions behind it.
    private static func endsWithTag(_ text: [UInt8]) -> Bool {
        var rest = text[...]
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
