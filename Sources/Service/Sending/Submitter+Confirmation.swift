import Delivery
import Documents
import Ledger
import Model

/// What follows from the API's last word on a drop.
extension Submitter {
    /// A drop that failed; one that failed for no reason of its own is put back once.
    func ending(_ problem: Problem) -> Ending {
        var ending = Ending.failed(problem)
        ending.isPutBack = putsBack && problem.code.isTransient
        return ending
    }

    /// The end of a drop whose batches were all accepted: with `confirm: completed` their statuses have the last word.
    ///
    /// - Parameter said: the last words that were waited for, by references.
    func confirmed(
        _ job: SubmissionJob, _ batches: [Batch], said: [String: Confirmation]
    ) async throws -> Submitted {
        let isInDoubt = try await isInDoubt(job, batches)
        guard confirms || isInDoubt else { return .ended(Ending(outcome: .accepted)) }
        let locations = try await locations(of: job)
        let subjects = batches.map { batch in locations[batch.reference].map { subject(job, batch.reference, at: $0) } }
        var said = said
        var verdict = Verdict()
        for (index, batch) in batches.enumerated() {
            guard let subject = subjects[index] else {
                try await judge(matched(nil, batch, job, isInDoubt), of: batch, job, &verdict)
                continue
            }
            let earlier = said[batch.reference]
            if earlier.map(job.needsToRead(again:)) ?? true {
                let word = try await delivery.readStatus(subject, keeping: job.keeping)
                if word == .held { return .held }
                if !word.isFinal, earlier == nil {
                    return .processing(
                        .init(
                            subjects: subjects[index...].compactMap(\.self), said: said, keeping: job.keepingWithoutIt))
                }
                // A reading that fails takes nothing back.
                if word.isFinal { said[batch.reference] = word }
            }
            try await judge(matched(said[batch.reference], batch, job, isInDoubt), of: batch, job, &verdict)
        }
        return .ended(verdict.ending)
    }

    /// Whether it brings payments that the API took before, and of which it refused some without saying which.
    private func isInDoubt(_ job: SubmissionJob, _ batches: [Batch]) async throws -> Bool {
        guard job.kind == .payment, batches.contains(where: { $0.state == .accepted }) else { return false }
        return try await patience.persist("read the ledger") { try await ledger.isInDoubt(batches.map(\.reference)) }
    }

    /// Returns when the API is done with what it accepted, or had its time.
    ///
    /// - Returns: the last word on each, by its reference.
    /// - Throws: `CancellationError`.
    func waitUntilProcessed(_ processing: Submitted.Processing) async throws -> [String: Confirmation] {
        var said = processing.said
        for (index, subject) in processing.subjects.enumerated() {
            said[subject.reference] = try await delivery.confirmPatiently(
                subject, keeping: processing.keeping, after: index == 0 ? 1 : 0)
        }
        return said
    }

    /// The end of a drop one of whose batches failed, with what the statuses say of those that were accepted.
    func judged(_ ending: Ending, _ job: SubmissionJob) async throws -> Ending {
        guard case .document = job.content else { return ending }
        let batches = try await batches(of: job)
        let isInDoubt = try await isInDoubt(job, batches)
        guard confirms || isInDoubt else { return ending }
        let locations = try await locations(of: job)
        var verdict = Verdict()
        for batch in batches where batch.state == .accepted {
            var word: Confirmation?
            if let location = locations[batch.reference] {
                word = try await delivery.confirmPatiently(
                    subject(job, batch.reference, at: location), keeping: job.keeping)
            }
            try await judge(matched(word, batch, job, isInDoubt), of: batch, job, &verdict)
        }
        return verdict.added(to: ending)
    }

    /// What a status says, with the records that it lists found in the batch. What was not clear before is not clear because
    /// the API says no more.
    private func matched(
        _ word: Confirmation?, _ batch: Batch, _ job: SubmissionJob, _ isInDoubt: Bool
    ) async throws -> Confirmation? {
        guard let word, word.isFinal else { return isInDoubt ? .unclear([]) : word }
        guard case .listed = word else { return word }
        return word.matched(with: try await names(of: batch, job))
    }

    /// Where the statuses of a drop's batches can be read, by their references.
    func locations(of job: SubmissionJob) async throws -> [String: String] {
        try await patience.persist("read the ledger") { try await ledger.statusURIs(of: job.drop.id) }
    }

    func subject(_ job: SubmissionJob, _ reference: String, at location: String) -> StatusSubject {
        StatusSubject(
            inbox: job.drop.inbox, drop: job.drop.id, kind: job.kind, reference: reference, location: location)
    }

    /// What the API's statuses say of a drop.
    struct Verdict: Sendable {
        fileprivate var isConfirmed = true
        fileprivate var refusals: [Finding] = []
        fileprivate var refusedRecords: [String: Set<Int>] = [:]
        fileprivate var unclearBatches: Set<String> = []

        var ending: Ending {
            if refusals.isEmpty { return Ending(outcome: .accepted, isConfirmed: isConfirmed) }
            let message =
                refusals.count == 1
                ? "The API refused a record while it processed the document."
                : "The API refused \(refusals.count) records while it processed the document."
            let doubt = unclearBatches.isEmpty ? "" : " " + Verdict.doubt
            var ending = Ending.failed(Problem(.submitRejected, message + doubt, findings: refusals))
            ending.isConfirmed = isConfirmed
            ending.refusedRecords = refusedRecords
            ending.unclearBatches = unclearBatches
            return ending
        }

        private static let doubt =
            "Its answer does not tell them from the others: none of the document is sent again before that is known."

        func added(to ending: Ending) -> Ending {
            var ending = ending
            ending.problem?.add(refusals)
            ending.refusedRecords = refusedRecords
            ending.unclearBatches = unclearBatches
            return ending
        }
    }

    /// - Parameter confirmation: of the drop's own records; `nil`: the API did not say where it can be read.
    func judge(
        _ confirmation: Confirmation?, of batch: Batch, _ job: SubmissionJob, _ verdict: inout Verdict
    ) async throws {
        switch confirmation {
        case .completed: break
        case .refused(let records):
            verdict.refusals += try await findings(records, of: batch, in: job)
            verdict.refusedRecords[batch.reference] = Set(records.map(\.index))
        case .unclear(let records):
            reportUnconfirmed(job.drop, batch, "its status does not say which of its records were refused")
            verdict.isConfirmed = false
            verdict.refusals +=
                records.isEmpty
                ? [Finding(message: "The API refused records of the request that it shares, and did not say which.")]
                : try await findings(records, of: batch, in: job)
            verdict.unclearBatches.insert(batch.reference)
        case .listed, .held: preconditionFailure("it is judged when it is known what the API says of which record")
        case .pending:
            reportUnconfirmed(job.drop, batch, "the API was still at it")
            verdict.isConfirmed = false
        case .unreadable(let reason):
            reportUnconfirmed(job.drop, batch, reason)
            verdict.isConfirmed = false
        case nil:
            reportUnconfirmed(job.drop, batch, "the API did not say where its status can be read")
            verdict.isConfirmed = false
        }
    }

    /// What each record of a batch is called.
    private func names(of batch: Batch, _ job: SubmissionJob) async throws -> [[String]] {
        guard case .document(let document) = job.content else { return [] }
        let batches = try await batches(of: job)
        let all = try await records(of: batches, document)
        return zip(batches, all).first { $0.0.part == batch.part }.map { $0.1.map(\.names) } ?? []
    }

    private func findings(
        _ records: [RecordRefusal], of batch: Batch, in job: SubmissionJob
    ) async throws -> [Finding] {
        if records.isEmpty {
            return [Finding(message: "The API refused part \(batch.part) of \(batch.parts) as a whole.")]
        }
        // No more are listed, and each is looked for in the whole document.
        var places: [String: RecordPlace] = [:]
        if case .document(let document) = job.content {
            let identities = Set(records.prefix(Problem.listedFindings).compactMap(\.identity))
            places = try await patience.persist("read a drop") {
                try document.placesIfUnchanged(of: identities, in: try await sendersText(of: job, document))
            }
        }
        let messages = records.prefix(Problem.listedFindings).map { $0.message ?? "" }
        let shown = try await patience.persist("read a drop") { try job.shownIfUnchanged(messages) }
        return records.enumerated().map { index, record in
            let place = record.identity.flatMap { places[$0] }
            // What is not shown was looked for in all of it.
            let message = shown.indices.contains(index) ? shown[index].prefix(Submitter.longestWords) : ""
            let words = message.isEmpty ? record.word : "\(record.word): \(message)"
            return Finding(
                pointer: place?.pointer, line: place?.line, column: place?.column, message: words,
                record: job.hidesIdentities ? nil : record.identity)
        }
    }

    /// As much of the API's own words on a record as is shown, in characters.
    private static let longestWords = 500

    private func sendersText(of job: SubmissionJob, _ document: JudgedDocument) async throws -> SendersText? {
        guard document.forgetsPlaces else { return nil }
        let bytes = try await job.readAgain()
        return SendersText(bytes, form: FileForm(name: job.drop.name, head: Array(bytes.prefix(64))))
    }

    private func reportUnconfirmed(_ drop: Drop, _ batch: Batch, _ reason: String) {
        report(.unconfirmed(inbox: drop.inbox, drop.id, reference: batch.reference, reason: reason))
    }
}

extension Code {
    /// Whether it says nothing about the drop: the API was out of reach, in trouble or too busy.
    var isTransient: Bool {
        switch self {
        case .submitNetwork, .submitServerError, .submitRateLimited: true
        default: false
        }
    }
}
