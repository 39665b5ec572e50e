import SluiceConfiguration
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension Configuration {
    /// The inboxes with every glob replaced by those that its pattern finds now, in the order of their paths.
    package func expandedInboxes() -> [Inbox] {
        inboxes.flatMap { inbox in
            inbox.isGlob ? Configuration.folders(matching: inbox.path).compactMap(inbox.instance(at:)) : [inbox]
        }
    }

    private static func folders(matching pattern: FilePath) -> [FilePath] {
        var found = glob_t()
        defer { globfree(&found) }
        // Of glob(7)'s wildcards only the star is one here; the others stand for themselves.
        let literal = pattern.string.replacing(/[\\?\[]/) { "\\\($0.output)" }
        guard glob(literal, GLOB_ONLYDIR, nil, &found) == 0, let paths = found.gl_pathv else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { index in
            paths[index].map { FilePath(platformString: $0) }
        }
    }
}
