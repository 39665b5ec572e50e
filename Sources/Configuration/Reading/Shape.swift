/// Every mapping of the file and the keys it may have. This table is all that the reader knows as keys.
///
/// The raw value is the mapping's key path with `[]` for an element of a list and `*` for a key of the writer's choice.
enum Shape: String, CaseIterable {
    case file = ""
    case api
    case endpoints = "api.endpoints"
    case endpoint = "api.endpoints.*"
    case status = "api.status"
    case limits
    case retry
    case breaker
    case batching
    case log
    case admin
    case alert = "alerts[]"
    case thresholds = "alerts[].thresholds"
    case inbox = "inboxes[]"
    case schema = "inboxes[].schema"
    case attachments = "inboxes[].attachments"
    case expect = "inboxes[].expect"
    case retention = "inboxes[].retention"
    case secret = "secret"

    var keys: [String] {
        switch self {
        case .file:
            [
                "state", "schemas", "api", "limits", "retry", "breaker", "batching", "log", "admin", "alerts",
                "inboxes",
            ]
        case .api:
            [
                "url", "tokenURL", "audience", "clientID", "clientSecret", "timeout", "ca", "confirm", "orderWait",
                "endpoints", "status",
            ]
        case .endpoints: Configuration.EndpointKind.allCases.map(\.rawValue)
        case .endpoint: ["method", "path"]
        case .status: ["field", "pending", "completed", "records", "refused"]
        case .limits:
            ["requestsPerMinute", "inFlight", "jsonBytes", "multipartBytes", "recordsPerBatch", "memory"]
        case .retry: ["attempts", "base", "cap", "requeueAfterOutage"]
        case .breaker: ["failures", "probe"]
        case .batching: ["mode", "records", "bytes"]
        case .log: ["format", "level"]
        case .admin: ["listen", "token"]
        case .alert: ["webhook", "command", "on", "thresholds"]
        case .thresholds: ["serverErrors", "tokenFailure", "rateLimited", "failedDrops", "rateNear"]
        case .inbox:
            [
                "name", "path", "kind", "done", "failed", "work", "filing", "settle", "partialGrace", "rescan",
                "watch", "poll", "sort", "ignore", "ready", "ordering", "reference", "ownReference", "scope",
                "schema", "mapping", "set", "attachments", "expect", "results", "retention",
            ]
        case .schema: ["json", "xml"]
        case .attachments: ["types", "name", "wait"]
        case .expect: ["by"]
        case .retention: ["done", "failed"]
        case .secret: ["env", "file", "credential", "command"]
        }
    }

    /// The key that was probably meant, if one is near enough.
    func nearest(to key: String) -> String? {
        key.nearest(among: keys)
    }
}
