import SluiceConfiguration

/// Faults of this machine, which many kinds of work may suffer at a time.
extension AlertBook {
    /// Some work cannot be done from now on.
    ///
    /// A full disk and a ledger that cannot be used are one alert each, however much waits for them; folders are told
    /// apart.
    ///
    /// - Parameter subject: whose folder it is; the work itself unless given.
    mutating func begin(_ event: Event, work: String, subject: String? = nil, detail: String) -> AlertChange? {
        let key = AlertBook.key(event, work, subject)
        works[key, default: []].insert(work)
        return note(event, isOn: true, subject: key.subject, detail: "\(work): \(detail)")
    }

    /// Some work is done again; the alert ends with the last that waited.
    mutating func end(_ event: Event, work: String, subject: String? = nil) -> AlertChange? {
        let key = AlertBook.key(event, work, subject)
        guard works[key]?.remove(work) != nil, works[key]?.isEmpty == true else { return nil }
        works[key] = nil
        return note(event, isOn: false, subject: key.subject)
    }

    private static func key(_ event: Event, _ work: String, _ subject: String?) -> Key {
        Key(event: event, subject: event == .inboxUnavailable ? subject ?? work : nil)
    }
}
