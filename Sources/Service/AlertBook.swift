import Model
import SluiceConfiguration

/// An alert that begins or ends.
package struct AlertChange: Sendable, Hashable {
    package enum Phase: Sendable, Hashable {
        case begins, ends
    }

    package var event: Configuration.Alert.Event
    package var phase: Phase
    /// The inbox or folder that it is about; `nil`: all.
    package var subject: String?
    /// In a person's words, without field values or secrets.
    package var detail: String?

    package init(
        _ event: Configuration.Alert.Event, _ phase: Phase, subject: String? = nil, detail: String? = nil
    ) {
        self.event = event
        self.phase = phase
        self.subject = subject
        self.detail = detail
    }
}

/// Which alerts are on: from what happens to what an operator is told, once when it begins and once when it ends.
///
/// Conditions (an outage, a token that cannot be had) are told at once; what single drops or requests suffer is counted
/// over a window, and told when there is too much of it.
package struct AlertBook: Sendable {
    package typealias Event = Configuration.Alert.Event

    struct Key: Hashable {
        var event: Event
        var subject: String?
    }

    private let thresholds: [Event: Configuration.Alert.Threshold]
    /// Requests a minute; `nil`: no limit that could be near.
    private let limit: Int?
    private var counts: [Event: SlidingCount] = [:]
    private var on: Set<Key> = []
    /// What a fault of this machine keeps from being done.
    var works: [Key: Set<String>] = [:]

    package init(thresholds: [Event: Configuration.Alert.Threshold] = Defaults.Alert.thresholds, limit: Int?) {
        self.thresholds = thresholds
        self.limit = limit
    }

    /// The alerts that are on.
    package var active: Set<Event> { Set(on.map(\.event)) }

    /// Something is so from now on, or is over.
    package mutating func note(
        _ event: Event, isOn: Bool, subject: String? = nil, detail: String? = nil
    ) -> AlertChange? {
        let key = Key(event: event, subject: subject)
        if isOn {
            return on.insert(key).inserted ? AlertChange(event, .begins, subject: subject, detail: detail) : nil
        }
        return on.remove(key) != nil ? AlertChange(event, .ends, subject: subject) : nil
    }

    /// Something happened once that is counted.
    package mutating func count(_ event: Event, at now: Moment) -> AlertChange? {
        guard let (bound, window) = bound(of: event) else { return nil }
        var count = counts[event] ?? SlidingCount(window: window)
        count.add(at: now)
        counts[event] = count
        return judge(event, bound, at: now)
    }

    /// Time has passed: what was counted may be over.
    package mutating func look(at now: Moment) -> [AlertChange] {
        counts.keys.sorted { $0.rawValue < $1.rawValue }.compactMap { event in
            bound(of: event).flatMap { judge(event, $0.count, at: now) }
        }
    }

    /// When to ``look(at:)``, for the sake of alerts that are on; `nil`: none of those is counted.
    package var nextLook: Moment? {
        on.compactMap { counts[$0.event]?.nextLoss }.min()
    }

    private mutating func judge(_ event: Event, _ bound: Int, at now: Moment) -> AlertChange? {
        let number = counts[event]?.number(at: now) ?? 0
        let detail =
            switch event {
            case .rateNear: "the rate is near its limit"
            case .rateLimited: "the API says that there are too many requests"
            default: "\(number) in the window"
            }
        return note(event, isOn: number >= bound, detail: detail)
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

/// How often something happened within the last so many seconds, in steps of a sixtieth of them: memory does not grow
/// with the number.
struct SlidingCount: Sendable {
    private let window: Duration
    private let step: Duration
    /// The end of each step with something in it, oldest first.
    private var steps: [(end: Moment, count: Int)] = []

    init(window: Duration) {
        self.window = window
        step = window / 60
    }

    mutating func add(at now: Moment) {
        _ = number(at: now)
        if let last = steps.indices.last, now < steps[last].end {
            steps[last].count += 1
        } else {
            steps.append((now + step, 1))
        }
    }

    mutating func number(at now: Moment) -> Int {
        steps.removeAll { $0.end + window <= now }
        return steps.reduce(0) { $0 + $1.count }
    }

    /// When the number is smaller by itself.
    var nextLoss: Moment? { steps.first.map { $0.end + window } }
}
