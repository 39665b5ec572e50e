import Foundation
import Synchronization

/// An HTTP server that says exactly what a test tells it to say, byte by byte, over a real socket.
package final class StubServer: Sendable {
    package struct Request: Sendable {
        package var method = ""
        package var path = ""
        package var headers: [String: String] = [:]
        package var body: [UInt8] = []

        package var bearer: String? { headers["authorization"]?.replacing("Bearer ", with: "") }
    }

    package enum Reply: Sendable {
        case status(Int, headers: [String: String] = [:], body: String = "")
        /// These bytes, and then the end of the connection.
        case bytes(String)
        /// These bytes, and then nothing for as long as the other side waits.
        case silence(after: String = "")
        /// Another reply, once the semaphore allows it.
        indirect case held(DispatchSemaphore, then: Reply)

        /// The connection ends without a word.
        package static let close = Reply.bytes("")
    }

    package typealias Handler = @Sendable (Request) -> Reply

    package var port: UInt16 { listener.port }
    private let listener: LoopbackListener
    private let handler: Handler
    private let seen = Mutex<[Request]>([])

    package init(_ handler: @escaping Handler) throws {
        self.handler = handler
        listener = try LoopbackListener()
        listener.serve { [weak self] connection in
            guard let self else {
                close(connection)
                return
            }
            serve(connection)
        }
    }

    /// Everything that was asked so far, in the order in which it came.
    package var requests: [Request] { seen.withLock { $0 } }

    package func requests(to path: String) -> [Request] { requests.filter { $0.path == path } }

    package func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// Ends the listening; connections end with their clients.
    package func stop() { listener.stop() }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        var reader = RequestReader(connection: connection)
        while let request = reader.next() {
            seen.withLock { $0.append(request) }
            guard say(handler(request), to: connection) else { return }
        }
    }

    /// - Returns: whether the connection goes on.
    private func say(_ reply: Reply, to connection: Int32) -> Bool {
        switch reply {
        case .status(let status, let headers, let body):
            let lines = headers.map { "\($0): \($1)\r\n" }.sorted().joined()
            let head = "HTTP/1.1 \(status) Word\r\nContent-Length: \(body.utf8.count)\r\n\(lines)\r\n"
            return send(status == 204 ? "HTTP/1.1 204 None\r\n\r\n" : head + body, to: connection)
        case .bytes(let text):
            _ = send(text, to: connection)
            return false
        case .silence(let text):
            _ = send(text, to: connection)
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) > 0 {}
            return false
        case .held(let semaphore, let reply):
            semaphore.wait()
            return say(reply, to: connection)
        }
    }

    private func send(_ text: String, to connection: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(connection, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// Requests with a `Content-Length` or chunks, one after the other, from one connection.
private struct RequestReader {
    let connection: Int32
    private var buffered: [UInt8] = []

    init(connection: Int32) {
        self.connection = connection
    }

    mutating func next() -> StubServer.Request? {
        guard let first = line() else { return nil }
        let parts = first.split(separator: " ")
        guard parts.count == 3 else { return nil }
        var request = StubServer.Request(method: String(parts[0]), path: String(parts[1]))
        while let header = line(), !header.isEmpty {
            guard let colon = header.firstIndex(of: ":") else { return nil }
            request.headers[header[..<colon].lowercased()] =
                String(header[header.index(after: colon)...]).trimmingCharacters(in: .whitespaces)
        }
        guard let body = bytes(Int(request.headers["content-length"] ?? "") ?? 0) else { return nil }
        request.body = body
        return request
    }

    private mutating func line() -> String? {
        while true {
            if let end = buffered.firstIndex(of: 10) {
                defer { buffered.removeFirst(end + 1) }
                return String(decoding: buffered[..<end], as: UTF8.self).trimmingCharacters(in: .newlines)
            }
            guard fill() else { return nil }
        }
    }

    private mutating func bytes(_ count: Int) -> [UInt8]? {
        while buffered.count < count { guard fill() else { return nil } }
        defer { buffered.removeFirst(count) }
        return Array(buffered[..<count])
    }

    private mutating func fill() -> Bool {
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = recv(connection, &piece, piece.count, 0)
        if count > 0 { buffered += piece[..<count] }
        return count > 0
    }
}
