import Foundation
import Glibc
import Synchronization

/// A socket that listens on a free port of this machine alone.
///
/// The thread that accepts is the one that closes: its descriptor would be another listener's by the time it asked again.
package final class LoopbackListener: Sendable {
    package let port: UInt16
    private let descriptor: Int32
    private let isOpen = Mutex(true)

    package init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 128) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        guard isListening else { throw CocoaError(.featureUnsupported) }
        descriptor = listener
        port = UInt16(bigEndian: address.sin_port)
    }

    /// Hands each connection to a thread of its own, until ``stop()``.
    package func serve(_ handle: @escaping @Sendable (Int32) -> Void) {
        Thread { [self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { break }
                Thread { handle(connection) }.start()
            }
            isOpen.withLock { isOpen in
                isOpen = false
                close(descriptor)
            }
        }.start()
    }

    /// Ends the listening; connections end with their clients.
    package func stop() {
        isOpen.withLock { if $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }
}
