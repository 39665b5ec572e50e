import SluiceConfiguration

/// An alert in a person's words.
struct AlertWords {
    private let change: AlertChange

    init(_ change: AlertChange) {
        self.change = change
    }

    var begin: String {
        switch change.event {
        case .serverErrors: "The API answered \(requests) with an error of its own (5xx), or not at all."
        case .tokenFailure: "No token can be had\(reason)."
        case .rateLimited: "The API says that there are too many requests (429)."
        case .rateNear: "The requests are near the limit: \(detail)."
        case .outage: "The API does not answer as it should. Submission pauses and tries again by itself."
        case .misconfigured: "The API refuses what is sent, whatever it is\(reason)."
        case .inboxUnavailable: "\(place) cannot be used\(reason)."
        case .ledgerUnwritable: "The ledger cannot be used\(reason)."
        case .diskFull: "A disk is full, or a quota spent\(reason)."
        case .failedDrops: "\(drops) failed\(change.inbox.map { " in the inbox \($0)" } ?? "")."
        case .missingDrop: "Nothing came to the inbox \(change.inbox ?? "")\(reason)."
        }
    }

    var end: String {
        switch change.event {
        case .serverErrors: "The API answers without errors of its own again, after \(requests) with one."
        case .tokenFailure: "A token was had again."
        case .rateLimited: "The API takes the requests again; it refused \(change.count)."
        case .rateNear: "The requests are no longer near the limit."
        case .outage: "The API answers again. Submission goes on."
        case .misconfigured: "The API takes what is sent again."
        case .inboxUnavailable: "\(place) can be used again."
        case .ledgerUnwritable: "The ledger can be used again."
        case .diskFull: "There is room again."
        case .failedDrops: "No more drops fail. \(drops) did."
        case .missingDrop: "A drop came to the inbox \(change.inbox ?? "")."
        }
    }

    var action: String {
        switch change.event {
        case .serverErrors: "Nothing is lost: Sluice sends again by itself. If it lasts, ask those who run the API."
        case .tokenFailure: "Check api.tokenURL, api.clientID and api.clientSecret with `sluice config check`."
        case .rateLimited:
            "Sluice slows down by itself. Where others use the same credentials, divide limits.requestsPerMinute."
        case .rateNear: "Drops wait for their turn. Ask for a higher limit if it lasts."
        case .outage: "Nothing is lost and nothing needs to be dropped again. If it lasts, ask those who run the API."
        case .misconfigured:
            "Check api.url, api.endpoints and the rights of api.clientID, then look at `sluice status`."
        case .inboxUnavailable: "Give the folder back, with the owner and mode that it needs. Sluice goes on by itself."
        case .ledgerUnwritable: "Look at `sluice status`. Nothing is sent until the ledger can be written."
        case .diskFull: "Make room. Sluice goes on by itself."
        case .failedDrops: "Look at the results in the failed folders, or at `sluice list --failed`."
        case .missingDrop: "Ask the sender."
        }
    }

    private var reason: String { change.detail.map { ": \($0.strippedOfStop)" } ?? "" }
    private var detail: String { change.detail ?? "" }
    private var place: String { change.inbox.map { "The inbox \($0)" } ?? "A folder" }
    private var requests: String { change.count == 1 ? "1 request" : "\(change.count) requests" }
    private var drops: String { change.count == 1 ? "1 drop" : "\(change.count) drops" }
}

extension String {
    /// Without the full stop at its end, where it has one.
    fileprivate var strippedOfStop: String { hasSuffix(".") ? String(dropLast()) : self }
}
