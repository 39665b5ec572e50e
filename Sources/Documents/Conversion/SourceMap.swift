import JSONText

/// From places in a converted text back to places in the sender's own.
enum SourceMap: Sendable {
    /// Of a text whose values were copied byte for byte.
    case offsets(OffsetMap)
    /// Of a text whose values were written anew.
    case places(PlaceMap)

    /// The place of the value that holds this byte of the converted text.
    func position(ofByte offset: Int) -> JSONPosition {
        switch self {
        case .offsets(let map): map.position(ofByte: offset)
        case .places(let map): map.position(ofByte: offset)
        }
    }
}

/// Where the values of a converted text stood.
struct PlaceMap: Sendable {
    /// Where values begin in the converted text, ascending, and where they stood.
    private var values: [(converted: Int32, place: TextPlace)] = []

    /// - Parameter capacity: how many values it will have, more or less.
    init(capacity: Int) {
        values.reserveCapacity(capacity)
    }

    /// A value begins at `converted` in the new text and came from `place`.
    mutating func append(converted: Int, _ place: TextPlace) {
        values.append((Int32(clamping: converted), place))
    }

    func position(ofByte offset: Int) -> JSONPosition {
        let count = values.countOfFirst { $0.converted <= offset }
        return (count > 0 ? values[count - 1].place : .start).position
    }
}

/// Where the values of a converted text stood, each of which is the same bytes as before.
struct OffsetMap: Sendable {
    /// Where values begin in the converted text, ascending.
    private var converted: [Int32] = []
    /// Where they begin in the sender's, byte for byte of `lines`' text.
    private var original: [Int32] = []
    private let lines: LineStarts

    init(lines: LineStarts) {
        self.lines = lines
    }

    /// A value begins at `converted` in the new text and came from `original`.
    mutating func append(converted: Int, original: Int) {
        self.converted.append(Int32(clamping: converted))
        self.original.append(Int32(clamping: original))
    }

    func position(ofByte offset: Int) -> JSONPosition {
        let count = converted.countOfFirst { $0 <= offset }
        guard count > 0 else { return lines.position(ofByte: 0) }
        return lines.position(ofByte: Int(original[count - 1]) + offset - Int(converted[count - 1]))
    }
}

/// Where the lines of a UTF-8 text begin.
struct LineStarts: Sendable {
    private let text: [UInt8]
    private let starts: [Int32]

    init(_ text: [UInt8]) {
        var starts: [Int32] = [0]
        text.withUnsafeBufferPointer { bytes in
            for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") { starts.append(Int32(index + 1)) }
        }
        self.text = text
        self.starts = starts
    }

    /// Line and column from 1; columns count Unicode scalars.
    func position(ofByte offset: Int) -> JSONPosition {
        let offset = min(max(0, offset), text.count)
        let line = starts.countOfFirst { $0 <= offset }
        let start = Int(starts[line - 1])
        return JSONPosition(line: line, column: 1 + text[start..<offset].count { $0 & 0xC0 != 0x80 })
    }
}

extension Array {
    /// How many elements stand before the first one for which this does not hold; of those behind it, it holds for none.
    fileprivate func countOfFirst(_ isBefore: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
