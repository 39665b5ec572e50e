import SluiceConfiguration
import SystemPackage

/// Which of the inboxes that are configured, or found by a glob, can be at work together.
///
/// The configuration's own list has no conflicts; the folders that a glob finds may give one name twice
/// (`name: "{1}{2}"`), a name that another inbox has, or a folder that another inbox uses.
struct InboxChoice: Sendable {
    private(set) var chosen: [InboxTerms] = []
    /// What cannot be an inbox now, and why. Its files wait where they are.
    private(set) var refused: [Refusal] = []

    struct Refusal: Sendable, Equatable {
        let name: String
        let path: FilePath
        let reason: String
    }

    /// - Parameters:
    ///   - candidates: in the order of the configuration, fixed inboxes before those that a glob found.
    ///   - running: what is at work already keeps its name and its folders.
    init(_ candidates: [InboxTerms], running: [InboxTerms]) {
        let paths = Dictionary(uniqueKeysWithValues: running.map { ($0.name, $0.inbox.path) })
        let known = candidates.filter { paths[$0.name] == $0.inbox.path }
        let others = candidates.filter { paths[$0.name] != $0.inbox.path }
        var taken = TakenFolders()
        for terms in known + others {
            if let reason = terms.impossibleName ?? taken.conflict(with: terms) {
                refused.append(Refusal(name: terms.name, path: terms.inbox.path, reason: reason))
            } else {
                taken.add(terms)
                chosen.append(terms)
            }
        }
    }
}

extension InboxTerms {
    /// What the configuration would say of such a name, had it stood there.
    fileprivate var impossibleName: String? {
        name.utf8.count <= 64 ? nil : "\(inbox.path) gives the name \(name), which is longer than 64 bytes"
    }
}
