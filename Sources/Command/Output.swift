import ArgumentParser
import Foundation
import Glibc
import Logging
import Model
import SystemPackage

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

    /// Ends the program where they cannot be written, for a list that is cut off must not pass for a whole one; silently
    /// where nobody reads any more.
    static func raw(_ bytes: [UInt8]) {
        do {
            try FileDescriptor.standardOutput.writeWaiting(bytes)
        } catch {
            if error != .brokenPipe { Output.error("sluice: cannot write to standard output: \(error)") }
            exit(Exit.cannotWrite.rawValue)
        }
    }

    /// A line to standard error, where it can be written.
    static func error(_ text: String) {
        let prefix = JournalStream.isStandardError ? Logger.Level.error.journalPrefix : ""
        try? FileDescriptor.standardError.writeWaiting(Array((prefix + text + "\n").utf8))
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

extension FileDescriptor {
    /// Writes all of `bytes`, at whatever pace the other end takes them: another process may have set a pipe or terminal
    /// that is shared not to wait (`O_NONBLOCK`).
    ///
    /// - Throws: what `write(2)` fails with.
    func writeWaiting(_ bytes: [UInt8]) throws(Errno) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(rawValue, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            let failure = Errno(rawValue: errno)
            switch failure {
            case .interrupted: continue
            case .wouldBlock:
                var wait = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wait, 1, -1)
            default: throw failure
            }
        }
    }
}
