import Model

/// What a batch's status URI says became of it.
package enum Confirmation: Sendable, Hashable {
    /// Queued, or being processed: ask again.
    case pending
    /// Processed, and no record was refused.
    case completed
    /// Processed, and records were refused that stand in a list: ``matched(with:)`` says which of the batch's those are.
    case listed(RecordList)
    /// Processed, and these records were refused; none are named where the batch as a whole was.
    case refused([RecordRefusal])
    /// Processed, and records were refused, but which of the batch's those are nobody can tell.
    case unclear([RecordRefusal])
    /// The answer says none of this: why, in a person's words.
    case unreadable(String)
    /// Nobody asked: an admin paused the inbox.
    case held

    /// Whether asking again can bring nothing new.
    package var isFinal: Bool {
        switch self {
        case .completed, .listed, .refused, .unclear: true
        case .pending, .unreadable, .held: false
        }
    }

    /// With what is listed found among the batch's records.
    ///
    /// - Parameter records: what each record of the batch is called, in their order.
    package func matched(with records: [[String]]) -> Confirmation {
        guard case .listed(let list) = self else { return self }
        return list.refusals(among: records).map { .refused($0) } ?? .unclear(list.refused)
    }
}

/// The records of a batch as its status document lists them: all, or some, in whatever order, with names or without.
package struct RecordList: Sendable, Hashable {
    /// What each is called: its clientReferenceId, else its claimNumber; `nil` where the API does not say.
    package var names: [String?]
    /// Those that were refused, by their places in the list.
    package var refused: [RecordRefusal]

    package init(names: [String?], refused: [RecordRefusal]) {
        self.names = names
        self.refused = refused
    }

    /// What was refused, by the places in the batch. A place in the list counts where it has as many entries as the batch has
    /// records and no name says otherwise; else a name does that both have once.
    ///
    /// - Parameter records: what each record of the batch is called, in their order.
    /// - Returns: `nil` where one of those that were refused is not to be found so.
    func refusals(among records: [[String]]) -> [RecordRefusal]? {
        let isInOrder =
            names.count == records.count
            && zip(names, records).allSatisfy { name, record in name.map(record.contains) ?? true }
        if isInOrder { return refused }
        var places: [String: Int] = [:]
        var several: Set<String> = []
        for (place, record) in records.enumerated() {
            for name in Set(record) where places.updateValue(place, forKey: name) != nil { several.insert(name) }
        }
        var listed: [String: Int] = [:]
        for case let name? in names { listed[name, default: 0] += 1 }
        var found: [RecordRefusal] = []
        for var refusal in refused {
            guard let name = refusal.identity, listed[name] == 1, !several.contains(name), let place = places[name]
            else { return nil }
            refusal.index = place
            found.append(refusal)
        }
        return found
    }
}

/// A record that the API refused while it processed a batch.
package struct RecordRefusal: Sendable, Hashable {
    /// Its place in the batch, from 0; before it was found there, that in the status document's list.
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
