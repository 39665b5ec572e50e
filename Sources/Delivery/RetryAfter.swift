import Foundation
import Model

/// The `Retry-After` header: seconds, or an HTTP date (RFC 9110, section 10.2.3).
package enum RetryAfter {
    /// Nobody is obeyed for longer than this: a day.
    package static let longest = Duration.seconds(86_400)

    /// - Returns: how long to wait from `now`; `nil` for what is neither form.
    package static func parse(_ header: String, at now: Timestamp) -> Duration? {
        let text = header.trimmingCharacters(in: .whitespaces)
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return Int64(text).map { min(.seconds(min($0, 1 << 40)), longest) } ?? longest
        }
        guard let date = httpDate(text) else { return nil }
        return min(max(now.duration(to: Timestamp(date)), .zero), longest)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func httpDate(_ text: String) -> Date? {
        let parts = text.split(whereSeparator: { " ,:".contains($0) })
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard parts.count == 8, parts[7] == "GMT", let day = Int(parts[1]),
            let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3]), let hour = Int(parts[4]),
            let minute = Int(parts[5]), let second = Int(parts[6])
        else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        guard let utc = TimeZone(secondsFromGMT: 0) else { return nil }
        calendar.timeZone = utc
        return calendar.date(
            from: DateComponents(
                year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second))
    }
}
