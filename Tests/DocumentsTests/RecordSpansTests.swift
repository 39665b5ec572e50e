import Testing
import TestSupport

@testable import Documents

/// Where records stand, in a few bytes each.
@Suite struct RecordSpansTests {
    @Test func theyAreReadAsTheyWereWritten() {
        var generator = SeededGenerator(seed: 7)
        var records: [Range<Int>] = []
        var end = 5 << 32
        for length in [0, 1, 127, 128, 16_383, 16_384, 1 << 32] + (0..<100).map({ 1 << ($0 % 24) }) {
            let start = end + Int.random(in: 0...300, using: &generator)
            end = start + length
            records.append(start..<end)
        }
        var spans = RecordSpans()
        for record in records { spans.append(record) }
        #expect(Array(spans) == records && spans.count == records.count)
        #expect(spans.length == end - records[0].lowerBound)
        #expect(
            spans.spans(of: [0..<1, 1..<40, 40..<107]) == [
                records[0], records[1].lowerBound..<records[39].upperBound, records[40].lowerBound..<end,
            ])
    }

    @Test func oneOrdinaryRecordTakesThreeBytes() {
        var spans = RecordSpans()
        for index in 0..<1000 { spans.append(index * 1001..<index * 1001 + 1000) }
        let lengths = Mirror(reflecting: spans).children.first { $0.label == "lengths" }?.value as? [UInt8]
        #expect(lengths?.count == 3000)
    }

    @Test func aPartWithoutRecordsHasAnEmptySpan() {
        #expect(RecordSpans().spans(of: [0..<0]) == [0..<0])
    }
}
