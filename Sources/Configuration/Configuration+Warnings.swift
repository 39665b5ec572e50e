import FoundationEssentials
import SystemPackage

/// Something that is possible and yet probably not what was meant.
package struct ConfigurationWarning: Sendable, Equatable, CustomStringConvertible {
    package let keyPath: String
    package let message: String

    package init(keyPath: String, message: String) {
        self.keyPath = keyPath
        self.message = message
    }

    package var description: String { "\(keyPath): \(message)" }
}

extension Configuration {
    /// What an operator should look at again. Looks at the modes of secret files, and at nothing else outside.
    package var warnings: [ConfigurationWarning] {
        secretWarnings + limitWarnings + alertWarnings + inboxes.enumerated().flatMap(Self.inboxWarnings)
    }

    private var secretWarnings: [ConfigurationWarning] {
        let sources = [
            ("api.clientID", api.clientID), ("api.clientSecret", api.clientSecret), ("admin.token", admin?.token),
        ]
        return sources.compactMap { key, source in
            guard case .file(let path) = source, FileContent.isOpenToAll(path) else { return nil }
            return .init(keyPath: key, message: "\(path) is open to every user of this machine; chmod o= \(path)")
        }
    }

    private var limitWarnings: [ConfigurationWarning] {
        var warnings: [ConfigurationWarning] = []
        func warn(_ keyPath: String, if isOdd: Bool, _ message: String) {
            if isOdd { warnings.append(.init(keyPath: keyPath, message: message)) }
        }
        warn(
            "api.orderWait", if: api.orderWait == .zero && api.confirm == .accepted,
            "0s takes a 2xx for final, and a later document may overtake an earlier one that is only queued")
        warn(
            "limits.requestsPerMinute", if: (limits.requestsPerMinute ?? .max) > 1000,
            "the API allows 1000 requests a minute and blocks what is over")
        warn(
            "limits.jsonBytes", if: limits.jsonBytes > .megabytes(30),
            "the API takes JSON bodies of at most 30 MB and blocks what is over")
        warn(
            "limits.multipartBytes", if: limits.multipartBytes > .megabytes(25),
            "the API takes multipart bodies of at most 25 MB and blocks what is over")
        warn(
            "limits.memory", if: limits.memory < limits.jsonBytes,
            "is less than limits.jsonBytes: the largest document that may be sent does not fit")
        return warnings
    }

    private var alertWarnings: [ConfigurationWarning] {
        alerts.enumerated().flatMap { index, alert -> [ConfigurationWarning] in
            let changed = alert.thresholds.filter { Defaults.Alert.thresholds[$0.key] != $0.value }.keys
            var warnings = changed.filter { !alert.on.contains($0) }.map { event in
                ConfigurationWarning(
                    keyPath: "alerts[\(index)].thresholds.\(event.rawValue)",
                    message: "has no effect: \(event.rawValue) is not in on")
            }
            if case .webhook(let secret) = alert.target, let url = URLComponents(string: secret.reveal()),
                url.scheme?.lowercased() == "http", !url.isLoopback
            {
                warnings.append(
                    .init(keyPath: "alerts[\(index)].webhook", message: "http sends alerts, and this URL, in clear"))
            }
            return warnings
        }
    }

    private static func inboxWarnings(_ index: Int, _ inbox: Inbox) -> [ConfigurationWarning] {
        let key = "inboxes[\(index)]"
        var warnings: [ConfigurationWarning] = []
        if inbox.settle == .zero, inbox.ready == nil {
            warnings.append(
                .init(keyPath: "\(key).settle", message: "0s may take a file that is still being written"))
        }
        for (name, folder) in [("done", inbox.done), ("failed", inbox.failed), ("work", inbox.work)] {
            guard let folder, folder.starts(with: inbox.path) else { continue }
            warnings.append(
                .init(
                    keyPath: "\(key).\(name)",
                    message: "\(folder) is within the inbox, where senders can rename or remove it"))
        }
        return warnings
    }
}
