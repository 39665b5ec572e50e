import Foundation
import Logging

/// The journal at the other end of a descriptor. It takes each line's priority from a prefix (`sd-daemon(3)`) and has
/// the time of its own.
enum JournalStream {
    /// Whether it is the journal that reads what is written to a descriptor.
    ///
    /// systemd names the socket that it made in `$JOURNAL_STREAM`, as DEVICE:INODE (`systemd.exec(5)`). Who redirects
    /// the output afterwards leaves the variable behind, so the numbers have to match.
    static func isBehind(
        _ descriptor: Int32, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Bool {
        guard let stream = environment["JOURNAL_STREAM"] else { return false }
        var status = stat()
        return fstat(descriptor, &status) == 0 && stream == "\(status.st_dev):\(status.st_ino)"
    }

    static let isStandardError = isBehind(STDERR_FILENO)
}

extension Logger.Level {
    /// The prefix of a line of this level (`sd-daemon(3)`, `syslog(3)`).
    var journalPrefix: String {
        switch self {
        case .trace, .debug: "<7>"
        case .info: "<6>"
        case .notice: "<5>"
        case .warning: "<4>"
        case .error: "<3>"
        case .critical: "<2>"
        }
    }
}
