import Ledger
import Model
import Service
import SystemPackage

/// One drop's story.
struct StoryPage: Sendable {
    static let longest: Int64 = 32_000_000

    struct Fact: Sendable {
        var name: String
        var value: String
    }

    struct AttemptLine: Sendable {
        var number: Int
        var at: When
        var answer: String
        var lasted: String
        var error: String?
    }

    struct BatchLine: Sendable {
        var reference: String
        var words: String
        var state: String
        var attempts: [AttemptLine]
        var hasAttempts: Bool
    }

    /// How it may be sent as new, and though it is older than what was accepted since.
    struct Again: Sendable {
        var path: String
        var isPayment: Bool
        var isStale: Bool
        /// What is in `done` stays there.
        var isCopied: Bool
    }

    var frame: Frame
    var label: String
    var outcomeLabel: String
    var outcomeClass: String
    var message: String?
    var facts: [Fact]
    /// What is known of one that is on its way.
    var waits: [String]
    var isWaiting: Bool
    var problem: ProblemItem?
    /// Other ways to try it again than as it is; `nil`: there are none.
    var again: Again?
    var batches: [BatchLine]
    var hasBatches: Bool
    var leftOut: [String]
    var hasLeftOut: Bool
    var fileLink: String?
    var resultLink: String?

    init(
        _ story: Story, problem: ProblemItem?, waitsFor: WaitsFor?, place: FilePath?, frame: Frame, isThere: Bool,
        canDownload: Bool
    ) {
        let entry = story.entry
        let id = entry.drop.id.text.percentEncoded
        self.frame = frame
        label = (entry.filedName ?? entry.drop.name).description
        outcomeLabel = entry.outcome?.rawValue ?? "on its way"
        outcomeClass = entry.outcome?.rawValue ?? "pending"
        message = entry.problem == nil ? story.result?.message : nil
        facts = StoryPage.facts(entry, place)
        waits = entry.outcome == nil ? StoryPage.waits(story, waitsFor) : []
        isWaiting = entry.outcome == nil
        self.problem = problem
        again = isThere && entry.outcome != nil ? Again(entry) : nil
        batches = story.batches.map(BatchLine.init)
        hasBatches = !batches.isEmpty
        leftOut = story.result?.alreadyAccepted.map(\.record) ?? []
        hasLeftOut = !leftOut.isEmpty
        fileLink = isThere && canDownload ? "/drops/\(id)/file" : nil
        resultLink = entry.outcome == nil ? nil : "/drops/\(id)/result"
    }

    private static func facts(_ entry: DropEntry, _ place: FilePath?) -> [Fact] {
        let drop = entry.drop
        let lasted = entry.finishedAt.map { Lasting.text(drop.receivedAt.duration(to: $0)) }
        let facts: [(String, String?)] = [
            ("Drop", drop.id.text), ("Name at arrival", drop.name.description),
            ("Inbox", FileName.escaped(drop.inbox.utf8)), ("Kind", entry.kind?.rawValue),
            ("Size", "\(drop.bytes) bytes"), ("SHA-256", entry.sha256?.hex),
            ("Received", When(drop.receivedAt).text), ("Finished", When(entry.finishedAt)?.text),
            ("Took", lasted), ("Removed", entry.removedAt.map { "on \($0.date), for its retention was over" }),
            ("Lies at", place.map { FileName.escaped(Array($0.string.utf8)) }),
        ]
        return facts.compactMap { name, value in value.map { Fact(name: name, value: $0) } }
    }

    private static func waits(_ story: Story, _ waitsFor: WaitsFor?) -> [String] {
        var waits: [String] = []
        if let waitsFor {
            waits.append(waitsFor.message)
            if let until = waitsFor.until { waits.append("Until \(When(until).text).") }
        }
        if let last = story.batches.compactMap(\.attempts.last).max(by: { $0.at < $1.at }) {
            let answer = last.error.map { "ended with \($0.rawValue)" } ?? "was answered"
            waits.append("The last attempt, at \(When(last.at).text), \(answer).")
        } else {
            waits.append("Nothing of it was sent so far.")
        }
        return waits
    }
}

extension StoryPage.Again {
    fileprivate init(_ entry: DropEntry) {
        path = "/drops/\(entry.drop.id.text.percentEncoded)/retry"
        isPayment = entry.kind == .payment
        isStale = entry.problem?.code == .orderSuperseded
        isCopied = entry.outcome != .failed
    }
}

/// What the ledger knows of a drop.
struct Story: Sendable {
    var entry: DropEntry
    var batches: [DropResult.BatchReport]
    /// `nil`: it is on its way.
    var result: DropResult?
}

extension StoryPage.BatchLine {
    fileprivate init(_ report: DropResult.BatchReport) {
        let batch = report.batch
        reference = batch.reference
        let part = batch.parts > 1 ? "part \(batch.part) of \(batch.parts), " : ""
        let records = batch.records > 0 ? "\(batch.records) record\(batch.records == 1 ? "" : "s"), " : ""
        words = "\(part)\(records)\(batch.bytes) bytes"
        state = batch.state.rawValue
        attempts = report.attempts.enumerated().map { index, attempt in
            StoryPage.AttemptLine(
                number: index + 1, at: When(attempt.at), answer: attempt.status.map(String.init) ?? "no answer",
                lasted: attempt.duration.map { "\($0.wholeMilliseconds) ms" } ?? "–", error: attempt.error?.rawValue)
        }
        hasAttempts = !attempts.isEmpty
    }
}
