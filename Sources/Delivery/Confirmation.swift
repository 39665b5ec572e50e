import Model

/// What a batch's status URI says became of it.
package enum Confirmation: Sendable, Hashable {
    /// Queued, or being processed: ask again.
    case pending
    /// Processed, and no record was refused.
    case completed
    /// Processed, and these records were refused; none are named where the batch as a whole was.
    case refused([RecordRefusal])
    /// The answer says none of this: why, in a person's words.
    case unreadable(String)

    /// Whether asking again can bring nothing new.
    package var isFinal: Bool {
        switch self {
        case .completed, .refused: true
        case .pending, .unreadable: false
        }
    }
}

/// A record that the API refused while it processed a batch.
package struct RecordRefusal: Sendable, Hashable {
    /// Its place in the status document's list, from 0.
    package var index: Int
    /// The record's clientReferenceId or claimNumber, where the API names it.
    package var identity: String?
    /// The API's own word for it, such as `Rejected`.
    package var word: String
    package var message: String?

    package init(index: Int, identity: String?, word: String, message: String?) {
        self.index = index
        self.identity = identity
        self.word = word
        self.message = message
    }
}

/// Where a batch's status can be read.
package struct StatusSubject: Sendable, Hashable {
    package var inbox: String
    package var drop: DropID
    package var kind: Kind
    package var reference: String
    /// The `Location` of its 2xx.
    package var location: String

    package init(inbox: String, drop: DropID, kind: Kind, reference: String, location: String) {
        self.inbox = inbox
        self.drop = drop
        self.kind = kind
        self.reference = reference
        self.location = location
    }
}

/// How long a status is asked for, and how often: less and less.
package struct ConfirmationSchedule: Sendable, Hashable {
    package var first: Duration
    package var longest: Duration
    package var deadline: Duration

    package init(
        first: Duration = .seconds(1), longest: Duration = .seconds(60), deadline: Duration = .seconds(3600)
    ) {
        self.first = first
        self.longest = longest
        self.deadline = deadline
    }

    /// The pause after reading number `reading`, counted from 1; half as long again each time.
    package func pause(after reading: Int) -> Duration {
        var pause = first
        for _ in 1..<max(1, min(reading, 64)) where pause < longest { pause = pause * 1.5 }
        return min(pause, longest)
    }
}
