import Crypto
import Foundation
import Model

/// Where tokens come from: kept by an earlier run, else the JSON client-credentials request (contract, section 4).
struct TokenSource: Sendable {
    let settings: DeliveryService.Settings
    let credentials: DeliveryService.Credentials
    let client: APIClient
    let gate: ThrottleGate
    let journal: any RequestJournal
    let time: any TimeSource
    let store: (any TokenStore)?
    let report: @Sendable (DeliveryEvent) -> Void

    /// The token of an earlier run, if it is this client's and still good.
    func kept() async -> Token? {
        guard let store else { return nil }
        do {
            guard let kept = try store.load() else { return nil }
            return kept.token(for: owner(try await credentials().id), at: time.moment, time.timestamp)
        } catch {
            // Without it a new one is asked for, and why that fails is said then.
            return nil
        }
    }

    /// - Throws: ``NetworkFailure`` where no token came, or `CancellationError`.
    func fetch() async throws -> Token {
        let (id, secret) = try await credentials()
        var json = JSONWriter()
        json.object {
            $0.member("client_id", id)
            $0.member("client_secret", secret)
            $0.member("audience", settings.audience)
            $0.member("grant_type", "client_credentials")
        }
        let (reply, started) = try await ask(.json(json.bytes))
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
        KillPoint.tokenFetched.reach()
        keep(token, for: owner(id))
        KillPoint.tokenKept.reach()
        return token
    }

    private func ask(_ body: RequestBody) async throws -> (APIClient.Reply, started: Moment) {
        let slot = try await gate.pass()
        let requestID = UUID().uuidString.lowercased()
        let entry: RequestEntry
        do {
            entry = try await journal.begin(.token, requestID: requestID)
        } catch {
            await gate.turnBack(slot)
            throw error
        }
        KillPoint.tokenIntended.reach()
        let started = time.moment
        let left = time.timestamp
        let reply: APIClient.Reply
        do {
            reply = try await client.send(
                method: "POST", url: settings.tokenURL, headers: [], body: body, requestID: requestID)
        } catch {
            await gate.leave(slot)
            throw error
        }
        await gate.leave(slot)
        // The answer holds the token: its body goes nowhere.
        let duration = time.moment - started
        try await journal.end(RequestEnd(request: entry.id, left: left, status: reply.status, duration: duration))
        let path = URL(string: settings.tokenURL)?.path ?? settings.tokenURL
        report(
            .answered(
                AttemptReport(
                    subject: nil, method: "POST", path: path, requestID: requestID, status: reply.status,
                    duration: duration, failure: reply.failure)))
        return (reply, started)
    }

    private func keep(_ token: Token, for owner: String) {
        guard let store else { return }
        let age = time.moment - token.fetchedAt
        do {
            try store.save(
                KeptToken(
                    bearer: token.bearer, fetchedAt: time.timestamp + (.zero - age), lifetime: token.lifetime,
                    owner: owner))
        } catch {
            report(.tokenNotKept(message: "\(error)"))
        }
    }

    /// Another endpoint, audience or client is another owner: its token is none of ours.
    private func owner(_ id: String) -> String {
        let parts = [settings.tokenURL, settings.audience, id].joined(separator: "\u{0}")
        return Array(SHA256.hash(data: Data(parts.utf8))).hex
    }
}
