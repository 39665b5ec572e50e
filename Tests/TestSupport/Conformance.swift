import Foundation

/// Where the conformance suites are: `SLUICE_CONFORMANCE`, else beside the repository.
package enum Conformance {
    package static func folder(_ name: String) -> String {
        if let root = ProcessInfo.processInfo.environment["SLUICE_CONFORMANCE"] { return root + "/" + name }
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return package.deletingLastPathComponent().appendingPathComponent("shared/conformance/" + name).path
    }

    /// Says so loudly where the folder is not there.
    package static func isThere(_ folder: String) -> Bool {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue { return true }
        print("*** CONFORMANCE SUITE NOT FOUND: \(folder) — its tests are SKIPPED. Set SLUICE_CONFORMANCE. ***")
        return false
    }
}
