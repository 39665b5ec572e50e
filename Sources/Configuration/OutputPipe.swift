import Glibc
import SystemPackage

/// A pipe for the little that a program writes, read after it has ended.
///
/// Reading to the end instead would wait for every process that the program left behind, since those hold the pipe
/// too. A pipe holds 64 KiB (`pipe(7)`); a program that writes more waits for a reader until its time is up.
final class OutputPipe: Sendable {
    /// Belongs to whoever starts the program.
    let writeEnd: FileDescriptor
    private let readEnd: FileDescriptor

    init() throws(Errno) {
        (readEnd, writeEnd) = try FileDescriptor.pipe(options: .closeOnExec)
        guard fcntl(readEnd.rawValue, F_SETFL, O_NONBLOCK) == 0 else { throw Errno(rawValue: errno) }
    }

    deinit {
        // Nothing was written through this end, so a failure loses nothing.
        _ = close(readEnd.rawValue)
    }

    func readWhatIsThere() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            do {
                let count = try buffer.withUnsafeMutableBytes { try readEnd.read(into: $0) }
                if count == 0 { return bytes }
                bytes += buffer[..<count]
            } catch Errno.wouldBlock {
                // Somebody still holds the other end; the program itself has ended.
                return bytes
            }
        }
    }
}
