import Crypto
import FileSystem
import Model
import NIOCore

/// A file between two pieces of text, as buffers of 64 KB, hashed on the way.
struct FramedFile: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let head: [UInt8]
    let file: OpenFile
    let size: Int64
    let tail: [UInt8]
    /// `nil`: the hash is not checked.
    let sha256: [UInt8]?

    func makeAsyncIterator() -> Iterator { Iterator(framed: self) }

    struct Iterator: AsyncIteratorProtocol {
        let framed: FramedFile
        private var place = Place.head
        private var hash = SHA256()

        private enum Place {
            case head
            case file(offset: Int64)
            case end
        }

        init(framed: FramedFile) {
            self.framed = framed
        }

        /// - Throws: ``NetworkFailure`` before the tail where the file is not what it was: the API gets no whole request.
        mutating func next() async throws -> ByteBuffer? {
            switch place {
            case .head:
                place = .file(offset: 0)
                return ByteBuffer(bytes: framed.head)
            case .file(let offset) where offset < framed.size:
                let bytes = try framed.file.bytes(at: offset, count: Int(Swift.min(65_536, framed.size - offset)))
                guard !bytes.isEmpty else { throw Iterator.changed }
                hash.update(data: bytes)
                place = .file(offset: offset + Int64(bytes.count))
                return ByteBuffer(bytes: bytes)
            case .file:
                guard framed.sha256 == nil || framed.sha256 == Array(hash.finalize()) else { throw Iterator.changed }
                place = .end
                KillPoint.attachmentHalfSent.reach()
                return ByteBuffer(bytes: framed.tail)
            case .end:
                return nil
            }
        }

        private static let changed = NetworkFailure("the file changed while it was sent", origin: .changedFile)
    }
}
