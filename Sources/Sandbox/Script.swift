import Foundation

/// The answer that a test wants for a request, in place of what chance would do.
package enum ScriptedAnswer: Sendable, Equatable {
    /// The request is treated as if nothing were scripted, faults apart.
    case ok
    /// This status, and the request is not applied.
    case status(Int)
    /// 429 with this `Retry-After`, in whatever form; the request is not applied.
    case retryAfter(String)
    /// This answer, and the request is not applied.
    case answer(Int, headers: [String: String], body: Data)
    /// The request is applied, and yet this status is answered.
    case statusAfterApply(Int)
    /// The connection is closed without an answer; the request is not applied.
    case close
    /// The request is applied, and then the connection is closed without an answer.
    case closeAfterApply
    /// The request is applied, and the connection is closed in the middle of the answer.
    case tearAfterApply
    /// The request is applied, and what comes back is no HTTP.
    case garbageAfterApply
    /// The request is applied, and its answer's body has 10 MB.
    case hugeAfterApply
    /// The request is applied, and its answer's body never ends.
    case endlessAfterApply
    /// No answer ever comes; the request is not applied.
    case hang
    /// The request is applied, and no answer ever comes.
    case hangAfterApply
    /// The request waits so long, then goes on as with `ok`.
    case delay(Duration)
}

/// The requests that scripted answers are for.
package enum ScriptTarget: Sendable, Hashable {
    /// Every submission.
    case submissions
    /// Submissions of one kind.
    case kind(SubmissionKind)
    /// Submissions with this `batchReferenceId` or `referenceId`.
    case reference(String)
    /// Requests for a batch's status.
    case status
    /// Requests for a token.
    case token
}

/// Scripted answers in waiting. Each is used once, in order; the most particular target goes first.
struct Script: Sendable {
    private var answers: [ScriptTarget: [ScriptedAnswer]] = [:]

    mutating func append(_ new: [ScriptedAnswer], for target: ScriptTarget) {
        answers[target, default: []] += new
    }

    mutating func clear() {
        answers.removeAll()
    }

    /// How many answers are still in waiting.
    var remaining: Int { answers.values.reduce(0) { $0 + $1.count } }

    /// Takes the next answer for a request; `nil` where none is scripted.
    mutating func next(for endpoint: Endpoint, reference: String?) -> ScriptedAnswer? {
        let targets: [ScriptTarget] =
            switch endpoint {
            case .token: [.token]
            case .status: [.status]
            case .submit(let kind): (reference.map { [.reference($0)] } ?? []) + [.kind(kind), .submissions]
            }
        for target in targets {
            if let answer = answers[target]?.first {
                answers[target]?.removeFirst()
                return answer
            }
        }
        return nil
    }
}
