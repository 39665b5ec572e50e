import Foundation
import Hummingbird

/// The sandbox's own pages under `/sandbox`: no token, no rate, no faults.
extension Sandbox {
    /// The answer of a page; `nil` where the request is for the API.
    func page(for request: Request) throws -> Answer? {
        let path = request.uri.path
        guard path == "/sandbox" || path.hasPrefix("/sandbox/") else { return nil }
        switch (request.method.rawValue, path) {
        case ("GET", "/sandbox/accepted"):
            let accepted = accepted
            let page = AcceptedPage(
                accepted: accepted, count: accepted.count, ambiguous: ambiguousReferences.sorted())
            return .json(200, page)
        case ("GET", "/sandbox/requests"):
            let last = request.uri.queryParameters["last"].flatMap { Int($0) } ?? 100
            let page = read { RequestsPage(requests: Array($0.log.requests.suffix(max(0, last))), total: $0.log.total) }
            return .json(200, page)
        case ("GET", "/sandbox/windows"):
            let page = read { state in
                WindowsPage(
                    largest: state.window.largest, limit: state.window.limit, seconds: 60,
                    requests: state.log.total, tokenRequests: state.tokenRequests)
            }
            return .json(200, page)
        case ("GET", "/sandbox/books"):
            return try books.page()
        case ("POST", "/sandbox/reset"):
            reset()
            return Answer(status: 204)
        case (_, "/sandbox/accepted"), (_, "/sandbox/requests"), (_, "/sandbox/windows"), (_, "/sandbox/books"):
            return .problem(405, "Method not allowed", headers: [("Allow", "GET")])
        case (_, "/sandbox/reset"):
            return .problem(405, "Method not allowed", headers: [("Allow", "POST")])
        default:
            return .problem(404, "No such page: there are accepted, requests, windows, books and reset")
        }
    }
}

private struct AcceptedPage: Encodable {
    var accepted: [Acceptance]
    var count: Int
    /// The references that more than one body came under, accepted or not.
    var ambiguous: [String]
}

private struct RequestsPage: Encodable {
    var requests: [SeenRequest]
    /// How many there were in all.
    var total: Int
}

private struct WindowsPage: Encodable {
    /// The largest number of requests in any so many seconds.
    var largest: Int
    var limit: Int?
    var seconds: Int
    var requests: Int
    var tokenRequests: Int
}
