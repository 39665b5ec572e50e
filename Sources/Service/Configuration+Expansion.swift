import SluiceConfiguration
import SystemPackage

extension Configuration {
    /// The inboxes with every glob replaced by those that its pattern finds now, in the order of their paths.
    package func expandedInboxes() -> [Inbox] {
        inboxes.flatMap { inbox in
            inbox.isGlob ? GlobSearch(inbox.path).matches.compactMap { inbox.instance(at: $0.path) } : [inbox]
        }
    }
}
