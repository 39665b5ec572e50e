import SystemPackage

/// What the folders of inboxes must be: no two the same, and no inbox within another.
struct InboxFolders {
    private struct Folder {
        let path: FilePath
        let key: String
        let entry: InboxEntry

        var owner: String { "\(key) of \(entry.section.field.path)" }
        var isGiven: Bool { entry.section[key] != nil }

        /// Names the key, and points at the inbox's path where the key was left out.
        func problem(_ message: String) {
            let section = entry.section.field
            section.context.log.add(message, at: entry.field(key).place, key: section.path(of: key))
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
        for (index, folder) in folders.enumerated() {
            for other in folders[..<index] { check(folder, against: other) }
            let isAround = state.starts(with: folder.path)
            if folder.path == state || (isAround && folder.key == "path") {
                folder.problem("\(folder.path) holds the state directory, \(state)")
            }
        }
    }

    private func check(_ folder: Folder, against other: Folder) {
        let areInboxes = folder.key == "path" && other.key == "path"
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
