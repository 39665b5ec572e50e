/// Where the records of a document stand in a text, in their order: about three bytes each.
struct RecordSpans: Sendable, Sequence {
    /// By record: the bytes between it and the one before, and its own. Each of the two has seven bits to a byte, the
    /// lowest first; the eighth says that more follow.
    private var lengths: [UInt8] = []
    private(set) var count = 0
    private var start = 0
    private var end = 0

    /// From the first record's first byte to the last one's last.
    var length: Int { end - start }

    /// - Parameter record: behind all others.
    mutating func append(_ record: Range<Int>) {
        if count == 0 { (start, end) = (record.lowerBound, record.lowerBound) }
        append(length: record.lowerBound - end)
        append(length: record.count)
        count += 1
        end = record.upperBound
    }

    private mutating func append(length: Int) {
        var rest = length
        while rest > 0x7F {
            lengths.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        lengths.append(UInt8(rest))
    }

    func makeIterator() -> Iterator { Iterator(lengths: lengths, end: start) }

    struct Iterator: IteratorProtocol {
        fileprivate let lengths: [UInt8]
        fileprivate var end: Int
        private var place = 0

        fileprivate init(lengths: [UInt8], end: Int) {
            (self.lengths, self.end) = (lengths, end)
        }

        mutating func next() -> Range<Int>? {
            guard place < lengths.count else { return nil }
            let start = end + nextLength()
            end = start + nextLength()
            return start..<end
        }

        private mutating func nextLength() -> Int {
            var (length, shift) = (0, 0)
            while true {
                let byte = lengths[place]
                place += 1
                length |= Int(byte & 0x7F) << shift
                if byte <= 0x7F { return length }
                shift += 7
            }
        }
    }

    /// From the first to the last record of each part.
    ///
    /// - Parameter parts: the numbers of their records, one part behind the other. One without records is the only one,
    ///   and its span is empty.
    func spans(of parts: [Range<Int>]) -> [Range<Int>] {
        var spans = Array(repeating: start..<start, count: parts.count)
        var (part, first) = (0, start)
        for (index, record) in enumerated() where part < parts.count {
            if index == parts[part].lowerBound { first = record.lowerBound }
            guard index == parts[part].upperBound - 1 else { continue }
            spans[part] = first..<record.upperBound
            part += 1
        }
        return spans
    }
}
