#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A wall-clock moment in milliseconds since 1970, written as `2026-11-24T03:00:00.000Z`.
///
/// Only people read it; what is measured or waited for goes by ``Moment``.
package struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    package static func + (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(milliseconds: left.milliseconds + right.wholeMilliseconds)
    }

    /// From this moment to `other`; negative where `other` is earlier.
    package func duration(to other: Timestamp) -> Duration {
        .milliseconds(other.milliseconds - milliseconds)
    }

    package var description: String {
        // A date holds binary fractions of a second, which cannot say every millisecond; whole seconds they can.
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let (whole, fraction) = rest < 0 ? (seconds - 1, rest + 1000) : (seconds, rest)
        let digits = String(fraction)
        let padded = String(repeating: "0", count: 3 - digits.count) + digits
        return Date(timeIntervalSince1970: Double(whole)).formatted(.iso8601).dropLast() + ".\(padded)Z"
    }
}

extension Timestamp {
    package init(_ date: Date) {
        self.init(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }

    package var asDate: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }
}

extension Timestamp {
    /// The day in UTC: `2026-11-24`.
    package var date: String { String(description.prefix { $0 != "T" }) }
}

/// A moment of the clock that never steps and goes on during suspend (`CLOCK_BOOTTIME`), as time since boot.
package struct Moment: Hashable, Sendable, Comparable {
    package let sinceBoot: Duration

    package init(sinceBoot: Duration) {
        self.sinceBoot = sinceBoot
    }

    package static func < (left: Moment, right: Moment) -> Bool { left.sinceBoot < right.sinceBoot }
    package static func + (left: Moment, right: Duration) -> Moment { Moment(sinceBoot: left.sinceBoot + right) }
    package static func - (left: Moment, right: Moment) -> Duration { left.sinceBoot - right.sinceBoot }
}

extension Duration {
    /// Rounded toward zero.
    package var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }

    /// In seconds, for formulas and for people.
    package var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
