import Delivery
import Model

/// What became of one try to tell a recipient.
enum AlertAttempt: Sendable, Hashable {
    case delivered
    /// It may go through another time.
    case failed(String, retryAfter: Duration? = nil)
    /// Trying again changes nothing.
    case refused(String)
}

/// How long a recipient is tried to be told of one thing, as a plain value.
struct AlertRetry: Sendable {
    enum Limit: Sendable, Hashable {
        /// A program that failed may have told somebody nonetheless.
        case attempts(Int)
        /// A server that does not answer knows nothing; the news is worth telling for so long.
        case age(Duration)
    }

    enum Action: Sendable, Hashable {
        case done
        case again(after: Duration, reason: String)
        case giveUp(String)
    }

    private let backoff: Backoff
    private let limit: Limit
    private(set) var attempts = 0

    init(_ backoff: Backoff, _ limit: Limit) {
        self.backoff = backoff
        self.limit = limit
    }

    /// - Parameters:
    ///   - age: how long ago there was something to tell.
    ///   - isLast: there is no time for another try.
    mutating func next(
        after attempt: AlertAttempt, age: Duration, isLast: Bool, using generator: inout some RandomNumberGenerator
    ) -> Action {
        attempts += 1
        switch attempt {
        case .delivered: return .done
        case .refused(let reason): return .giveUp(reason)
        case .failed(let reason, let retryAfter):
            let pause = max(backoff.delay(attempt: attempts, using: &generator), retryAfter ?? .zero)
            let isOver =
                switch limit {
                case .attempts(let most): attempts >= most
                case .age(let longest): age + pause > longest
                }
            return isOver || isLast ? .giveUp(reason) : .again(after: pause, reason: reason)
        }
    }
}
