import FileSystem
import Foundation
import Model
import SystemPackage

/// The offending line of a file with a caret under the column, as compilers show it.
struct SourceExcerpt {
    /// As much of a line as is shown.
    private static let width = 100

    private let lines: [[UInt8]]

    /// - Parameter numbers: the lines that are wanted, from 1; others are not kept.
    /// - Throws: ``SystemCallError``.
    init(of path: FilePath, lines numbers: Set<Int>) throws(SystemCallError) {
        let parent = path.removingLastComponent()
        guard let name = path.lastComponent, let last = numbers.max() else {
            lines = []
            return
        }
        let directory = try Directory(opening: parent.isEmpty ? "." : parent)
        let file = try OpenFile(reading: FileName(bytes: name.string.utf8), in: directory)
        let text = try file.bytes(at: 0, count: Int(file.status().size))
        var lines: [[UInt8]] = []
        var start = text.startIndex
        while lines.count < last, start <= text.endIndex {
            let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.endIndex
            lines.append(numbers.contains(lines.count + 1) ? Array(text[start..<end]) : [])
            start = end + 1
        }
        self.lines = lines
    }

    /// Two lines: the text around the place, and the caret; `nil` for a line that is not there.
    func show(line: Int, column: Int) -> String? {
        guard (1...max(1, lines.count)).contains(line), lines.count >= line else { return nil }
        let scalars = Array(String(decoding: lines[line - 1], as: UTF8.self).unicodeScalars)
        let first = max(0, column - 1 - SourceExcerpt.width / 2)
        let shown = scalars.dropFirst(first).prefix(SourceExcerpt.width).map { scalar in
            // A control character would move the caret, or more than that.
            scalar.isUnsafeToShow ? Unicode.Scalar(" ") : scalar
        }
        var text = ""
        text.unicodeScalars.append(contentsOf: shown)
        let caret = String(repeating: " ", count: column - 1 - first) + Output.colored("^", .green)
        return "\(text)\n\(caret)"
    }
}
