import FileSystem
import Foundation
import Model
import SystemPackage

/// A folder of a test's own, removed with its last reference.
package final class TemporaryFolder: Sendable {
    package let url: URL
    package var path: FilePath { FilePath(url.path) }

    package init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        do {
            try FileManager.default.removeItem(at: url)
        } catch {
            print("a test's folder stays behind: \(error)")
        }
    }

    package func subfolder(_ name: String) throws -> URL {
        let folder = url.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }
}

extension URL {
    package func write(_ text: String, as name: String) throws {
        try Data(text.utf8).write(to: appendingPathComponent(name))
    }

    /// The names in a folder, sorted; those that begin with a dot too.
    package var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    package func text(of name: String) throws -> String {
        try String(contentsOf: appendingPathComponent(name), encoding: .utf8)
    }
}
