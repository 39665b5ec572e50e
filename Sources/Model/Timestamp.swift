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
        if Timestamp.fourDigitYears.contains(whole) { return Timestamp.text(whole, fraction) }
        let digits = String(fraction)
        let padded = String(repeating: "0", count: 3 - digits.count) + digits
        return Date(timeIntervalSince1970: Double(whole)).formatted(.iso8601).dropLast() + ".\(padded)Z"
    }

    /// From 1970 to the end of 9999, in seconds. Each drop has some of these times: the library takes ten times as long.
    private static let fourDigitYears: Range<Int64> = 0..<253_402_300_800

    private static func text(_ seconds: Int64, _ milliseconds: Int64) -> String {
        let (days, second) = seconds.quotientAndRemainder(dividingBy: 86400)
        // Years that begin with March, in eras of 400 (https://howardhinnant.github.io/date_algorithms.html#civil_from_days).
        let (era, day) = (days + 719_468).quotientAndRemainder(dividingBy: 146_097)
        let year = (day - day / 1460 + day / 36524 - day / 146_096) / 365
        let dayOfYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        return String(unsafeUninitializedCapacity: 24) { bytes in
            var place = 0
            func put(_ number: Int64, _ width: Int, _ end: UInt8) {
                var rest = number
                for index in (place..<(place + width)).reversed() {
                    bytes[index] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                bytes[place + width] = end
                place += width + 1
            }
            put(era * 400 + year + (month >= 10 ? 1 : 0), 4, UInt8(ascii: "-"))
            put(month < 10 ? month + 3 : month - 9, 2, UInt8(ascii: "-"))
            put(dayOfYear - (153 * month + 2) / 5 + 1, 2, UInt8(ascii: "T"))
            put(second / 3600, 2, UInt8(ascii: ":"))
            put(second / 60 % 60, 2, UInt8(ascii: ":"))
            put(second % 60, 2, UInt8(ascii: "."))
            put(milliseconds, 3, UInt8(ascii: "Z"))
            return place
        }
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
