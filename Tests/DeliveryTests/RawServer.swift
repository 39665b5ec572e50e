import Foundation
import TestSupport

/// A TCP server that does to each connection what a test says, below what any HTTP library would do.
final class RawServer: Sendable {
    /// One connection, to be read and written by hand.
    struct Connection: Sendable {
        let descriptor: Int32

        /// Reads until `count` bytes have come, or the other side is gone.
        func read(atLeast count: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 65_536)
            while bytes.count < count {
                let got = recv(descriptor, &piece, min(piece.count, count - bytes.count), 0)
                if got <= 0 { break }
                bytes += piece[..<got]
            }
            return bytes
        }

        func say(_ text: String) {
            let bytes = Array(text.utf8)
            _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
        }

        /// Reads on and on until the other side goes away.
        func drain() {
            var piece = [UInt8](repeating: 0, count: 65_536)
            while recv(descriptor, &piece, piece.count, 0) > 0 {}
        }

        /// Makes the end of the connection a reset (`SO_LINGER`, socket(7)).
        func resetAtTheEnd() {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
    }

    private let listener: LoopbackListener

    init(_ handle: @escaping @Sendable (Connection) -> Void) throws {
        listener = try LoopbackListener()
        listener.serve { connection in
            handle(Connection(descriptor: connection))
            close(connection)
        }
    }

    var port: UInt16 { listener.port }
    var url: String { "http://127.0.0.1:\(port)" }

    func stop() { listener.stop() }
}
