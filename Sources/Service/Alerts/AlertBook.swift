import Model
import SluiceConfiguration

/// Which alerts are on: from what happens to what an operator is told, once when it begins and once when it ends.
///
/// Conditions (an outage, a token that cannot be had) are told at once, and are over when they are. What single drops or
/// requests suffer is counted over a window: it is told when there is too much of it, and is over when a whole window
/// was quiet.
package struct AlertBook: Sendable {
    package typealias Event = Configuration.Alert.Event
    package typealias Threshold = Configuration.Alert.Threshold

    struct Key: Hashable {
        var event: Event
        var subject: String?
    }

    /// An alert that is on.
    private struct Trouble {
        var since: Moment
        var count = 1
        var inbox: String?
        var detail: String?
    }

    /// What counts for an event, and when that was last too much.
    private struct Tally {
        var recent: SlidingCount
        var lastTooMuch: Moment?
        var origin = Origin.none

        enum Origin { case none, inbox(String), several }

        mutating func add(_ inbox: String?, at now: Moment) {
            let isFirst = recent.number(at: now) == 0
            recent.add(at: now)
            switch (isFirst ? .none : origin, inbox) {
            case (.none, let inbox?): origin = .inbox(inbox)
            case (.inbox(let known), let inbox) where known == inbox: break
            default: origin = .several
            }
        }

        var inbox: String? { if case .inbox(let name) = origin { name } else { nil } }
    }

    private var thresholds: [Event: Threshold]
    /// Requests a minute; `nil`: no limit that could be near.
    private var limit: Int?
    private var tallies: [Event: Tally] = [:]
    private var on: [Key: Trouble] = [:]
    /// What a fault of this machine keeps from being done.
    var works: [Key: Set<String>] = [:]

    package init(thresholds: [Event: Threshold] = Defaults.Alert.thresholds, limit: Int?) {
        self.thresholds = thresholds
        self.limit = limit
    }

    /// The alerts that are on.
    package var active: Set<Event> { Set(on.keys.map(\.event)) }

    /// Each alert that is on as the change that began it, the oldest first.
    package func begun(at now: Moment) -> [AlertChange] {
        on.map { change($0, .begins, $1, at: now) }.sorted {
            ($0.since, $0.subject ?? "") < ($1.since, $1.subject ?? "")
        }
    }

    /// Something is so from now on, or is over.
    package mutating func note(
        _ event: Event, isOn: Bool, subject: String? = nil, inbox: String? = nil, detail: String? = nil, at now: Moment
    ) -> AlertChange? {
        let key = Key(event: event, subject: subject)
        guard isOn else {
            if subject == nil { tallies[event] = nil }
            return end(key, at: now)
        }
        if on[key] != nil {
            on[key]?.count += 1
            return nil
        }
        return begin(key, Trouble(since: now, inbox: inbox, detail: detail), at: now)
    }

    /// Something happened once that is counted where it has a threshold, and else is so from now on.
    package mutating func happen(
        _ event: Event, inbox: String? = nil, detail: String? = nil, at now: Moment
    ) -> AlertChange? {
        if bound(of: event) == nil { return note(event, isOn: true, inbox: inbox, detail: detail, at: now) }
        return count(event, inbox: inbox, detail: detail, at: now)
    }

    /// Something happened once that is counted.
    package mutating func count(
        _ event: Event, inbox: String? = nil, detail: String? = nil, at now: Moment
    ) -> AlertChange? {
        guard let bound = bound(of: event) else { return nil }
        tallies[event, default: Tally(recent: SlidingCount(window: bound.window))].add(inbox, at: now)
        on[Key(event: event)]?.count += 1
        return judge(event, detail: detail, at: now)
    }

    /// Time has passed: what was counted may be over.
    package mutating func look(at now: Moment) -> [AlertChange] {
        tallies.keys.sorted { $0.rawValue < $1.rawValue }.compactMap { judge($0, at: now) }
    }

    /// When to ``look(at:)``, for the sake of alerts that are on; `nil`: none of those is counted.
    package var nextLook: Moment? { on.keys.compactMap { quiet(since: $0.event) }.min() }

    /// From now on other thresholds count; what was counted stays.
    package mutating func change(thresholds: [Event: Threshold], limit: Int?) {
        self.thresholds = thresholds
        self.limit = limit
        for event in tallies.keys {
            if let window = bound(of: event)?.window { tallies[event]?.recent.window = window }
        }
    }

    /// The conditions of another book are this one's, too.
    package mutating func adopt(conditionsOf other: AlertBook) {
        on = other.on.filter { other.tallies[$0.key.event] == nil }
        works = other.works
    }

    private mutating func judge(_ event: Event, detail: String? = nil, at now: Moment) -> AlertChange? {
        let key = Key(event: event)
        guard let bound = bound(of: event), let number = tallies[event]?.recent.number(at: now) else {
            tallies[event] = nil
            return end(key, at: now)
        }
        if number >= bound.count {
            tallies[event]?.lastTooMuch = now
            guard on[key] == nil, let tally = tallies[event] else { return nil }
            let trouble = Trouble(
                since: tally.recent.oldest ?? now, count: number, inbox: tally.inbox,
                detail: detail ?? "\(number) within \(bound.window.shortText)")
            return begin(key, trouble, at: now)
        }
        guard on[key] != nil, let end = quiet(since: event), end <= now else { return nil }
        tallies[event] = nil
        return self.end(key, at: now)
    }

    /// When a counted alert is over, if nothing more happens.
    private func quiet(since event: Event) -> Moment? {
        guard let tally = tallies[event] else { return nil }
        // A share is never nothing while anybody works: it is quiet where it was below its threshold.
        if case .percent = thresholds[event] { return tally.lastTooMuch.map { $0 + tally.recent.window } }
        return tally.recent.end ?? tally.lastTooMuch
    }

    private mutating func begin(_ key: Key, _ trouble: Trouble, at now: Moment) -> AlertChange {
        on[key] = trouble
        return change(key, .begins, trouble, at: now)
    }

    private mutating func end(_ key: Key, at now: Moment) -> AlertChange? {
        guard var trouble = on.removeValue(forKey: key) else { return nil }
        trouble.detail = nil
        return change(key, .ends, trouble, at: now)
    }

    private func change(_ key: Key, _ phase: AlertChange.Phase, _ trouble: Trouble, at now: Moment) -> AlertChange {
        AlertChange(
            key.event, phase, subject: key.subject, inbox: trouble.inbox, detail: trouble.detail, count: trouble.count,
            since: trouble.since, at: now)
    }

    /// How many within how long are worth an alert.
    private func bound(of event: Event) -> (count: Int, window: Duration)? {
        switch thresholds[event] {
        case .count(let count, let window): (count, window)
        case .percent(let percent, let window):
            limit.map { limit in
                (max(1, Int(Double(limit) * window.inSeconds / 60 * Double(percent) / 100)), window)
            }
        // Once is enough, and a minute without another is its end.
        case nil: event == .rateLimited ? (1, .seconds(60)) : nil
        }
    }
}
