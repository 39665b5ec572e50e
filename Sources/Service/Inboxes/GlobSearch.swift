import FileSystem
import Glibc
import Model
import SystemPackage

/// The folders that a glob inbox's pattern finds now.
struct GlobSearch: Sendable {
    /// In the order of their names.
    private(set) var matches: [(path: FilePath, place: FolderPlace)] = []
    /// The folders in which an entry that comes or goes can change what is found.
    private(set) var parents: [FilePath: Parent] = [:]
    /// What could not be looked into: whether it holds matches is not known.
    private(set) var blind: [(path: FilePath, error: SystemCallError)] = []
    /// The folder that stands before the first star is not there.
    private(set) var missing: SystemCallError?

    struct Parent: Sendable, Hashable {
        let place: FolderPlace
        /// The names that count in it, as `fnmatch(3)` reads them.
        let names: String
    }

    init(_ pattern: FilePath) {
        let components = Array(pattern.components)
        let firstStar = components.firstIndex { $0.string.contains("*") } ?? components.endIndex
        var base = FilePath(root: pattern.root, [])
        for component in components[..<firstStar] { base.append(component) }
        search(base, components[firstStar...], isBase: true)
    }

    private mutating func search(_ path: FilePath, _ rest: ArraySlice<FilePath.Component>, isBase: Bool = false) {
        do throws(SystemCallError) {
            let folder = try Directory(opening: path)
            guard let component = rest.first else {
                matches.append((path, FolderPlace(try folder.status())))
                return
            }
            // Of glob(7)'s wildcards only the star is one here; the others stand for themselves.
            let pattern = component.string.replacing(/[\\?\[]/) { "\\\($0.output)" }
            parents[path] = Parent(place: FolderPlace(try folder.status()), names: pattern)
            let isFixed = !component.string.contains("*")
            let names = isFixed ? [FileName(bytes: component.string.utf8)] : try folder.list().sorted()
            for name in names where isFixed || GlobSearch.matches(name, pattern) {
                guard let status = try folder.status(of: name), isFolder(status) else { continue }
                guard let next = FilePath.Component(name) else { continue }
                if rest.count == 1 && status.form == .directory {
                    matches.append((path.appending(next), FolderPlace(status)))
                } else {
                    search(path.appending(next), rest.dropFirst())
                }
            }
        } catch {
            switch error.errno {
            // It went away since its name was read.
            case .noSuchFileOrDirectory where !isBase, .notDirectory where !isBase: return
            case .noSuchFileOrDirectory: missing = error
            default: blind.append((path, error))
            }
        }
    }

    /// Whether two searches for one pattern looked everywhere and found the same.
    static func agree(_ one: GlobSearch?, _ other: GlobSearch?) -> Bool {
        guard let one, let other else { return one == nil && other == nil }
        return one.isComplete && other.isComplete && one.parents == other.parents
            && one.matches.elementsEqual(other.matches) { $0.path == $1.path && $0.place == $1.place }
    }

    private var isComplete: Bool { blind.isEmpty && missing == nil }

    static func matches(_ name: FileName, _ pattern: String) -> Bool {
        name.withCString { fnmatch(pattern, $0, FNM_PERIOD) == 0 }
    }

    /// A link counts for the folder it leads to only where an administrator or the service made it: a sender's could
    /// lead into another sender's folder.
    private func isFolder(_ status: FileStatus) -> Bool {
        switch status.form {
        case .directory: true
        case .link: status.owner == 0 || status.owner == geteuid()
        case .regular, .other: false
        }
    }
}

extension FolderPlace {
    init(_ status: FileStatus) {
        self.init(device: status.device, inode: status.inode)
    }
}

extension FilePath.Component {
    fileprivate init?(_ name: FileName) {
        guard let component = name.withCString({ FilePath.Component(platformString: $0) }) else { return nil }
        self = component
    }
}
