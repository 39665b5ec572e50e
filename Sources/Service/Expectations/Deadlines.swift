import Foundation
import Model
import SluiceConfiguration

/// The moments by which something must have come, one a day on the clock on the wall.
struct Deadlines: Sendable {
    private let expectation: Configuration.Inbox.Expectation
    private let calendar: Calendar

    /// - Parameter zone: `nil`: the machine's, as it is at each look.
    init(_ expectation: Configuration.Inbox.Expectation, zone: TimeZone? = nil) {
        self.expectation = expectation
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone ?? .autoupdatingCurrent
        self.calendar = calendar
    }

    /// The last one that is over, the one before it, and the next.
    ///
    /// A time that a day leaves out, for clocks are put forward, is as much later; of one that comes twice the first
    /// counts.
    func around(_ now: Timestamp) -> (before: Timestamp, last: Timestamp, next: Timestamp) {
        let today = calendar.dateComponents([.year, .month, .day], from: now.asDate)
        let days = (-3...3).compactMap { offset -> Timestamp? in
            let day = DateComponents(
                year: today.year, month: today.month, day: today.day.map { $0 + offset }, hour: expectation.hour,
                minute: expectation.minute)
            return calendar.date(from: day).map(Timestamp.init)
        }
        guard let next = days.firstIndex(where: { $0 > now }), next >= 2 else {
            preconditionFailure("of seven days in a row at least two are over and one is to come")
        }
        return (days[next - 2], days[next - 1], days[next])
    }
}
