import Glibc
import Model

/// The names in an inbox that are nobody's drops (contract, section 3).
package struct IgnoreList: Sendable, Hashable {
    private static let prefixes = [".", "~"]
    private static let suffixes = [
        ".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", ".lock", ".writing",
    ]
    private let globs: [String]

    /// - Parameter globs: the inbox's own, as `fnmatch(3)` reads them.
    package init(globs: [String] = []) {
        self.globs = globs
    }

    package func contains(_ name: FileName) -> Bool {
        if IgnoreList.prefixes.contains(where: { name.bytes.first == $0.utf8.first }) { return true }
        if IgnoreList.suffixes.contains(where: name.hasSuffix) { return true }
        return globs.contains { glob in
            var path = name.bytes.map { CChar(bitPattern: $0) }
            path.append(0)
            return fnmatch(glob, path, 0) == 0
        }
    }
}
