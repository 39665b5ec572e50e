/// Where the records of a document stand in a text, in their order: eight bytes each.
struct RecordSpans: Sendable, Sequence {
    /// By record: the bytes between it and the one before, and its own.
    private var lengths: [(gap: UInt32, own: UInt32)] = []
    private var start = 0
    private var end = 0

    var count: Int { lengths.count }

    /// From the first record's first byte to the last one's last.
    var length: Int { end - start }

    /// - Parameter record: behind all others, by less than 4 GiB, and shorter than that.
    mutating func append(_ record: Range<Int>) {
        if lengths.isEmpty { (start, end) = (record.lowerBound, record.lowerBound) }
        lengths.append((UInt32(record.lowerBound - end), UInt32(record.count)))
        end = record.upperBound
    }

    func makeIterator() -> Iterator { Iterator(lengths: lengths, end: start) }

    struct Iterator: IteratorProtocol {
        fileprivate let lengths: [(gap: UInt32, own: UInt32)]
        fileprivate var end: Int
        private var index = 0

        fileprivate init(lengths: [(gap: UInt32, own: UInt32)], end: Int) {
            (self.lengths, self.end) = (lengths, end)
        }

        mutating func next() -> Range<Int>? {
            guard index < lengths.count else { return nil }
            let start = end + Int(lengths[index].gap)
            end = start + Int(lengths[index].own)
            index += 1
            return start..<end
        }
    }

    /// From the first to the last of these records, by the numbers they have.
    func spans(of parts: [Range<Int>]) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        var (index, first) = (0, 0)
        for record in self {
            guard spans.count < parts.count else { break }
            if index == parts[spans.count].lowerBound { first = record.lowerBound }
            if index == parts[spans.count].upperBound - 1 { spans.append(first..<record.upperBound) }
            index += 1
        }
        return spans
    }
}
