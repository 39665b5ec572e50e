/// A place in a text, as editors count: both from 1, columns in Unicode scalars. A byte order mark is not counted.
/// Lines end with a line feed, whether or not a carriage return stands before it.
public struct JSONPosition: Sendable, Hashable, CustomStringConvertible {
    /// The line, from 1.
    public var line: Int
    /// The Unicode scalar in its line, from 1.
    public var column: Int

    /// A position from its two numbers.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// `LINE:COLUMN`.
    public var description: String { "\(line):\(column)" }
}

/// How far a text that is read piece by piece has been counted: whole lines, and scalars since the last one's end.
package struct TextMark: Sendable, Hashable {
    private var lines = 0
    private var scalars = 0

    /// The beginning of a text that begins with `head`; a byte order mark there is not counted.
    package init(head: UnsafeBufferPointer<UInt8>) {
        let isMarked = head.count >= 3 && head[0] == 0xEF && head[1] == 0xBB && head[2] == 0xBF
        scalars = isMarked ? -1 : 0
    }

    /// Line and column of the text's next byte.
    package var position: JSONPosition { JSONPosition(line: lines + 1, column: max(scalars, 0) + 1) }

    /// A place in the whole text that lies at `place` in the text that begins here.
    package func position(of place: JSONPosition) -> JSONPosition {
        place.line == 1
            ? JSONPosition(line: lines + 1, column: max(scalars, 0) + place.column)
            : JSONPosition(line: lines + place.line, column: place.column)
    }

    /// Counts `bytes`, the next ones of the text; a scalar counts with its first byte.
    package mutating func advance(over bytes: UnsafeBufferPointer<UInt8>) {
        guard let base = bytes.baseAddress else { return }
        let raw = UnsafeRawPointer(base)
        let ones: UInt64 = 0x0101_0101_0101_0101
        var at = 0
        while at < bytes.count {
            if at + 8 <= bytes.count {
                let word = raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                let feed = word ^ (ones &* 0x0A)
                if (feed &- ones) & ~feed & (ones << 7) == 0 {
                    scalars += 8 - ((word >> 7) & ~(word >> 6) & ones).nonzeroBitCount
                    at += 8
                    continue
                }
            }
            let stop = min(at + 8, bytes.count)
            while at < stop {
                if base[at] == 0x0A {
                    lines += 1
                    scalars = 0
                } else if base[at] & 0xC0 != 0x80 {
                    scalars += 1
                }
                at += 1
            }
        }
    }
}

/// Marks along a text from which a position is counted, made as far as they are needed.
struct LineIndex {
    private static let stride = 1 << 16
    private var marks: [TextMark] = []

    mutating func position(ofByte offset: Int, in text: UnsafeBufferPointer<UInt8>) -> JSONPosition {
        let offset = min(max(offset, 0), text.count)
        if marks.isEmpty { marks.append(TextMark(head: text)) }
        while marks.count <= offset / Self.stride {
            var mark = marks[marks.count - 1]
            let from = (marks.count - 1) * Self.stride
            mark.advance(over: UnsafeBufferPointer(rebasing: text[from..<(from + Self.stride)]))
            marks.append(mark)
        }
        var mark = marks[offset / Self.stride]
        let from = offset / Self.stride * Self.stride
        mark.advance(over: UnsafeBufferPointer(rebasing: text[from..<offset]))
        return mark.position
    }
}
