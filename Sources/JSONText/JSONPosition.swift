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
        var at = 0
        while at + 8 <= bytes.count {
            advance(over: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)), count: 8)
            at += 8
        }
        guard at < bytes.count else { return }
        // The last bytes once more in one word, without those that were counted.
        let left = bytes.count - at
        var word: UInt64 = 0
        if bytes.count >= 8 {
            word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self))
            word >>= UInt64(8 * (8 - left))
        } else {
            for index in 0..<left { word |= UInt64(base[at + index]) << UInt64(8 * index) }
        }
        advance(over: word, count: left)
    }

    /// - Parameters:
    ///   - word: bytes in their order from the lowest; zeros behind them.
    ///   - count: how many of them are the text's.
    @inline(__always)
    private mutating func advance(over word: UInt64, count: Int) {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let low = ones * 0x7F
        // The highest bit of each byte that is a line feed, and the lowest of each that continues a scalar.
        let other = word ^ (ones * 0x0A)
        let feeds = ~(((other & low) + low) | other | low)
        let continuing = (word >> 7) & ~(word >> 6) & ones
        guard feeds != 0 else {
            scalars += count - continuing.nonzeroBitCount
            return
        }
        lines += feeds.nonzeroBitCount
        let last = (63 - feeds.leadingZeroBitCount) / 8
        // A shift by all 64 bits leaves nothing.
        scalars = count - last - 1 - (continuing >> UInt64(8 * (last + 1))).nonzeroBitCount
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
