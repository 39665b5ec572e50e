import Foundation
import Model

/// The JSON client-credentials request for a token (contract, section 4).
struct TokenRequest {
    let settings: DeliveryService.Settings
    let credentials: DeliveryService.Credentials

    /// - Throws: ``NetworkFailure`` where no token came, or `CancellationError`.
    func fetch(
        client: APIClient, gate: ThrottleGate, journal: any RequestJournal, time: any TimeSource,
        report: @Sendable (DeliveryEvent) -> Void
    ) async throws -> Token {
        let (id, secret) = try await credentials()
        var json = JSONWriter()
        json.object {
            $0.member("client_id", id)
            $0.member("client_secret", secret)
            $0.member("audience", settings.audience)
            $0.member("grant_type", "client_credentials")
        }
        let slot = try await gate.pass()
        let requestID = UUID().uuidString.lowercased()
        let entry: Int64
        do {
            entry = try await journal.begin(.token, requestID: requestID)
        } catch {
            await gate.turnBack(slot)
            throw error
        }
        let started = time.moment
        let reply: APIClient.Reply
        do {
            reply = try await client.send(
                method: "POST", url: settings.tokenURL, headers: [], body: .json(Array(json.text.utf8)),
                requestID: requestID)
        } catch {
            await gate.leave(slot)
            throw error
        }
        await gate.leave(slot)
        // The answer holds the token: its body goes nowhere.
        let duration = time.moment - started
        try await journal.end(entry, RequestEnding(status: reply.status, duration: duration))
        let path = URL(string: settings.tokenURL)?.path ?? settings.tokenURL
        report(
            .answered(
                AttemptReport(
                    subject: nil, method: "POST", path: path, requestID: requestID, status: reply.status,
                    duration: duration, failure: reply.failure)))
        guard case .status(let status, let retryAfter) = reply.answer else {
            throw NetworkFailure("the token endpoint: \(reply.failure ?? "no answer")")
        }
        guard (200...299).contains(status) else {
            throw NetworkFailure("the token endpoint answered \(status)", retryAfter: retryAfter)
        }
        // The answer may have been long on its way: the token is as old as its request.
        guard let token = Token(answer: reply.body, at: started, time.timestamp) else {
            throw NetworkFailure("the token endpoint answered \(status) without a usable access_token")
        }
        return token
    }
}
