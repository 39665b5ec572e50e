import Glibc
import SystemPackage

/// Writes to a descriptor, and gives up where the other end does not take it in time.
///
/// Whether a write waits is a property of the open file, which other processes share: `O_NONBLOCK`, set on that, would have
/// their writes fail. So it is set on a second opening of the file, or said call by call.
final class BoundedWriter: Sendable {
    fileprivate enum Way {
        /// A file: it waits for nobody.
        case file
        /// `send(2)` is told at each call not to wait.
        case socket
        /// A pipe or terminal that this process has opened once more, for itself.
        case reopened(FileDescriptor)
        /// One that only another user may open. A pipe of which `poll(2)` says that it can be written to takes
        /// `PIPE_BUF` bytes at once (`pipe(7)`).
        case shared
    }

    private static let atomicBytes = 4096  // PIPE_BUF, linux/limits.h

    private let descriptor: FileDescriptor
    private let way: Way

    /// - Parameter descriptor: stays open as long as this is used, and is its maker's to close.
    init(_ descriptor: FileDescriptor) {
        self.descriptor = descriptor
        way = Way(descriptor)
    }

    deinit {
        if case .reopened(let own) = way { try? own.close() }
    }

    /// Writes all of `bytes`; what was written of them before it failed stays written.
    ///
    /// - Parameter limit: how long it waits, in all, for the other end to make room.
    /// - Throws: what the system call fails with; EAGAIN where there is no room in time.
    func write(_ bytes: [UInt8], within limit: Duration) throws(Errno) {
        var rest = bytes[...]
        var end: ContinuousClock.Instant?
        while !rest.isEmpty {
            do throws(Errno) {
                rest = rest.dropFirst(try writeSome(of: rest))
            } catch .interrupted {
                continue
            } catch .wouldBlock {
                let now = ContinuousClock.now
                let deadline = end ?? now + limit
                guard now < deadline else { throw .wouldBlock }
                _ = isWritable(within: deadline - now)
                end = deadline
            }
        }
    }

    /// - Returns: how many bytes were written.
    private func writeSome(of bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
        if case .shared = way, !isWritable(within: .zero) { throw .wouldBlock }
        let count = bytes.withUnsafeBytes { bytes in
            switch way {
            case .file: Glibc.write(descriptor.rawValue, bytes.baseAddress, bytes.count)
            case .socket: send(descriptor.rawValue, bytes.baseAddress, bytes.count, CInt(MSG_DONTWAIT))
            case .reopened(let own): Glibc.write(own.rawValue, bytes.baseAddress, bytes.count)
            case .shared:
                Glibc.write(descriptor.rawValue, bytes.baseAddress, min(bytes.count, BoundedWriter.atomicBytes))
            }
        }
        guard count >= 0 else { throw Errno(rawValue: errno) }
        return count
    }

    /// Whether the other end has room, or is gone, which the next write says.
    private func isWritable(within limit: Duration) -> Bool {
        var wait = pollfd(fd: descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
        return poll(&wait, 1, CInt((limit / .milliseconds(1)).rounded(.up))) > 0
    }
}

extension BoundedWriter.Way {
    fileprivate init(_ descriptor: FileDescriptor) {
        var status = stat()
        _ = fstat(descriptor.rawValue, &status)
        switch status.st_mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFSOCK: self = .socket
        default:
            // Not for a file: opened once more it would begin at its beginning, and need not append.
            let path = "/proc/self/fd/\(descriptor.rawValue)"
            let own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
            self = own >= 0 ? .reopened(FileDescriptor(rawValue: own)) : .shared
        }
    }
}
