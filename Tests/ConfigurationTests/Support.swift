import Foundation
import SystemPackage
import Testing

@testable import SluiceConfiguration

/// The lines that reading a text as `sluice.yaml` complains with.
func complaints(_ yaml: String, file: FilePath = "sluice.yaml") -> [String] {
    do throws(ConfigurationError) {
        _ = try Configuration.parse(yaml, file: file)
        return []
    } catch {
        return error.description.split(separator: "\n").map(String.init)
    }
}

func parse(_ yaml: String) throws -> Configuration {
    try Configuration.parse(yaml, file: "/etc/sluice/sluice.yaml", currentDirectory: "/run/here")
}

/// The least that a file must say, with more keys for `api` and for its inbox, and more sections after them.
func minimal(api: [String] = [], inbox: [String] = [], _ sections: String = "") -> String {
    let lines =
        [
            "api:", "  url: https://api.example.com/sync", "  tokenURL: https://auth.example.com/token",
            "  audience: https://api.example.com", "  clientID: sluice", "  clientSecret: {env: SLUICE_SECRET}",
        ] + api.map { "  \($0)" } + ["inboxes:", "  - name: erp", "    path: /srv/erp/inbox"]
        + inbox.map { "    \($0)" }
    return lines.joined(separator: "\n") + "\n" + sections
}

/// The line on which `minimal` puts the first of more keys for `api`.
let apiLine = 7
/// The same for its inbox, where `api` has no more keys.
let inboxLine = 10
/// The same for more sections.
let sectionLine = 10

/// A folder that is gone when its test is over.
final class TemporaryFolder: Sendable {
    let path: FilePath

    init() throws {
        path = FilePath("/tmp").appending("sluice-configuration-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: false)
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path.string)
        } catch {
            Issue.record(error, "\(path) could not be removed")
        }
    }

    @discardableResult
    func write(_ text: String, to name: String, mode: FilePermissions = .ownerReadWrite) throws -> FilePath {
        try write(Array(text.utf8), to: name, mode: mode)
    }

    @discardableResult
    func write(_ bytes: [UInt8], to name: String, mode: FilePermissions = .ownerReadWrite) throws -> FilePath {
        let file = path.appending(name)
        try Data(bytes).write(to: URL(filePath: file.string))
        try FileManager.default.setAttributes([.posixPermissions: Int(mode.rawValue)], ofItemAtPath: file.string)
        return file
    }
}
