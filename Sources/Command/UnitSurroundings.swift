import Foundation
import Glibc
import SystemPackage

/// What the shipped units hand to the service besides its configuration, for a check by hand: `sudo sluice config check`
/// is to find what `systemctl start sluice` would.
enum UnitSurroundings {
    private static let folder = FilePath("/etc/sluice")
    private static let states = FilePath("/var/lib/sluice")

    /// The environment that the service with this configuration would have.
    ///
    /// For root and a file of /etc/sluice this is the own one with what systemd/sluice.service and
    /// systemd/sluice@.service name: the variables of `environment`, and the files that become credentials. They are
    /// those in /etc/sluice for sluice.yaml, and those in /etc/sluice/NAME for NAME.yaml. Otherwise it is the own one.
    static func environment(of configuration: FilePath) -> [String: String] {
        let own = ProcessInfo.processInfo.environment
        guard geteuid() == 0, configuration.removingLastComponent() == folder, let name = configuration.stem
        else { return own }
        let files = name == "sluice" ? folder : folder.appending(name)
        var all = own
        if let text = try? String(contentsOfFile: files.appending("environment").string, encoding: .utf8) {
            all.merge(variables(text)) { $1 }
        }
        if all["CREDENTIALS_DIRECTORY"] == nil { all["CREDENTIALS_DIRECTORY"] = files.string }
        return all
    }

    /// Whether the unit of this configuration makes this state folder (`StateDirectory=`): for root, as above.
    static func makes(_ state: FilePath, for configuration: FilePath) -> Bool {
        guard geteuid() == 0, configuration.removingLastComponent() == folder, let name = configuration.stem
        else { return false }
        return state == (name == "sluice" ? states : states.appending(name))
    }

    /// The assignments of an `EnvironmentFile=`, a line each, in quotes or not (`systemd.exec(5)`).
    static func variables(_ text: String) -> [String: String] {
        var variables: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmingCharacters(in: .whitespaces)
            guard !line.hasPrefix("#"), !line.hasPrefix(";"), let sign = line.firstIndex(of: "=") else { continue }
            var value = line[line.index(after: sign)...].trimmingCharacters(in: .whitespaces)
            for quote in ["\"", "'"] where value.count > 1 && value.hasPrefix(quote) && value.hasSuffix(quote) {
                value = String(value.dropFirst().dropLast())
                break
            }
            variables[line[..<sign].trimmingCharacters(in: .whitespaces)] = value
        }
        return variables
    }
}

extension FilePath {
    /// The path, or the nearest folder above it that is there.
    var nearestThatExists: FilePath {
        var path = self
        while path.withPlatformString({ access($0, F_OK) }) != 0, path.removeLastComponent() {}
        return path
    }
}
