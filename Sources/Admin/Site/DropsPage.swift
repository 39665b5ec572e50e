import Ledger
import Model

/// Drops that were looked for.
struct DropsPage: Sendable {
    static let size = 50

    var frame: Frame
    /// What was looked for.
    var sought: String
    var inboxChoices: [Choice]
    var outcomeChoices: [Choice]
    var isFiltered: Bool
    var drops: [DropLine]
    var hasDrops: Bool
    var olderLink: String?
    var newestLink: String?
}

/// A page that asks for a token.
struct LoginPage: Sendable {
    var frame: Frame
    var next: String
    var complaint: String?
}

/// A page that says one thing.
struct MessagePage: Sendable {
    var frame: Frame
    var heading: String
    var words: String
}
