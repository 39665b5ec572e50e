import Foundation

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

    let port: UInt16
    private let listener: Int32

    init(_ handle: @escaping @Sendable (Connection) -> Void) throws {
        let (listener, port) = try LoopbackListener.open()
        (self.listener, self.port) = (listener, port)
        Thread {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread {
                    handle(Connection(descriptor: connection))
                    close(connection)
                }.start()
            }
        }.start()
    }

    var url: String { "http://127.0.0.1:\(port)" }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}
