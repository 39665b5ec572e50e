import Foundation

extension SandboxState {
    /// Answers a request for a token: 400 for one that is malformed, 401 for credentials that are wrong.
    mutating func token(_ body: Data, at now: Duration, date: Date) throws -> Answer {
        guard let request = Self.tokenRequest(body) else {
            return .problem(400, "The body is not a JSON object")
        }
        let missing = ["client_id", "client_secret", "audience", "grant_type"].filter { request[$0] == nil }
        guard missing.isEmpty else {
            let errors = missing.map { BodyError(pointer: "/\($0)", message: "must be a string that is not empty") }
            return .problem(400, "The body is not a request for a token", errors: errors)
        }
        guard request["grant_type"] == "client_credentials" else {
            return .problem(
                400, "The grant type is not supported",
                errors: [BodyError(pointer: "/grant_type", message: "must be client_credentials")])
        }
        let wanted = [
            ("client_id", options.clientID), ("client_secret", options.clientSecret), ("audience", options.audience),
        ]
        guard wanted.allSatisfy({ name, value in value == nil || value == request[name] }) else {
            return .problem(401, "The credentials are wrong")
        }
        let token = try tokens.issue(
            audience: request["audience"] ?? "", at: now, date: date, using: &generator)
        let seconds = options.statesTokenLifetime ? Int(options.tokenLifetime / .seconds(1)) : nil
        return .json(
            200, Grant(accessToken: token, tokenType: "Bearer", expiresIn: seconds),
            headers: [("Cache-Control", "no-store")])
    }

    /// The strings of the body that are not empty; `nil` where it is no JSON object.
    private static func tokenRequest(_ body: Data) -> [String: String]? {
        do {
            let root = try JSONSerialization.jsonObject(with: body) as? [String: Any]
            return root?.compactMapValues { $0 as? String }.filter { !$0.value.isEmpty }
        } catch {
            return nil
        }
    }

    private struct Grant: Encodable {
        var accessToken: String
        var tokenType: String
        var expiresIn: Int?

        enum CodingKeys: String, CodingKey {
            case accessToken = "access_token"
            case tokenType = "token_type"
            case expiresIn = "expires_in"
        }
    }
}
