import JSONText
import Model

/// What a drop waits for, as an admin is told (contract, section 9, `show`).
package struct WaitsFor: Sendable, Hashable {
    package enum What: String, Sendable, Hashable, CaseIterable {
        /// Its sender may still be writing it.
        case settling
        /// Its marker.
        case ready
        /// A place among the drops that are worked on, or to be read.
        case reading
        /// An admin: everything or its inbox is paused, or there is something to decide.
        case pause
        /// Those before it.
        case turn
        /// An accepted document before it that the API may not have processed.
        case orderWait
        /// An attachment's account.
        case account
        /// The end of an outage, or of a wrong configuration.
        case outage
        case token
        /// A slot of the throttle.
        case rate
        /// A place among the requests under way.
        case inFlight
        /// The API's answer.
        case answer
        /// The next attempt.
        case retry
        /// The API's word that its batches were processed.
        case processing
        /// Its folder: its outcome stands.
        case filing
        /// The service, which does not run or cannot be asked.
        case service
    }

    package var what: What
    /// When that comes at the earliest, or is over at the latest; `nil`: nobody knows.
    package var until: Timestamp?
    /// The drop that it waits for.
    package var behind: DropID?
    /// A sentence.
    package var message: String

    package init(_ what: What, until: Timestamp? = nil, behind: DropID? = nil, _ message: String) {
        self.what = what
        self.until = until
        self.behind = behind
        self.message = message
    }

    /// As the commands and the API write it.
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("what", what.rawValue)
            $0.member("until", until?.description)
            $0.member("behind", behind?.text)
            $0.member("message", message)
        }
    }

    /// As ``write(to:)`` wrote it; `nil` for anything else.
    init?(_ json: JSONValue) {
        guard let what = json["what"]?.string.flatMap(What.init(rawValue:)), let message = json["message"]?.string
        else { return nil }
        self.init(
            what, until: json["until"]?.string.flatMap(Timestamp.init(rfc3339:)),
            behind: json["behind"]?.string.map(DropID.init(text:)), message)
    }
}
