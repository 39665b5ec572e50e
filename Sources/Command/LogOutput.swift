import Synchronization
import SystemPackage

/// Where the log goes: a file, a pipe, a socket or a terminal.
///
/// Lines that it does not take, for its disk is full or nobody reads at the other end, are lost and counted; whoever logs
/// goes on (contract, section 11).
final class LogOutput: Sendable {
    static let standardError = LogOutput(.standardError)

    let descriptor: FileDescriptor
    private let patience: Duration
    private let writer: BoundedWriter
    private let lost = Mutex(0)

    /// - Parameters:
    ///   - descriptor: stays open as long as this is used, and is its maker's to close.
    ///   - patience: how long a line waits for a reader. While lines are being lost, none waits.
    init(_ descriptor: FileDescriptor, patience: Duration = .seconds(1)) {
        self.descriptor = descriptor
        self.patience = patience
        writer = BoundedWriter(descriptor)
    }

    /// Writes one line, without mixing it with another thread's.
    ///
    /// - Returns: how many lines were lost since the last that was written; 0 where this one is lost, too.
    func write(_ line: String) -> Int {
        lost.withLock { lost in
            do {
                // What was written of a lost line has no end.
                try writer.write(
                    Array(((lost > 0 ? "\n" : "") + line + "\n").utf8), within: lost > 0 ? .zero : patience)
                defer { lost = 0 }
                return lost
            } catch {
                lost += 1
                return 0
            }
        }
    }
}
