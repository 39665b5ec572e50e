/// Draws one frame over the other on a terminal: says what to write, and writes nothing (ECMA-48, xterm).
///
/// The cursor is hidden and lines are not wrapped, from the first frame until ``leave``.
struct Screen: Sendable {
    private var drawn = 0
    private var size: Size?

    struct Size: Sendable, Hashable {
        var width: Int
        var height: Int
    }

    static let leave = "\u{1B}[?7h\u{1B}[?25h"

    /// - Parameter lines: no more than the terminal has rows for, less one for the cursor.
    mutating func frame(_ lines: [String], _ size: Size) -> String {
        var text = drawn == 0 ? "\u{1B}[?25l\u{1B}[?7l" : ""
        if let before = self.size, before != size {
            // The terminal has laid out anew what was there.
            text += "\u{1B}[2J\u{1B}[H"
        } else if drawn > 0 {
            text += "\u{1B}[\(drawn)A\r"
        }
        for line in lines { text += "\(line)\u{1B}[K\r\n" }
        text += "\u{1B}[J"
        drawn = lines.count
        self.size = size
        return text
    }
}
