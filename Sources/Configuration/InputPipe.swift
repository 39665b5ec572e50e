import Glibc
import SystemPackage

/// A pipe that holds all that a program is to read before it starts: whether it reads is its own affair, and nobody waits
/// for it.
enum InputPipe {
    /// - Returns: the end to read from.
    /// - Throws: `Errno`: no descriptor is left, or the pipe, which holds 64 KiB (`pipe(7)`), does not take it.
    static func filled(with bytes: [UInt8]) throws -> FileDescriptor {
        let (readEnd, writeEnd) = try FileDescriptor.pipe(options: .closeOnExec)
        do {
            try writeEnd.closeAfter {
                guard fcntl(writeEnd.rawValue, F_SETFL, O_NONBLOCK) == 0 else { throw Errno(rawValue: errno) }
                _ = try writeEnd.writeAll(bytes)
            }
        } catch {
            try readEnd.close()
            throw error
        }
        return readEnd
    }
}
