import Model

extension DeliveryService {
    /// What a result says of a final answer that an earlier run of the service got and could not act upon.
    package static func problem(_ code: Code, status: Int?, response: String?) -> Problem {
        let answer = status.map { Answer.status($0, retryAfter: nil) } ?? .none(NetworkFailure("no answer"))
        let reply = APIClient.Reply(answer: answer, body: Array((response ?? "").utf8))
        return Problem(code, SubmissionMessage(code: code, reply: reply, attempts: 1).text)
    }
}
