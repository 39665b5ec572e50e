import SystemPackage

/// What an operator wrote in `sluice.yaml`, checked, with every default filled in (contract, section 8).
package struct Configuration: Sendable, Equatable {
    /// Where the ledger and the token cache live: the key, else `$STATE_DIRECTORY`, else `./.sluice`.
    package var state: FilePath
    /// Where the shipped schemas lie.
    package var schemas: FilePath
    package var api: API
    package var limits: Limits
    package var retry: Retry
    package var breaker: Breaker
    package var batching: Batching
    package var log: Log
    /// `nil`: no admin server, because the section is missing or says `listen: none`.
    package var admin: Admin?
    package var alerts: [Alert]
    /// In the order of the file, at least one.
    package var inboxes: [Inbox]
    /// The file that was read.
    package var source: FilePath
    /// Where keys stand in it, by their paths, as far as it was read before the inboxes.
    private let places: [String: Place]

    package init(
        state: FilePath, schemas: FilePath, api: API, limits: Limits, retry: Retry, breaker: Breaker,
        batching: Batching, log: Log, admin: Admin?, alerts: [Alert], inboxes: [Inbox], source: FilePath,
        places: [String: Place] = [:]
    ) {
        self.state = state
        self.schemas = schemas
        self.api = api
        self.limits = limits
        self.retry = retry
        self.breaker = breaker
        self.batching = batching
        self.log = log
        self.admin = admin
        self.alerts = alerts
        self.inboxes = inboxes
        self.source = source
        self.places = places
    }

    /// What is wrong with a value that can be read, and cannot be used on this machine.
    ///
    /// - Parameter key: its path: `api.ca`.
    package func problem(_ message: String, key: String) -> ConfigurationProblem {
        ConfigurationProblem(
            file: source, line: places[key]?.line, column: places[key]?.column, keyPath: key, message: message)
    }
}
