import Glibc
import Synchronization

/// What a document and all its values share.
///
/// `@unchecked Sendable`: `words` is written only by the parser, before this object exists, is never written again,
/// and is freed by `deinit` alone; `text` is an immutable value; the line index is behind a mutex.
package final class JSONStorage: @unchecked Sendable {
    package let text: [UInt8]
    package let words: UnsafePointer<UInt64>
    private let lines = Mutex(LineIndex())

    /// Takes over `words`, which `free` gives back.
    init(text: [UInt8], words: UnsafeMutablePointer<UInt64>) {
        self.text = text
        self.words = UnsafePointer(words)
    }

    deinit {
        free(UnsafeMutablePointer(mutating: words))
    }

    /// Lends the bare pointers for the time of `body`.
    @inline(__always)
    package func withTree<R, E: Error>(_ body: (JSONTree) throws(E) -> R) throws(E) -> R {
        let words = words
        return try text.withUnsafeBufferPointer { (bytes) throws(E) -> R in
            // A document has at least one byte, so its buffer has an address.
            try body(JSONTree(text: bytes.baseAddress.unsafelyUnwrapped, words: words))
        }
    }

    func position(ofByte offset: Int) -> JSONPosition {
        text.withUnsafeBufferPointer { bytes in
            lines.withLock { $0.position(ofByte: offset, in: bytes) }
        }
    }
}
