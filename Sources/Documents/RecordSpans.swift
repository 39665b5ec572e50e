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
