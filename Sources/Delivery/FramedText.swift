import Crypto
import Model
import NIOCore

/// A long text, or any file, between two short texts, as buffers of 64 KB, hashed on the way.
struct FramedText: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    /// What has to have a certain hash before the tail leaves.
    enum Check: Sendable {
        /// Head, text and tail.
        case whole(sha256: [UInt8])
        /// What is between head and tail.
        case inside(sha256: [UInt8])
    }

    let head: [UInt8]
    /// How many bytes are between head and tail.
    let size: Int64
    let tail: [UInt8]
    /// `nil`: no hash is checked.
    let check: Check?
    /// Reads what is between head and tail; fewer bytes where it has become shorter.
    let read: @Sendable (_ offset: Int64, _ count: Int) throws -> [UInt8]

    var length: Int64 { Int64(head.count + tail.count) + size }

    func makeAsyncIterator() -> Iterator { Iterator(framed: self) }

    struct Iterator: AsyncIteratorProtocol {
        let framed: FramedText
        private var place = Place.head
        private var hash = SHA256()

        private enum Place {
            case head
            case text(offset: Int64)
            case end
        }

        init(framed: FramedText) {
            self.framed = framed
        }

        /// - Throws: ``NetworkFailure`` before the tail where the text is not what it was: the API gets no whole request.
        mutating func next() async throws -> ByteBuffer? {
            switch place {
            case .head:
                if case .whole = framed.check { hash.update(data: framed.head) }
                place = .text(offset: 0)
                return ByteBuffer(bytes: framed.head)
            case .text(let offset) where offset < framed.size:
                let bytes = try framed.read(offset, Int(Swift.min(65_536, framed.size - offset)))
                guard !bytes.isEmpty else { throw Iterator.changed }
                if framed.check != nil { hash.update(data: bytes) }
                place = .text(offset: offset + Int64(bytes.count))
                return ByteBuffer(bytes: bytes)
            case .text:
                guard isAsItWas else { throw Iterator.changed }
                place = .end
                KillPoint.bodyHalfSent.reach()
                return ByteBuffer(bytes: framed.tail)
            case .end:
                return nil
            }
        }

        private var isAsItWas: Bool {
            var hash = hash
            switch framed.check {
            case nil: return true
            case .inside(let sha256): return sha256 == Array(hash.finalize())
            case .whole(let sha256):
                hash.update(data: framed.tail)
                return sha256 == Array(hash.finalize())
            }
        }

        private static let changed = NetworkFailure("the file changed while it was sent", origin: .changedFile)
    }
}
