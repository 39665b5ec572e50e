import Synchronization
import SystemPackage

/// Where the log goes: a file, a pipe or a terminal.
///
/// Lines that it does not take, for its disk is full or nobody reads at the other end, are lost and counted; whoever logs
/// goes on (contract, section 11).
final class LogOutput: Sendable {
    static let standardError = LogOutput(.standardError)

    let descriptor: FileDescriptor
    private let lost = Mutex(0)

    init(_ descriptor: FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Writes one line, without mixing it with another thread's.
    ///
    /// - Returns: how many lines were lost since the last that was written; 0 where this one is lost, too.
    func write(_ line: String) -> Int {
        lost.withLock { lost in
            do {
                // What was written of a lost line has no end.
                try descriptor.writeWaiting(Array(((lost > 0 ? "\n" : "") + line + "\n").utf8))
                defer { lost = 0 }
                return lost
            } catch {
                lost += 1
                return 0
            }
        }
    }
}
