import Model
import SluiceConfiguration

/// Whom an alert is told: the log, with all that is configured, and each recipient by its own events and thresholds.
///
/// A plain value; ``AlertWatch`` does what it says.
struct AlertRouter: Sendable {
    /// What there is to tell.
    struct Told: Sendable, Equatable {
        /// The log, and whoever shows the state of the service.
        var house: [AlertChange] = []
        /// Recipients by their numbers.
        var recipients: [(number: Int, change: AlertChange)] = []

        static func == (left: Told, right: Told) -> Bool {
            left.house == right.house
                && left.recipients.elementsEqual(right.recipients) { $0.number == $1.number && $0.change == $1.change }
        }
    }

    /// One entry of the configuration's `alerts`.
    struct Recipient: Sendable {
        /// Never given to another.
        let number: Int
        fileprivate(set) var alert: Configuration.Alert
        fileprivate var book: AlertBook
    }

    private var house: AlertBook
    private(set) var recipients: [Recipient] = []
    private var nextNumber = 0

    init(thresholds: [AlertBook.Event: AlertBook.Threshold], limit: Int?) {
        house = AlertBook(thresholds: thresholds, limit: limit)
    }

    mutating func note(_ event: ServiceEvent, at now: Moment) -> Told {
        tell { $0.note(event, at: now) }
    }

    /// Time has passed: what was counted may be over.
    mutating func look(at now: Moment) -> Told {
        tell { $0.look(at: now) }
    }

    /// When to ``look(at:)``; `nil`: nothing is over by itself.
    var nextLook: Moment? { (recipients.map(\.book) + [house]).compactMap(\.nextLook).min() }

    /// From now on the recipients are these. Whoever stays, by its target, goes on with what it was told; whoever is new,
    /// or wants to hear of more, is told what is on.
    mutating func change(
        _ alerts: [Configuration.Alert], thresholds: [AlertBook.Event: AlertBook.Threshold], limit: Int?, at now: Moment
    ) -> Told {
        house.change(thresholds: thresholds, limit: limit)
        var before = recipients
        recipients = []
        var told = Told()
        for alert in alerts {
            var news = alert.on
            if let index = before.firstIndex(where: { $0.alert.target == alert.target }) {
                var known = before.remove(at: index)
                news.subtract(known.alert.on)
                known.alert = alert
                known.book.change(thresholds: alert.thresholds, limit: limit)
                recipients.append(known)
            } else {
                var book = AlertBook(thresholds: alert.thresholds, limit: limit)
                book.adopt(conditionsOf: house)
                recipients.append(Recipient(number: nextNumber, alert: alert, book: book))
                nextNumber += 1
            }
            let recipient = recipients[recipients.count - 1]
            told.recipients += recipient.book.begun(at: now).filter { news.contains($0.event) }
                .map { (recipient.number, $0) }
        }
        return told
    }

    private mutating func tell(_ note: (inout AlertBook) -> [AlertChange]) -> Told {
        var told = Told(house: note(&house))
        for index in recipients.indices {
            let (number, on) = (recipients[index].number, recipients[index].alert.on)
            told.recipients += note(&recipients[index].book).filter { on.contains($0.event) }.map { (number, $0) }
        }
        return told
    }
}
