import Inbox

/// What keeps inboxes from being at work, by name, whoever says it: an inbox can be at work again when nobody says
/// otherwise any more.
struct InboxTroubles {
    enum Teller {
        /// One pipeline after the other that has the inbox's name.
        case pipeline
        /// Whoever chooses the inboxes: a name or a folder may be another's already, and a glob's folders out of sight.
        case choice
    }

    private var troubles: [String: [Teller: ServiceEvent]] = [:]

    /// - Returns: what is to be told: where one trouble of an inbox is over, the other; `nil` where nothing else was said.
    mutating func news(of event: ServiceEvent, from teller: Teller) -> ServiceEvent? {
        switch event {
        case .inbox(let name, .unavailable), .inbox(let name, .unsuitable):
            troubles[name, default: [:]][teller] = event
        case .inbox(let name, .available):
            guard troubles[name]?.removeValue(forKey: teller) != nil else { return nil }
            if let other = troubles[name]?.values.first { return other }
            troubles[name] = nil
        case .inboxGone(let name, _): troubles[name] = nil
        default: break
        }
        return event
    }
}
