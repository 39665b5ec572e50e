import JSONText

/// From places in a converted text back to places in the sender's own.
struct SourceMap: Sendable {
    /// Where values begin in the converted text, ascending.
    private var converted: [Int32] = []
    /// Where they begin in the sender's, byte for byte of `lines`' text.
    private var original: [Int32] = []
    private let lines: LineStarts
    /// What follows a mark was copied byte for byte, so places within it are known too.
    private let isVerbatim: Bool

    init(lines: LineStarts, isVerbatim: Bool = false) {
        self.lines = lines
        self.isVerbatim = isVerbatim
    }

    /// A value begins at `converted` in the new text and came from `original`.
    mutating func append(converted: Int, original: Int) {
        self.converted.append(Int32(clamping: converted))
        self.original.append(Int32(clamping: original))
    }

    /// The place of the value that holds this byte of the converted text.
    func position(ofByte offset: Int) -> JSONPosition {
        var low = 0
        var high = converted.count
        while low < high {
            let middle = (low + high) / 2
            if Int(converted[middle]) <= offset { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return lines.position(ofByte: 0) }
        let beyond = isVerbatim ? offset - Int(converted[low - 1]) : 0
        return lines.position(ofByte: Int(original[low - 1]) + beyond)
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
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if Int(starts[middle]) <= offset { low = middle + 1 } else { high = middle }
        }
        let start = Int(starts[low - 1])
        return JSONPosition(line: low, column: 1 + text[start..<offset].count { $0 & 0xC0 != 0x80 })
    }
}
