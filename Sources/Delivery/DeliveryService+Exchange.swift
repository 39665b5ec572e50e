import Foundation
import Model

extension DeliveryService {
    /// A request that has everything it needs to leave.
    struct Outgoing: Sendable {
        var method: String
        var url: String
        /// `nil` for a reading request.
        var body: RequestBody?
        var token: Token
        /// How much of the answer is read.
        var kept = APIClient.keptAnswer
    }

    /// A request that is written down.
    struct Intent: Sendable {
        var entry: RequestEntry
        var requestID: String
    }

    /// A request and its answer.
    struct Exchange: Sendable {
        var intent: Intent
        var left: Moment
        var leftAt: Timestamp
        var duration: Duration
        var reply: APIClient.Reply
    }

    /// A good token and a slot at the same time.
    func permission() async throws -> (Token, slot: Int64) {
        while true {
            _ = try await tokens.token()
            let slot = try await gate.pass()
            if let token = await tokens.usable { return (token, slot) }
            // It expired while the slot was waited for; a fetch needs a slot too.
            await gate.turnBack(slot)
        }
    }

    /// Writes down that a batch is about to leave. From here on it may have left, for whoever reads the journal after a
    /// crash.
    func intend(_ purpose: RequestPurpose) async throws -> Intent {
        let requestID = UUID().uuidString.lowercased()
        let entry = try await journal.begin(purpose, requestID: requestID)
        if case .batch = purpose { KillPoint.requestIntended.reach() }
        return Intent(entry: entry, requestID: requestID)
    }

    /// Sends a request that is written down.
    ///
    /// The slot stays taken: whoever judges the answer leaves it.
    ///
    /// - Throws: `CancellationError`: it was cut off; the slot is given back.
    func exchange(_ outgoing: Outgoing, _ intent: Intent, _ slot: Int64) async throws -> Exchange {
        let left = time.moment
        let leftAt = time.timestamp
        do {
            let request = Task { [client] in
                try await client.send(
                    method: outgoing.method, url: outgoing.url,
                    headers: [("Authorization", "Bearer \(outgoing.token.bearer)")], body: outgoing.body,
                    requestID: intent.requestID, kept: outgoing.kept)
            }
            underWay[intent.requestID] = request
            defer { underWay[intent.requestID] = nil }
            let reply = try await request.value
            return Exchange(
                intent: intent, left: left, leftAt: leftAt, duration: time.moment - left, reply: reply)
        } catch {
            await gate.leave(slot)
            throw error
        }
    }
}
