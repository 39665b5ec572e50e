import JSONText

/// A JSON document without its records: the text around the arrays, in which each of them is empty.
struct Skeleton: Sendable {
    private(set) var text: [UInt8] = []
    /// Where the stretches of the document begin that make the skeleton: here, and how far the document was counted.
    private var stretches: [(start: Int, mark: TextMark)] = []

    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>, _ mark: TextMark) {
        stretches.append((text.count, mark))
        text += bytes
    }

    /// Where a byte of the skeleton stands in the document.
    func position(ofByte offset: Int) -> JSONPosition {
        let offset = min(max(0, offset), text.count)
        // What lies between two stretches belongs to the earlier one's end, an array's opening bracket.
        let index = stretches.lastIndex { $0.start <= offset } ?? 0
        guard index < stretches.count else { return JSONPosition(line: 1, column: 1) }
        var mark = stretches[index].mark
        text.withUnsafeBufferPointer {
            mark.advance(over: UnsafeBufferPointer(rebasing: $0[stretches[index].start..<offset]))
        }
        return mark.position
    }
}
