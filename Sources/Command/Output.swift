import Foundation
import Logging
import Model

/// The one place that prints.
enum Output {
    /// A line to standard output.
    static func line(_ text: String = "") {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    /// A line to standard error.
    static func error(_ text: String) {
        let prefix = JournalStream.isStandardError ? Logger.Level.error.journalPrefix : ""
        FileHandle.standardError.write(Data((prefix + text + "\n").utf8))
    }

    /// Text of strangers, fit for a line: nothing in it moves the cursor, ends the line or turns the direction.
    static func safe(_ text: String) -> String { FileName.escaped(text.utf8) }

    static let isTerminal = isatty(STDOUT_FILENO) == 1

    /// Whether standard output is a terminal that shows colour.
    static let hasColor = isTerminal && ProcessInfo.processInfo.environment["NO_COLOR"] == nil

    enum Color: String {
        case red = "31"
        case green = "32"
        case yellow = "33"
        case bold = "1"
        case dim = "2"
    }

    /// The text in a colour, where there is one to be seen.
    static func colored(_ text: String, _ color: Color) -> String {
        hasColor ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
    }
}
