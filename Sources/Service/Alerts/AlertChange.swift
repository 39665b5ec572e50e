import Model
import SluiceConfiguration

/// An alert that begins or ends.
package struct AlertChange: Sendable, Hashable {
    package enum Phase: Sendable, Hashable {
        case begins, ends
    }

    package var event: Configuration.Alert.Event
    package var phase: Phase
    /// What tells it from others of its event: an inbox, a folder, some work; `nil`: there is one.
    package var subject: String?
    /// The inbox that it is about; `nil`: none, or several.
    package var inbox: String?
    /// In a person's words, without field values or secrets.
    package var detail: String?
    /// How often it happened: when it begins what made it one, when it ends all of it.
    package var count: Int
    /// When it began to happen.
    package var since: Moment
    package var at: Moment

    package init(
        _ event: Configuration.Alert.Event, _ phase: Phase, subject: String? = nil, inbox: String? = nil,
        detail: String? = nil, count: Int = 1, since: Moment = Moment(sinceBoot: .zero),
        at: Moment = Moment(sinceBoot: .zero)
    ) {
        self.event = event
        self.phase = phase
        self.subject = subject
        self.inbox = inbox
        self.detail = detail
        self.count = count
        self.since = since
        self.at = at
    }
}
