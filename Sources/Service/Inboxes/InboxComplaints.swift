import FileSystem
import Inbox

/// What was said of inboxes that cannot be chosen and of globs that cannot be looked for, so that it is said once.
struct InboxComplaints {
    private var refused: [InboxChoice.Refusal] = []
    private var blind: Set<String> = []

    var isAny: Bool { !refused.isEmpty || hasBlindGlob }

    /// Whether a glob's folders could not be looked into the last time.
    var hasBlindGlob: Bool { !blind.isEmpty }

    private var names: Set<String> { blind.union(refused.map(\.name)) }

    /// What is new after a look, and of whom there is nothing left to say.
    ///
    /// - Parameters:
    ///   - refused: in the order in which it is to be said. Several may have one name.
    ///   - blind: the globs that could not be looked for, by name.
    mutating func events(refused: [InboxChoice.Refusal], blind: [String: SystemCallError]) -> [ServiceEvent] {
        let before = self
        (self.refused, self.blind) = (refused, Set(blind.keys))
        let over = before.names.subtracting(names).sorted()
        let unseen = blind.filter { !before.blind.contains($0.key) }.sorted { $0.key < $1.key }
        let news = refused.filter { !before.refused.contains($0) }
        return over.map { .inbox($0, .available) } + unseen.map { .inbox($0.key, .unavailable($0.value)) }
            + news.map { .inbox($0.name, .unsuitable($0.reason)) }
    }
}
