import Model
import SluiceConfiguration

/// Faults of this machine, which many kinds of work may suffer at a time.
extension AlertBook {
    /// Some work cannot be done from now on.
    ///
    /// A full disk and a ledger that cannot be used are one alert each, however much waits for them; folders are told
    /// apart.
    ///
    /// - Parameter inbox: whose folder it is; `nil`: the work itself tells it from others.
    mutating func begin(
        _ event: Event, work: String, inbox: String? = nil, detail: String, at now: Moment
    ) -> AlertChange? {
        let key = AlertBook.key(event, work, inbox)
        works[key, default: []].insert(work)
        return note(
            event, isOn: true, subject: key.subject, inbox: inbox, detail: "cannot \(work): \(detail)", at: now)
    }

    /// Some work is done again; the alert ends with the last that waited.
    mutating func end(_ event: Event, work: String, inbox: String? = nil, at now: Moment) -> AlertChange? {
        let key = AlertBook.key(event, work, inbox)
        guard works[key]?.remove(work) != nil, works[key]?.isEmpty == true else { return nil }
        works[key] = nil
        return note(event, isOn: false, subject: key.subject, at: now)
    }

    private static func key(_ event: Event, _ work: String, _ inbox: String?) -> Key {
        Key(event: event, subject: event == .inboxUnavailable ? inbox ?? work : nil)
    }
}
