import Foundation

/// What is sent back for a request.
struct Answer: Sendable {
    var status: Int
    var headers: [(name: String, value: String)] = []
    var body = Data()

    /// An answer whose body is the value as JSON, with its keys sorted. Dates are written to the millisecond.
    static func json(_ status: Int, _ value: some Encodable, headers: [(name: String, value: String)] = []) -> Answer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        }
        do {
            let body = try encoder.encode(value) + Data("\n".utf8)
            return Answer(status: status, headers: [("Content-Type", "application/json")] + headers, body: body)
        } catch {
            return Answer(status: 500, headers: [("Content-Type", "text/plain")], body: Data("\(error)\n".utf8))
        }
    }

    /// A refusal: `{"title", "status", "errors": [{"pointer", "message"}]}`. At most 100 errors are listed.
    static func problem(
        _ status: Int, _ title: String, errors: [BodyError] = [], headers: [(name: String, value: String)] = []
    ) -> Answer {
        let problem = Problem(title: title, status: status, errors: Array(errors.prefix(100)))
        var answer = json(status, problem, headers: headers)
        answer.headers[0].value = "application/problem+json"
        return answer
    }

    private struct Problem: Encodable {
        var title: String
        var status: Int
        var errors: [BodyError]
    }
}

/// One thing that is wrong with a body.
struct BodyError: Sendable, Equatable, Encodable {
    /// The JSON pointer of the value, or the name of the form field.
    var pointer: String
    var message: String
}

/// How a request ends.
enum Ending: Sendable {
    case answer(Answer)
    /// Answered while the client may still be sending: the rest is not taken, and the connection is closed.
    case answerAndClose(Answer)
    /// The head and half of the body, then the connection is closed.
    case tear(Answer)
    /// The connection is closed without an answer.
    case close
    /// The connection stays open, and no answer ever comes.
    case silence
    /// The connection is closed while the body is on its way.
    case cut
    /// Words that are no HTTP, then the end of the connection.
    case garbage
    /// The answer's head, with a body of so many bytes; `nil`: of bytes without end.
    case long(Answer, bytes: Int?)
}
