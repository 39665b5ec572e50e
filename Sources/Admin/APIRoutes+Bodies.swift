import Hummingbird
import JSONText
import Ledger
import NIOCore

/// What requests of the JSON API bring: nothing, or an object of which every member is known.
extension APIRoutes {
    /// `{"inbox": "erp"}`; nothing and `{}`: all of them.
    func inboxName(in request: Request) async throws -> String? {
        try await body(of: request, with: ["inbox"]) { root throws(APIProblem) in
            guard let inbox = root["inbox"] else { return nil }
            guard let name = inbox.string, !name.isEmpty else {
                throw APIProblem(.badRequest, "inbox is the name of an inbox.")
            }
            return name
        } ?? nil
    }

    /// `{"asNew": true, "sendTwice": true, "stale": true}`; what is missing is false.
    func retryTerms(in request: Request) async throws -> RetryTerms {
        try await body(of: request, with: ["asNew", "sendTwice", "stale"]) { root throws(APIProblem) in
            func flag(_ name: String) throws(APIProblem) -> Bool {
                guard let value = root[name] else { return false }
                guard let flag = value.bool else { throw APIProblem(.badRequest, "\(name) is true or false.") }
                return flag
            }
            return RetryTerms(asNew: try flag("asNew"), sendTwice: try flag("sendTwice"), stale: try flag("stale"))
        } ?? RetryTerms()
    }

    /// - Returns: `nil` where there is no body.
    private func body<Value>(
        of request: Request, with members: Set<String>, _ read: (JSONValue) throws(APIProblem) -> Value
    ) async throws -> Value? {
        let buffer: ByteBuffer
        do {
            buffer = try await request.body.collect(upTo: APIRoutes.bodyBytes)
        } catch {
            throw APIProblem(.contentTooLarge, "A body may have \(APIRoutes.bodyBytes) bytes.")
        }
        guard buffer.readableBytes > 0 else { return nil }
        let root: JSONValue
        do {
            root = try JSONDocument(parsing: Array(buffer.readableBytesView)).root
        } catch {
            throw APIProblem(.badRequest, "The body is no JSON: \(error)")
        }
        guard root.kind == .object, root.members.allSatisfy({ members.contains($0.key.string) }) else {
            let names = members.sorted().joined(separator: ", ")
            throw APIProblem(.badRequest, "The body is an object with no other members than \(names).")
        }
        return try read(root)
    }
}
