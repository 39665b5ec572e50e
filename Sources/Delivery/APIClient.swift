import AsyncHTTPClient
import FileSystem
import Foundation
import Model
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One request to one answer over HTTP: no patience, no counting, no judgement.
package struct APIClient: Sendable {
    /// How much of an answer's body is kept.
    package static let keptAnswer = 64 * 1024

    package struct Reply: Sendable, Hashable {
        package var answer: Answer
        /// The `Location` header.
        package var location: String?
        /// The beginning of the body.
        package var body: [UInt8]
    }

    private let http: HTTPClient
    private let timeout: Duration
    private let userAgent: String
    private let time: any TimeSource

    package init(http: HTTPClient, timeout: Duration, version: String, time: any TimeSource) {
        self.http = http
        self.timeout = timeout
        self.userAgent = "sluice/\(version)"
        self.time = time
    }

    /// A client of AsyncHTTPClient as Sluice needs it: no redirect is followed and no retry hidden.
    ///
    /// - Parameter authorities: a PEM file of authorities to trust beside the system's.
    package static func makeHTTPClient(connections: Int, timeout: Duration, authorities: String?) -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let authorities { tls.additionalTrustRoots = [.file(authorities)] }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .milliseconds(min(timeout.wholeMilliseconds, 10_000))))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Sends a request, and waits for its answer no longer than the timeout.
    ///
    /// - Throws: `CancellationError`; a request without an answer is a reply like any other.
    package func send(
        method: String, url: String, headers: [(String, String)], body: RequestBody, requestID: String
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "User-Agent", value: userAgent)
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "Content-Type", value: body.contentType)
        request.headers.add(name: "X-Request-Id", value: requestID)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        switch body {
        case .json(let bytes):
            request.body = .bytes(ByteBuffer(bytes: bytes))
        case .multipart(_, let head, let file, let size, let tail):
            request.body = .stream(
                FramedFile(head: head, file: file, size: size, tail: tail), length: .known(body.length))
        }
        let deadline = ContinuousClock.now + timeout
        do {
            let response = try await http.execute(
                request, deadline: .now() + .nanoseconds(timeout.wholeMilliseconds * 1_000_000))
            let retryAfter = response.headers.first(name: "Retry-After")
                .flatMap { RetryAfter.parse($0, at: time.timestamp) }
            return Reply(
                answer: .status(Int(response.status.code), retryAfter: retryAfter),
                location: response.headers.first(name: "Location"),
                body: await APIClient.beginning(of: response.body, until: deadline))
        } catch {
            try Task.checkCancellation()
            if error is CancellationError { throw error }
            return Reply(answer: .none(NetworkFailure(describing: error, timeout: timeout)), body: [])
        }
    }

    /// The status counts from the moment it was read; a body that breaks off afterwards changes nothing, nor does one
    /// that takes too long: the library's deadline ends with the headers.
    private static func beginning(
        of body: HTTPClientResponse.Body, until deadline: ContinuousClock.Instant
    ) async -> [UInt8] {
        let reading = Task { await beginning(of: body) }
        let alarm = Task {
            try await Task.sleep(until: deadline)
            reading.cancel()
        }
        defer { alarm.cancel() }
        return await withTaskCancellationHandler {
            await reading.value
        } onCancel: {
            reading.cancel()
        }
    }

    private static func beginning(of body: HTTPClientResponse.Body) async -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await part in body {
                bytes.append(contentsOf: part.readableBytesView.prefix(keptAnswer - bytes.count))
                if bytes.count == keptAnswer { break }
            }
        } catch {
            return bytes
        }
        return bytes
    }
}

extension NetworkFailure {
    init(describing error: any Error, timeout: Duration) {
        switch error {
        case let error as NetworkFailure:
            self = error
        case let error as HTTPClientError
        where [.deadlineExceeded, .readTimeout, .connectTimeout].contains(error):
            self.init("no answer within \(timeout)")
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            self.init("the connection was closed before the answer")
        case let error as NIOConnectionError:
            self.init("cannot connect to \(error.host):\(error.port)")
        case let error as IOError:
            // Its own description puts the reason behind words that say something else.
            self.init("the connection failed: \(String(cString: strerror(error.errnoCode)))")
        case let error as SystemCallError:
            self.init(error.description)
        default:
            self.init(String(String(describing: error).prefix(200)))
        }
    }
}

/// A file between two pieces of text, as buffers of 64 KB.
private struct FramedFile: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let head: [UInt8]
    let file: OpenFile
    let size: Int64
    let tail: [UInt8]

    func makeAsyncIterator() -> Iterator { Iterator(framed: self) }

    struct Iterator: AsyncIteratorProtocol {
        let framed: FramedFile
        private var place = Place.head

        private enum Place {
            case head
            case file(offset: Int64)
            case end
        }

        init(framed: FramedFile) {
            self.framed = framed
        }

        mutating func next() async throws -> ByteBuffer? {
            switch place {
            case .head:
                place = .file(offset: 0)
                return ByteBuffer(bytes: framed.head)
            case .file(let offset) where offset < framed.size:
                let bytes = try framed.file.bytes(at: offset, count: Int(Swift.min(65_536, framed.size - offset)))
                guard !bytes.isEmpty else { throw NetworkFailure("the file became shorter while it was sent") }
                place = .file(offset: offset + Int64(bytes.count))
                return ByteBuffer(bytes: bytes)
            case .file:
                place = .end
                return ByteBuffer(bytes: framed.tail)
            case .end:
                return nil
            }
        }
    }
}
