import Foundation
import Model

extension DeliveryService {
    /// A request that has everything it needs to leave.
    struct Outgoing: Sendable {
        var purpose: RequestPurpose
        var method: String
        var url: String
        /// `nil` for a reading request.
        var body: RequestBody?
        var token: Token
        /// How much of the answer is read.
        var kept = APIClient.keptAnswer
    }

    /// A request and its answer.
    struct Exchange: Sendable {
        var entry: Int64
        var requestID: String
        var left: Moment
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

    /// Writes a request down and sends it.
    ///
    /// The slot is given back where nothing was sent, and stays taken otherwise: whoever judges the answer leaves it.
    func exchange(_ outgoing: Outgoing, _ slot: Int64) async throws -> Exchange {
        let requestID = UUID().uuidString.lowercased()
        let entry: Int64
        do {
            entry = try await journal.begin(outgoing.purpose, requestID: requestID)
        } catch {
            await gate.turnBack(slot)
            throw error
        }
        if case .batch = outgoing.purpose { KillPoint.requestIntended.reach() }
        let left = time.moment
        do {
            let request = Task { [client] in
                try await client.send(
                    method: outgoing.method, url: outgoing.url,
                    headers: [("Authorization", "Bearer \(outgoing.token.bearer)")], body: outgoing.body,
                    requestID: requestID, kept: outgoing.kept)
            }
            underWay[requestID] = request
            defer { underWay[requestID] = nil }
            let reply = try await request.value
            return Exchange(
                entry: entry, requestID: requestID, left: left, duration: time.moment - left, reply: reply)
        } catch {
            await gate.leave(slot)
            throw error
        }
    }
}
