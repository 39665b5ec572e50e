import SluiceConfiguration
import SystemPackage

extension Configuration {
    /// The inboxes with every glob replaced by those that its pattern finds now, in the order of their paths.
    package func expandedInboxes() -> [Inbox] {
        inboxes.flatMap { inbox in
            inbox.isGlob ? GlobSearch(inbox.path).matches.compactMap { inbox.instance(at: $0.path) } : [inbox]
        }
    }

    /// What is wrong with the globs' folders now: what cannot be looked into, and names or folders that two would have.
    package func globProblems() -> [String] {
        let blind = inboxes.filter(\.isGlob).flatMap { inbox in
            let search = GlobSearch(inbox.path)
            return ([search.missing].compactMap(\.self) + search.blind.map(\.error)).map {
                "inbox \(inbox.name): \(inbox.path) cannot be looked into: \($0)"
            }
        }
        let judging = InboxTerms.Judging(
            jsonBytes: limits.jsonBytes, multipartBytes: limits.multipartBytes,
            recordsPerBatch: limits.recordsPerBatch, schemas: [:])
        let terms = expandedInboxes().map { InboxTerms(inbox: $0, judging: judging) }
        return blind + InboxChoice(terms, running: []).refused.map { "inbox \($0.name): \($0.reason)" }
    }
}
