import Ledger
import Model

/// One drop as a line of a list.
struct DropLine: Sendable {
    var link: String
    var label: String
    var inboxLabel: String
    var kindLabel: String
    var arrived: When
    var outcomeLabel: String
    /// The class that colours it.
    var outcomeClass: String
    var codeLabel: String?
    /// Said of a drop whose file is no more, for its retention was over.
    var removedLabel: String?

    init(_ entry: DropEntry) {
        link = "/drops/\(entry.drop.id.text.percentEncoded)"
        label = (entry.filedName ?? entry.drop.name).description
        inboxLabel = FileName.escaped(entry.drop.inbox.utf8)
        kindLabel = entry.kind?.rawValue ?? "–"
        arrived = When(entry.drop.receivedAt)
        outcomeLabel = entry.outcome?.rawValue ?? "on its way"
        removedLabel = entry.removedAt.map { "removed on \($0.date)" }
        outcomeClass = entry.outcome?.rawValue ?? "pending"
        codeLabel = entry.problem?.code.rawValue
    }
}

/// A choice of a filter.
struct Choice: Sendable {
    var value: String
    var label: String
    var isChosen: Bool

    static func all(_ values: [String], chosen: String?) -> [Choice] {
        values.map {
            Choice(value: FileName.escaped($0.utf8), label: FileName.escaped($0.utf8), isChosen: $0 == chosen)
        }
    }
}
