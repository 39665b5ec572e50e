import SystemPackage

/// What the folders of inboxes must be: no two the same, and no inbox within another.
struct InboxFolders {
    private struct Folder {
        let path: FilePath
        let key: String
        let entry: InboxEntry

        var owner: String { "\(key) of \(entry.section.field.path)" }
        var isInbox: Bool { key == "path" }
        var isGiven: Bool { entry.section[key] != nil }

        /// Names the key, and points at the inbox's path where the key was left out.
        func problem(_ message: String) {
            let section = entry.section.field
            section.context.log.add(message, at: entry.field(key).place, key: section.path(of: key))
        }
    }

    /// The folders so far, found by their paths: a thousand inboxes are not compared each with each.
    private struct Earlier {
        private var byPath: [Substring: [Int]] = [:]
        /// The inboxes below a path.
        private var inboxesBelow: [Substring: [Int]] = [:]
        private var inboxes: [Int] = []
        private var globs: [Int] = []

        /// Their numbers in order.
        func mayConflict(with folder: Folder) -> [Int] {
            let path = folder.path.string[...]
            var found = byPath[path, default: []]
            if folder.isInbox {
                found += inboxesBelow[path, default: []]
                for parent in Self.parents(of: path) { found += byPath[parent, default: []] }
                found += folder.entry.inbox.isGlob ? inboxes : globs
            }
            return Set(found).sorted()
        }

        mutating func add(_ folder: Folder, at index: Int) {
            let path = folder.path.string[...]
            byPath[path, default: []].append(index)
            guard folder.isInbox else { return }
            for parent in Self.parents(of: path) { inboxesBelow[parent, default: []].append(index) }
            inboxes.append(index)
            if folder.entry.inbox.isGlob { globs.append(index) }
        }

        private static func parents(of path: Substring) -> [Substring] {
            path.indices.filter { path[$0] == "/" }.map { $0 == path.startIndex ? "/" : path[..<$0] }
        }
    }

    private let folders: [Folder]
    private let state: FilePath

    init(_ entries: [InboxEntry], state: FilePath) {
        self.state = state
        folders = entries.flatMap { entry in
            let inbox = entry.inbox
            let paths = [("path", inbox.path), ("done", inbox.done), ("failed", inbox.failed), ("work", inbox.work)]
            return paths.compactMap { key, path in path.map { Folder(path: $0, key: key, entry: entry) } }
        }
    }

    func check() {
        var earlier = Earlier()
        for (index, folder) in folders.enumerated() {
            for other in earlier.mayConflict(with: folder) { check(folder, against: folders[other]) }
            earlier.add(folder, at: index)
            if folder.path == state || (folder.isInbox && state.starts(with: folder.path)) {
                folder.problem("\(folder.path) holds the state directory, \(state)")
            }
        }
    }

    private func check(_ folder: Folder, against other: Folder) {
        let areInboxes = folder.isInbox && other.isInbox
        if folder.path == other.path {
            let hint = folder.isGiven ? "" : "; the default of \(folder.key) stands beside the inbox: name another"
            folder.problem("\(folder.path) is already the \(other.owner)\(hint)")
        } else if areInboxes, PathPattern(folder.path).mayOverlap(PathPattern(other.path)) {
            folder.problem("\(folder.path) and \(other.path), the \(other.owner), can match the same folder")
        } else if areInboxes, folder.path.starts(with: other.path) || other.path.starts(with: folder.path) {
            folder.problem("one inbox within another: \(folder.path) and \(other.path), the \(other.owner)")
        }
    }
}
