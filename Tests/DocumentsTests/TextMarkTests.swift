import JSONText
import TestSupport
import Testing

/// Lines and columns that are counted piece by piece.
@Suite struct TextMarkTests {
    @Test func aTextIsCountedAlikeInWhicheverPiecesItComes() {
        var generator = SeededGenerator(seed: 7)
        let scalars = ["\n", "a", " ", "ë", "東", "📎", "\r\n", "\u{8A}", "\u{B}"]
        for _ in 0..<3000 {
            let text = (0..<Int.random(in: 0..<40, using: &generator)).map { _ in
                scalars[Int.random(in: 0..<scalars.count, using: &generator)]
            }.joined()
            var mark = TextMark(head: UnsafeBufferPointer(start: nil, count: 0))
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...20, using: &generator))
                piece.withUnsafeBufferPointer { mark.advance(over: $0) }
                rest = rest.dropFirst(piece.count)
            }
            let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(mark.position == JSONPosition(line: lines.count, column: lines[lines.count - 1].count + 1))
        }
    }
}
