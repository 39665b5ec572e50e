import Crypto
import FileSystem
import Synchronization

/// Reads a file piece by piece and hashes it on the way: what is read for the first time, as long as it follows what
/// was read before.
final class RunningHash: Sendable {
    private let file: OpenFile
    private let state = Mutex((hash: SHA256(), end: 0))

    init(_ file: OpenFile) {
        self.file = file
    }

    /// - Throws: ``SystemCallError``.
    func read(_ range: Range<Int>) throws -> [UInt8] {
        let bytes = try file.bytes(at: Int64(range.lowerBound), count: range.count)
        state.withLock { state in
            let new = state.end - range.lowerBound
            guard new >= 0, new < bytes.count else { return }
            bytes.withUnsafeBytes {
                state.hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[new...]))
            }
            state.end = range.lowerBound + bytes.count
        }
        return bytes
    }

    /// The SHA-256 of the whole file; what was not read so far is read now.
    ///
    /// - Throws: ``SystemCallError``.
    func whole(size: Int) throws -> [UInt8] {
        var end = state.withLock { $0.end }
        while end < size {
            let count = try read(end..<min(size, end + 1 << 20)).count
            if count == 0 { break }
            end += count
        }
        return state.withLock { Array($0.hash.finalize()) }
    }
}
