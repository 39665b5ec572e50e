import Model
import Service

/// The requests of the last hour as a small picture: a bar a minute, with what was refused on top, and the limit.
struct RateChart: Sendable {
    struct Bar: Sendable {
        var x: Int
        var y: Int
        var height: Int
        /// Of what was refused, above the rest.
        var refusedY: Int
        var refusedHeight: Int
        var hint: String
    }

    static let width = 1200
    static let height = 180
    private static let step = width / RateHistory.length

    let bars: [Bar]
    /// `nil`: there is no limit.
    let limitY: Int?
    /// What the picture shows, in words.
    let words: String
    let first: String
    let last: String

    init(_ history: RateHistory, limit: Int?, at now: Timestamp) {
        let minutes = history.minutes(at: now)
        let highest = minutes.map(\.requests).max() ?? 0
        let top = max(limit ?? 0, highest, 10)
        // Room above the highest, so that the limit is seen to be one.
        func length(_ count: Int) -> Int {
            count == 0 ? 0 : max(2, count * (RateChart.height - 16) / top)
        }
        func clock(_ minute: Int64) -> String { Timestamp(milliseconds: minute * 60_000).local("%H:%M") }
        bars = minutes.enumerated().compactMap { index, minute in
            guard minute.requests > 0 else { return nil }
            let total = length(minute.requests)
            let refused = min(total, length(minute.refused))
            let more = minute.refused > 0 ? ", \(minute.refused) refused" : ""
            return Bar(
                x: index * RateChart.step + 2, y: RateChart.height - total + refused, height: total - refused,
                refusedY: RateChart.height - total, refusedHeight: refused,
                hint: "\(clock(minute.minute)): \(minute.requests)\(more)")
        }
        limitY = limit.map { RateChart.height - length($0) }
        let sum = minutes.map(\.requests).reduce(0, +)
        let refused = minutes.map(\.refused).reduce(0, +)
        words =
            sum == 0
            ? "No request in the last hour."
            : "\(sum) request\(sum == 1 ? "" : "s") in the last hour, at most \(highest) in a minute, "
                + "\(refused == 0 ? "none" : String(refused)) refused."
        first = minutes.first.map { clock($0.minute) } ?? ""
        last = minutes.last.map { clock($0.minute) } ?? ""
    }

    var barWidth: Int { RateChart.step - 4 }
}
