import Crypto
import Foundation
import Hummingbird

/// Reads a request's body up to a limit, and hashes it on the way.
enum BodyReader {
    enum Outcome: Sendable {
        case whole(Data, sha256: String)
        /// The body is over the limit, and was not kept.
        case tooLarge
        /// The client went away before the end.
        case cutOff
    }

    /// A body over the limit is read on without being kept, up to as much again: many a client hears an answer only
    /// after it has sent everything. What is larger still is not read at all, or no further.
    static func read(_ request: Request, upTo limit: Int) async throws -> Outcome {
        let declared = request.headers[.contentLength].flatMap { Int($0) }
        if let declared, declared > 2 * limit { return .tooLarge }
        var body = Data()
        body.reserveCapacity(min(declared ?? 0, limit))
        var hash = SHA256()
        var received = 0
        for try await chunk in request.body {
            received += chunk.readableBytes
            guard received <= 2 * limit else { return .tooLarge }
            guard received <= limit else {
                body = Data()
                continue
            }
            chunk.withUnsafeReadableBytes { bytes in
                hash.update(bufferPointer: bytes)
                body.append(contentsOf: bytes)
            }
        }
        if received > limit { return .tooLarge }
        if let declared, received < declared { return .cutOff }
        return .whole(body, sha256: hexadecimal(hash.finalize()))
    }
}
