import FileSystem
import Glibc
import Model
import SluiceConfiguration
import SystemPackage

/// Where the files lie that come with Sluice: schemas and sample drops.
package enum SharedFiles {
    /// The folder of the shipped schemas: the one that an admin chose, whether it is there or not, else one of
    /// ``candidates(_:)``.
    package static func schemas(_ configured: FilePath?) -> FilePath {
        if let configured, configured != Defaults.schemas || exists(configured) { return configured }
        return find("schemas") ?? Defaults.schemas
    }

    /// A folder that comes with Sluice; `nil` where it is not installed.
    package static func find(_ name: String) -> FilePath? {
        candidates(name).first(where: exists)
    }

    /// Beside the program (`bin/sluice` and `share/sluice`), installed in the system, and, for a program that was
    /// built from a checkout, the folders above it.
    private static func candidates(_ name: String) -> [FilePath] {
        let installed = FilePath("/usr/share/sluice").appending(name)
        guard let program = executable else { return [installed] }
        let folder = program.removingLastComponent()
        var candidates = [folder.removingLastComponent().appending("share/sluice").appending(name), installed]
        var above = folder
        while above.removeLastComponent() {
            if exists(above.appending("Package.swift")) { candidates.append(above.appending(name)) }
        }
        return candidates
    }

    private static var executable: FilePath? {
        FilePath("/proc/self/exe").resolvedLink
    }

    private static func exists(_ path: FilePath) -> Bool {
        path.withPlatformString { access($0, F_OK) } == 0
    }
}

extension FilePath {
    /// What a symbolic link points to (`readlink(2)`); `nil` for what is none.
    fileprivate var resolvedLink: FilePath? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let length = withPlatformString { readlink($0, &target, Int(PATH_MAX)) }
        return length > 0 ? FilePath(platformString: target) : nil
    }
}
