import SluiceConfiguration

/// Which inboxes are to be at work and which are: decides what to start and what to stop.
///
/// A plain value. Two inboxes that share a name or a folder are never at work at once: one whose terms changed is
/// stopped, and starts anew only when it has ended.
///
/// ```
/// wanted, and nothing in the way ──▶ at work ──▶ no longer wanted as it is ──▶ stopping ──▶ ended
///        ▲                                                                                    │
///        └───────────────────────── wanted, in whatever terms ───────────────────────────────┘
/// ```
struct InboxRoster: Sendable {
    enum Action: Sendable, Equatable {
        case start(InboxTerms)
        /// Take nothing more, and come to an end.
        case stop(name: String)
        /// Come to an end at once: its directory has another path by now, and its paths lead to another inbox's folders.
        case cut(name: String)
    }

    private struct Entry {
        let terms: InboxTerms
        var isStopping = false
    }

    private(set) var wanted: [InboxTerms] = []
    private var entries: [String: Entry] = [:]
    private var taken = TakenFolders()

    /// What is at work, stopping or not, by name.
    var running: [InboxTerms] { entries.values.map(\.terms).sorted { $0.name < $1.name } }

    /// What is at work and has not been told to stop, by name.
    var working: [InboxTerms] { working { _ in true } }

    /// Those of them that are asked for, by name.
    func working(where isIncluded: (InboxTerms) -> Bool) -> [InboxTerms] {
        entries.values.filter { !$0.isStopping && isIncluded($0.terms) }.map(\.terms).sorted { $0.name < $1.name }
    }

    /// What was told to stop and has not ended, by name.
    var stopping: [InboxTerms] {
        entries.values.filter(\.isStopping).map(\.terms).sorted { $0.name < $1.name }
    }

    func isWanted(_ name: String) -> Bool { wanted.contains { $0.name == name } }

    /// From now on these are to be at work.
    ///
    /// - Parameter inboxes: without a conflict among them (``InboxChoice``).
    mutating func want(_ inboxes: [InboxTerms]) -> (actions: [Action], changes: InboxChanges) {
        let changes = InboxChanges(from: wanted, to: inboxes)
        wanted = inboxes
        let terms = Dictionary(uniqueKeysWithValues: inboxes.map { ($0.name, $0) })
        let paths = Set(inboxes.map(\.inbox.path))
        let now = Dictionary(inboxes.compactMap { terms in terms.place.map { ($0, terms.inbox.path) } }) { $1 }
        let stops = working.flatMap { working in
            let path = working.inbox.path
            if let present = working.place.flatMap({ now[$0] }), present != path, paths.contains(path) {
                return stop(working.name, .cut(name: working.name))
            }
            return terms[working.name] == working ? [] : stop(working.name)
        }
        return (stops + startWhatCan(), changes)
    }

    /// An inbox is to begin anew, in the same terms.
    mutating func stop(_ name: String) -> [Action] { stop(name, .stop(name: name)) }

    private mutating func stop(_ name: String, _ action: Action) -> [Action] {
        guard entries[name]?.isStopping == false else { return [] }
        entries[name]?.isStopping = true
        return [action]
    }

    /// An inbox has come to its end: nothing of it is at work any more.
    mutating func ended(_ name: String) -> [Action] {
        if let entry = entries.removeValue(forKey: name) { taken.remove(entry.terms) }
        return startWhatCan()
    }

    private mutating func startWhatCan() -> [Action] {
        var starts: [Action] = []
        for terms in wanted where entries[terms.name] == nil && taken.conflict(with: terms) == nil {
            entries[terms.name] = Entry(terms: terms)
            taken.add(terms)
            starts.append(.start(terms))
        }
        return starts
    }
}

/// How one list of inboxes differs from another: names, in order.
package struct InboxChanges: Sendable, Equatable {
    package private(set) var added: [String] = []
    package private(set) var removed: [String] = []
    package private(set) var changed: [String] = []

    package var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }

    init(from old: [InboxTerms] = [], to new: [InboxTerms] = []) {
        let before = Dictionary(uniqueKeysWithValues: old.map { ($0.name, $0) })
        let after = Set(new.map(\.name))
        added = new.map(\.name).filter { before[$0] == nil }
        changed = new.filter { before[$0.name] != nil && before[$0.name] != $0 }.map(\.name)
        removed = old.map(\.name).filter { !after.contains($0) }
    }
}
