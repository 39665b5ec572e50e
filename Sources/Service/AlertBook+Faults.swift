import SluiceConfiguration

/// Faults of this machine, which many kinds of work may suffer at a time.
extension AlertBook {
    /// A full disk and a ledger that cannot be used are one alert each, however much waits for them; folders are one
    /// each.
    private static func subject(_ event: Event, _ work: String) -> String? {
        event == .inboxUnavailable ? work : nil
    }

    /// Some work cannot be done from now on.
    mutating func begin(_ event: Event, work: String, detail: String) -> AlertChange? {
        let subject = AlertBook.subject(event, work)
        works[Key(event: event, subject: subject), default: []].insert(work)
        return note(event, isOn: true, subject: subject, detail: "\(work): \(detail)")
    }

    /// Some work is done again; the alert ends with the last that waited.
    mutating func end(_ event: Event, work: String) -> AlertChange? {
        let key = Key(event: event, subject: AlertBook.subject(event, work))
        guard works[key]?.remove(work) != nil else { return nil }
        guard works[key]?.isEmpty == true else { return nil }
        works[key] = nil
        return note(event, isOn: false, subject: key.subject)
    }
}
