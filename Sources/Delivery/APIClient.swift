import AsyncHTTPClient
import FileSystem
import Foundation
import Model
import NIOCore
import NIOHTTP1

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

    private let connections: Connections
    private let timeout: Duration
    private let userAgent: String
    private let time: any TimeSource
    /// By a clock of this machine, for the library's deadline goes by one.
    private let alarms = Alarms(time: SystemTime(), sleepsOn: true)

    package init(connections: Connections, timeout: Duration, version: String, time: any TimeSource) {
        self.connections = connections
        self.timeout = timeout
        self.userAgent = "sluice/\(version)"
        self.time = time
    }

    /// Sends a request, and waits for its answer no longer than the timeout.
    ///
    /// - Parameter kept: how much of the answer's body is read.
    /// - Throws: `CancellationError`; a request without an answer is a reply like any other.
    package func send(
        method: String, url: String, headers: [(String, String)], body: RequestBody?, requestID: String,
        kept: Int = APIClient.keptAnswer
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "User-Agent", value: userAgent)
        request.headers.add(name: "Accept", value: "application/json")
        if let body { request.headers.add(name: "Content-Type", value: body.contentType) }
        request.headers.add(name: "X-Request-Id", value: requestID)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        switch body {
        case .json(let bytes):
            // A large one goes in pieces, and is not copied as a whole.
            request.body = .bytes(bytes)
        case .longJSON(let head, let size, let tail, let sha256, let read):
            request.body = stream(
                FramedText(head: head, size: size, tail: tail, check: sha256.map { .whole(sha256: $0) }, read: read))
        case .multipart(_, let head, let file, let size, let tail, let sha256):
            request.body = stream(
                FramedText(
                    head: head, size: size, tail: tail, check: sha256.map { .inside(sha256: $0) },
                    read: { try file.bytes(at: $0, count: $1) }))
        case nil: break
        }
        let deadline = SystemTime().moment + timeout
        do {
            let response = try await connections.client(for: url).execute(
                request, deadline: .now() + .nanoseconds(timeout.wholeMilliseconds * 1_000_000))
            let retryAfter = response.headers.first(name: "Retry-After")
                .flatMap { RetryAfter.parse($0, at: time.timestamp) }
            return Reply(
                answer: .status(Int(response.status.code), retryAfter: retryAfter),
                location: response.headers.first(name: "Location"),
                body: await beginning(of: response.body, until: deadline, kept: kept))
        } catch {
            try Task.checkCancellation()
            if error is CancellationError { throw error }
            return Reply(answer: .none(NetworkFailure(describing: error, timeout: timeout)), body: [])
        }
    }

    private func stream(_ text: FramedText) -> HTTPClientRequest.Body {
        .stream(text, length: .known(text.length))
    }

    /// The status counts from the moment it was read; a body that breaks off afterwards changes nothing, nor does one
    /// that takes too long: the library's deadline ends with the headers.
    private func beginning(
        of body: HTTPClientResponse.Body, until deadline: Moment, kept: Int
    ) async -> [UInt8] {
        let reading = Task { await APIClient.beginning(of: body, kept: kept) }
        let alarm = Owner()
        alarms.set(for: alarm, at: deadline) { reading.cancel() }
        defer { alarms.cancel(for: alarm) }
        return await withTaskCancellationHandler {
            await reading.value
        } onCancel: {
            reading.cancel()
        }
    }

    /// Whose an alarm is.
    private final class Owner: Sendable {}

    private static func beginning(of body: HTTPClientResponse.Body, kept: Int) async -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await part in body {
                bytes.append(contentsOf: part.readableBytesView.prefix(kept - bytes.count))
                if bytes.count == kept { break }
            }
        } catch {
            return bytes
        }
        return bytes
    }
}
