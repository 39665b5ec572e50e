import Delivery
import Ledger
import Model

/// Asks the API whether it processed an accepted document, for those that wait for that.
struct ProcessingReader: Sendable {
    let ledger: Ledger
    let delivery: DeliveryService
    let patience: Patience
    /// Documents that share a request share its status: who waits for thousands of them asks once.
    private let words = LastWords()

    init(ledger: Ledger, delivery: DeliveryService, patience: Patience) {
        self.ledger = ledger
        self.delivery = delivery
        self.patience = patience
    }

    /// Reads the statuses of a document's batches until each has its last word.
    ///
    /// - Returns: `false` where the API gives none: it is waited for `orderWait` then.
    /// - Throws: `CancellationError`.
    func isProcessed(_ drop: DropID) async throws -> Bool {
        let found = try await patience.persist("read the ledger") { try await ledger.result(of: drop) }
        guard let result = found, let kind = result.kind else { return false }
        var isRejected = false
        for report in result.batches {
            guard let location = report.statusURI else { return false }
            let subject = StatusSubject(
                inbox: result.drop.inbox, drop: drop, kind: kind, reference: report.batch.reference,
                location: location)
            // The document is not at hand that says what of the answer is for nobody's eyes, and its result is written.
            let word = try await words.ask(subject) { try await delivery.confirmPatiently(subject, keeping: .nothing) }
            switch word {
            case .completed: continue
            // Whose record it is of those that share a request, only their documents can tell.
            case .listed, .refused, .unclear: isRejected = true
            case .pending, .unreadable, .held: return false
            }
        }
        let isWithoutAWord = isRejected
        try await patience.persist("write the ledger") {
            try await ledger.settled(drop, isRejected: isWithoutAWord)
        }
        return true
    }
}

/// What the API said of batches, by where it says so.
private actor LastWords {
    private struct Place: Hashable {
        let kind: Kind
        let location: String
    }

    private let questions = SingleFlight<Place, Confirmation>()
    /// The latest ones that were final: those who share a request are asked about one after the other.
    private var final: [(place: Place, word: Confirmation)] = []

    private static let kept = 64

    func ask(
        _ subject: StatusSubject, _ ask: @Sendable () async throws -> Confirmation
    ) async throws -> Confirmation {
        let place = Place(kind: subject.kind, location: subject.location)
        if let known = final.last(where: { $0.place == place }) { return known.word }
        let word = try await questions.run(place, ask)
        if word.isFinal, !final.contains(where: { $0.place == place }) {
            if final.count == LastWords.kept { final.removeFirst() }
            final.append((place, word))
        }
        return word
    }
}
