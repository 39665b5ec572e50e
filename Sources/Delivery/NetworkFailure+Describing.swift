import AsyncHTTPClient
import FileSystem
import Foundation
import Model
import NIOCore
import NIOPosix
import NIOSSL

extension NetworkFailure {
    /// What a library threw instead of an answer, in a person's words.
    init(describing error: any Error, timeout: Duration) {
        let said = NetworkFailure(naming: error, timeout: timeout)
        let isOurs = said.origin == .network && NetworkFailure.isOutOfDescriptors(error)
        self = isOurs ? NetworkFailure("too many open files: no connection can be made", origin: .machine) : said
    }

    /// Whether this process, or the machine, has no descriptor for another connection. Of a name that was not found for
    /// want of one the library tells no more, so that it is tried out.
    private static func isOutOfDescriptors(_ error: any Error) -> Bool {
        let errors = [error] + ((error as? NIOConnectionError)?.connectionErrors.map(\.error) ?? [])
        if errors.contains(where: { [EMFILE, ENFILE].contains(($0 as? IOError)?.errnoCode) }) { return true }
        let probe = open("/dev/null", O_RDONLY | O_CLOEXEC)
        if probe >= 0 {
            close(probe)
            return false
        }
        return errno == EMFILE || errno == ENFILE
    }

    private init(naming error: any Error, timeout: Duration) {
        switch error {
        case let error as NetworkFailure:
            self = error
        case let error as HTTPClientError:
            self.init(NetworkFailure.words(for: error, timeout: timeout))
        case let error as NIOConnectionError:
            self.init(
                error.dnsAError == nil && error.dnsAAAAError == nil
                    ? "cannot connect to \(error.host):\(error.port)" : "the name \(error.host) cannot be found")
        case let error as SocketAddressError.UnknownHost:
            self.init("the name \(error.host) cannot be found")
        case SocketAddressError.unknown(let host, _):
            self.init("the name \(host) cannot be found")
        case let error as IOError:
            // Its own description puts the reason behind words that say something else.
            self.init("the connection failed: \(String(cString: strerror(error.errnoCode)))")
        case let error as SystemCallError:
            self.init(error.description, origin: .machine)
        case NIOSSLError.uncleanShutdown, is NIOSSLCloseTimedOutError:
            self.init("the connection broke off")
        case NIOSSLError.handshakeFailed(let reason) where NetworkFailure.isBrokenOff(reason):
            self.init("the connection broke off while TLS began")
        case let error as NIOSSLError:
            self.init("TLS failed: \(NetworkFailure.reason(error))", origin: .untrusted)
        case let error as NIOSSLExtraError:
            self.init("TLS failed: \(error.description)", origin: .untrusted)
        case let error as BoringSSLError:
            self.init("TLS failed: \(error)", origin: .untrusted)
        default:
            self.init(String(String(describing: error).prefix(200)))
        }
    }

    private static func words(for error: HTTPClientError, timeout: Duration) -> String {
        switch error {
        case .connectTimeout: "no connection within \(Connections.connectTimeout(of: timeout))"
        case .tlsHandshakeTimeout: "TLS did not begin within \(Connections.connectTimeout(of: timeout))"
        case .deadlineExceeded, .readTimeout: "no answer within \(timeout)"
        case .remoteConnectionClosed: "the connection was closed before the answer"
        case .proxyAuthenticationRequired: "the proxy wants a user and a password"
        case .invalidProxyResponse, .httpProxyHandshakeTimeout: "the proxy did not connect"
        default: String(String(describing: error).prefix(200))
        }
    }

    /// Whether the other side just went away, which is nothing that its certificate could be blamed for.
    private static func isBrokenOff(_ reason: BoringSSLError) -> Bool {
        switch reason {
        case .syscallError, .zeroReturn: true
        case .sslError(let errors): String(describing: errors).contains("EOF during handshake")
        default: false
        }
    }

    private static func reason(_ error: NIOSSLError) -> String {
        let text = String(describing: error)
        let known = [
            ("CERTIFICATE_VERIFY_FAILED", "the server's certificate is not trusted; see api.ca"),
            ("WRONG_VERSION_NUMBER", "the server does not speak TLS"),
            ("UNSUPPORTED_PROTOCOL", "the server speaks no version of TLS from 1.2 on"),
            ("PROTOCOL_VERSION", "the server speaks no version of TLS from 1.2 on"),
        ]
        return known.first { text.contains($0.0) }?.1 ?? String(text.prefix(200))
    }
}
