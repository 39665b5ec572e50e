import Model
import Service

/// The live view as lines: what it shows is decided here, and nothing is printed.
struct WatchView: Sendable {
    /// Columns and rows that there is room for; `nil`: no end to them.
    var width: Int?
    var height: Int?

    private static let widestBar = 40
    private static let label = 9

    func lines(_ state: WatchState) -> [Line] {
        var lines = [head(state)]
        lines += figures(state)
        if let backlog = state.backlog { lines.append(row("backlog", bar(backlog))) }
        lines.append(Line())
        let inboxes = table(state.inboxes)
        let drops = drops(state)
        // The drops give way first, then the inboxes.
        let room = height.map { max(0, $0 - lines.count) } ?? .max
        lines += WatchView.cut(inboxes, to: room, "more inboxes")
        let rest = height.map { max(0, $0 - lines.count) } ?? .max
        if rest > 3, !drops.isEmpty { lines += [Line()] + drops.prefix(rest - 1) }
        return height.map { Array(lines.prefix(max(1, $0))) } ?? lines
    }

    private static func cut(_ lines: [Line], to room: Int, _ words: String) -> [Line] {
        guard lines.count > room, room > 1 else { return Array(lines.prefix(max(0, room))) }
        return Array(lines.prefix(room - 1)) + [Line("… \(lines.count - room + 1) \(words)", .dim)]
    }

    private func head(_ state: WatchState) -> Line {
        let process = state.process.flatMap { $0.isEmpty ? nil : "  process \($0)" } ?? ""
        return Line(state.condition.rawValue, state.condition.color)
            + Line("\(process)  \(state.now.shortText) UTC", .dim)
    }

    // MARK: Figures

    private func figures(_ state: WatchState) -> [Line] {
        var lines: [Line] = []
        if let words = state.toDecide {
            lines.append(row("paused", Line("until you have decided: \(Output.safe(words))", .red)))
        }
        lines.append(row("rate", rate(state)))
        lines.append(row("queue", Line("\(state.waiting) in the inboxes, \(state.underWay) under way")))
        guard let health = state.health else { return lines }
        if let outage = health.outage {
            let since = health.outageSince.map { " since \($0.shortText) UTC" } ?? ""
            let words = outage == "outage" ? "the API does not answer as it should" : "the API refuses all requests"
            lines.append(row("outage", Line("\(words)\(since)", .red)))
        } else {
            lines.append(row("outage", Line("none")))
        }
        for trouble in health.troubles(besidesOutageAnd: state.toDecide) {
            lines.append(row("trouble", Line(Output.safe(trouble), .yellow)))
        }
        return lines
    }

    private func row(_ name: String, _ line: Line) -> Line {
        Line(name + String(repeating: " ", count: max(1, WatchView.label - name.count)), .dim) + line
    }

    private func rate(_ state: WatchState) -> Line {
        guard let limit = state.limit, limit > 0 else {
            return Line("\(state.requests) requests in the last minute, without a limit")
        }
        let part = Double(state.requests) / Double(limit)
        let words = "\(state.requests) of \(limit) requests in the last minute"
        return bar(part, part >= 0.9 ? .yellow : .green, words) + Line(" \(words)")
    }

    // MARK: Bars

    private func bar(_ backlog: Backlog) -> Line {
        let percent = Int(backlog.fraction * 100)
        let left = "\(backlog.remaining) to go"
        let time = backlog.timeLeft.map { ", about \(WatchView.text($0)) left" } ?? ", nothing ended in the last minute"
        let words = "\(percent) %, \(left)\(time)"
        return bar(backlog.fraction, .green, words) + Line(" \(words)")
    }

    /// - Parameter words: what stands behind it, and has to have room.
    private func bar(_ part: Double, _ color: Output.Color, _ words: String) -> Line {
        let room = width.map { $0 - WatchView.label - words.count - 1 } ?? WatchView.widestBar
        let columns = min(room, WatchView.widestBar)
        guard columns >= 5 else { return Line() }
        let full = min(columns, max(0, Int(Double(columns) * part)))
        return Line(String(repeating: "█", count: full), color)
            + Line(String(repeating: "░", count: columns - full), .dim)
    }

    /// A duration as one says it: two units at most.
    static func text(_ duration: Duration) -> String {
        let seconds = Int(duration.components.seconds)
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return seconds < 600 ? "\(seconds / 60) min \(seconds % 60) s" : "\(seconds / 60) min"
        case ..<86_400: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }

    // MARK: Tables

    private func table(_ inboxes: [StatusReport.Inbox]) -> [Line] {
        Table.inboxes(inboxes).rows(width: width)
    }

    private func drops(_ state: WatchState) -> [Line] {
        guard !state.drops.isEmpty else { return [] }
        var table = Table(flexible: [2, 4], "ENDED", "INBOX", "NAME", "OUTCOME", "")
        for drop in state.drops {
            table.add(
                .init(String(drop.at.shortText.dropFirst(11))), .init(drop.inbox), .init(drop.name),
                .init(drop.outcome.rawValue, drop.outcome == .failed ? .red : .green),
                .init(drop.code?.rawValue ?? ""))
        }
        return table.rows(width: width)
    }
}
