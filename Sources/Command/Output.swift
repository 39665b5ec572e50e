import Foundation
import Logging
import Model

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The one place that prints.
enum Output {
    /// A line to standard output.
    static func line(_ text: String = "") {
        raw(text + "\n")
    }

    /// Text to standard output, as it is.
    static func raw(_ text: String) {
        raw(Array(text.utf8))
    }

    static func raw(_ bytes: [UInt8]) {
        FileHandle.standardOutput.write(Data(bytes))
    }

    /// A line to standard error.
    static func error(_ text: String) {
        let prefix = JournalStream.isStandardError ? Logger.Level.error.journalPrefix : ""
        FileHandle.standardError.write(Data((prefix + text + "\n").utf8))
    }

    /// Text of strangers, fit for a line: nothing in it moves the cursor, ends the line or turns the direction.
    static func safe(_ text: String) -> String { FileName.escaped(text.utf8) }

    static let isTerminal = isatty(STDOUT_FILENO) == 1

    /// Whether standard output is a terminal on which the cursor can be moved.
    static let canDraw = isTerminal && ProcessInfo.processInfo.environment["TERM"].map { $0 != "dumb" } ?? false

    /// That of the terminal; of one that does not say, the usual one.
    static var terminalSize: Screen.Size {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return Screen.Size(width: 80, height: 24)
        }
        return Screen.Size(width: Int(size.ws_col), height: Int(size.ws_row))
    }

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
    static func colored(_ text: String, _ color: Color, isColored: Bool = hasColor) -> String {
        isColored ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
    }
}
