import Foundation

/// A request as the sandbox saw it.
package struct SeenRequest: Sendable, Equatable, Encodable {
    /// Its place among all requests, from 0.
    package let number: Int
    package let at: Date
    package let method: String
    package let path: String
    /// The client's `X-Request-Id`.
    package let requestID: String?
    /// Whether it came over HTTP/2.
    package let isHTTP2: Bool
    /// The reference it carried, where it came so far that it was read.
    package fileprivate(set) var reference: String?
    /// SHA-256 of its body, where that came whole; of an attachment's fields and file.
    package fileprivate(set) var sha256: String?
    /// The status it was answered with; `nil` where there was no answer, or none yet.
    package fileprivate(set) var status: Int?
}

/// The last requests, oldest first.
struct RequestLog: Sendable {
    static let capacity = 100_000

    /// How many requests were seen in all.
    var total: Int { forgotten + requests.count }
    private(set) var requests: [SeenRequest] = []
    /// The bodies that came whole under each kind and reference, accepted or not.
    private var bodies: [String: Set<String>] = [:]
    /// The references that more than one body came under.
    private(set) var ambiguous: Set<String> = []
    private var forgotten = 0

    /// Notes a request, and gives the number by which the rest is told of it.
    mutating func begin(method: String, path: String, requestID: String?, isHTTP2: Bool, at date: Date) -> Int {
        if requests.count >= 2 * Self.capacity {
            requests.removeFirst(Self.capacity)
            forgotten += Self.capacity
        }
        let number = total
        requests.append(
            SeenRequest(
                number: number, at: date, method: method, path: path, requestID: requestID, isHTTP2: isHTTP2))
        return number
    }

    mutating func note(_ number: Int, reference: String?) {
        update(number) { $0.reference = reference }
    }

    mutating func note(_ number: Int, _ batch: Batch) {
        update(number) {
            $0.reference = batch.reference
            $0.sha256 = batch.sha256
        }
        let key = "\(batch.kind.rawValue) \(batch.reference)"
        bodies[key, default: []].insert(batch.sha256)
        if bodies[key, default: []].count > 1 { ambiguous.insert(batch.reference) }
    }

    mutating func end(_ number: Int, status: Int?) {
        update(number) { $0.status = status }
    }

    private mutating func update(_ number: Int, _ change: (inout SeenRequest) -> Void) {
        let index = number - forgotten
        guard requests.indices.contains(index), requests[index].number == number else { return }
        change(&requests[index])
    }
}
