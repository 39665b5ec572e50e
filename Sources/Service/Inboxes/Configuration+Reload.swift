import SluiceConfiguration

extension Configuration {
    /// What a running service makes of a file that was read again.
    struct Adoption: Sendable, Equatable {
        /// What is in effect now: the new file, but for what only a start can change.
        var configuration: Configuration
        /// Keys that are in effect, inboxes apart.
        var changedKeys: [String] = []
        /// Keys that differ and wait for a restart.
        var restartKeys: [String] = []
    }

    /// The new file as far as a running service can follow it.
    func adopting(_ new: Configuration) -> Adoption {
        var adoption = Adoption(configuration: new)
        func take<Value: Equatable>(_ key: String, _ path: KeyPath<Configuration, Value>) {
            if self[keyPath: path] != new[keyPath: path] { adoption.changedKeys.append(key) }
        }
        func keep<Value: Equatable>(_ key: String, _ path: WritableKeyPath<Configuration, Value>) {
            guard self[keyPath: path] != new[keyPath: path] else { return }
            adoption.restartKeys.append(key)
            adoption.configuration[keyPath: path] = self[keyPath: path]
        }
        take("schemas", \.schemas)
        take("api.clientID", \.api.clientID)
        take("api.clientSecret", \.api.clientSecret)
        take("limits.requestsPerMinute", \.limits.requestsPerMinute)
        take("limits.inFlight", \.limits.inFlight)
        take("limits.jsonBytes", \.limits.jsonBytes)
        take("limits.multipartBytes", \.limits.multipartBytes)
        take("limits.recordsPerBatch", \.limits.recordsPerBatch)
        take("log", \.log)
        take("alerts", \.alerts)
        keep("state", \.state)
        keep("api.url", \.api.url)
        keep("api.tokenURL", \.api.tokenURL)
        keep("api.audience", \.api.audience)
        keep("api.timeout", \.api.timeout)
        keep("api.ca", \.api.ca)
        keep("api.confirm", \.api.confirm)
        keep("api.orderWait", \.api.orderWait)
        keep("api.endpoints", \.api.endpoints)
        keep("api.status", \.api.status)
        keep("limits.memory", \.limits.memory)
        keep("retry", \.retry)
        keep("breaker", \.breaker)
        keep("batching", \.batching)
        keep("admin", \.admin)
        return adoption
    }
}

/// What became of a configuration that was read again.
package struct Reload: Sendable, Equatable, CustomStringConvertible {
    package let inboxes: InboxChanges
    /// Other keys that are in effect now: `log`, `limits.inFlight`.
    package let changedKeys: [String]
    /// Keys that differ from what is in effect, and wait for a restart.
    package let restartKeys: [String]

    /// `1 inbox added, 2 changed; log; after a restart: state`, or `no change`.
    package var description: String {
        let counts = [("added", inboxes.added), ("removed", inboxes.removed), ("changed", inboxes.changed)]
            .filter { !$0.1.isEmpty }
        var parts: [String] = []
        if let first = counts.first {
            let words = counts.map { "\($0.1.count) \($0.0)" }
            let noun = first.1.count == 1 ? "inbox" : "inboxes"
            parts.append((["\(first.1.count) \(noun) \(first.0)"] + words.dropFirst()).joined(separator: ", "))
        }
        if !changedKeys.isEmpty { parts.append(changedKeys.joined(separator: ", ")) }
        if !restartKeys.isEmpty { parts.append("after a restart: \(restartKeys.joined(separator: ", "))") }
        return parts.isEmpty ? "no change" : parts.joined(separator: "; ")
    }
}
