import Inbox
import Model
import SystemPackage

/// The folders in which a glob's matches come and go, watched by the kernel.
///
/// What happens in them is only a hint to look at all of them again.
struct ParentFolders {
    private let notifier: Notifier
    private let hints: FolderHints
    private var watched: [FilePath: (parent: GlobSearch.Parent, filter: Filter)] = [:]

    init(notifier: Notifier, hints: FolderHints) {
        self.notifier = notifier
        self.hints = hints
    }

    /// Watches these, and those of them that were made anew since the last time.
    mutating func watch(_ folders: [FilePath: GlobSearch.Parent]) {
        for (path, old) in watched where folders[path] != old.parent {
            notifier.forget(old.filter)
            watched[path] = nil
        }
        for (path, parent) in folders where watched[path] == nil {
            let filter = Filter(names: parent.names, hints: hints)
            notifier.watch(path, filter, tellsOfLeaving: true)
            watched[path] = (parent, filter)
        }
    }

    /// Watches nothing any more.
    mutating func forget() {
        watch([:])
    }

    /// Passes on what happens to names that count. (The service's own folders stand beside the inboxes.)
    private final class Filter: HintReceiver {
        private let names: String
        private let hints: FolderHints

        init(names: String, hints: FolderHints) {
            self.names = names
            self.hints = hints
        }

        func add(_ hint: FolderHints.Hint) {
            if case .entry(let name, _) = hint, !GlobSearch.matches(name, names) { return }
            hints.add(hint)
        }
    }
}
