import Delivery
import Model
import Testing

@testable import Service
@testable import sluice

/// What `sluice status --watch` shows, as lines.
@Suite struct WatchViewTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    private static func inbox(_ name: String, waiting: Int? = 0, underWay: Int = 0) -> StatusReport.Inbox {
        StatusReport.Inbox(name: name, waiting: waiting, underWay: underWay, problems: [], isPaused: false)
    }

    private static func state(_ change: (inout WatchState) -> Void = { _ in }) -> WatchState {
        var state = WatchState(now: now, condition: .healthy, process: "123", requests: 250, limit: 1000)
        state.health = ServiceHealth()
        state.inboxes = [inbox("erp")]
        change(&state)
        return state
    }

    private static func text(_ state: WatchState, width: Int? = 80, height: Int? = 24) -> [String] {
        WatchView(width: width, height: height).lines(state).map { $0.text(width: width, isColored: false) }
    }

    static let rows: [(String, @Sendable (inout WatchState) -> Void)] = [
        ("healthy  process 123  2027-01-15 08:00:00 UTC", { _ in }),
        ("degraded  process 123", { $0.condition = .degraded }),
        ("not running  2027-01-15", { ($0.condition, $0.process, $0.health) = (.notRunning, nil, nil) }),
        ("paused   until you have decided: it is lost", { $0.toDecide = "it is lost" }),
        ("250 of 1000 requests in the last minute", { _ in }),
        ("rate     250 requests in the last minute, without a limit", { $0.limit = nil }),
        ("queue    5 in the inboxes, 3 under way", { $0.inboxes = [inbox("a", waiting: 5), inbox("b", underWay: 3)] }),
        ("queue    0 in the inboxes, 0 under way", { $0.inboxes = [inbox("a", waiting: nil)] }),
        ("outage   none", { _ in }),
        (
            "outage   the API does not answer as it should since 2027-01-15 08:00:00 UTC",
            { $0.health = ServiceHealth(outage: "outage", outageSince: now) }
        ),
        ("outage   the API refuses all requests", { $0.health = ServiceHealth(outage: "misconfigured") }),
        ("trouble  disk full", { $0.health = ServiceHealth(troubles: ["disk full"]) }),
        (
            "50 %, 10 to go, about 20 s left",
            { $0.backlog = Backlog(remaining: 10, finished: 10, lastMinute: 30) }
        ),
        (
            "0 %, 10 to go, nothing ended in the last minute",
            { $0.backlog = Backlog(remaining: 10, finished: 0, lastMinute: 0) }
        ),
        (
            "08:00:00  erp    bad.json  failed   parse.json",
            { $0.drops = [.init(at: now, inbox: "erp", name: "bad.json", outcome: .failed, code: .parseJSON)] }
        ),
    ]

    @Test(arguments: rows.indices) func itSays(index: Int) {
        let (words, change) = Self.rows[index]
        let lines = Self.text(Self.state(change))
        #expect(lines.contains { $0.contains(words) }, "\(lines)")
    }

    @Test(arguments: [Breaker.Cause.outage, .misconfigured])
    func anOutageAndADecisionAreToldOnce(cause: Breaker.Cause) {
        let told = [LiveStatus.trouble(of: cause), LiveStatus.trouble(toDecide: "it is lost")]
        let state = Self.state {
            $0.health = ServiceHealth(troubles: told + ["disk full"], outage: cause.rawValue)
            $0.toDecide = "it is lost"
        }
        let names = Self.text(state).compactMap { $0.split(separator: " ").first }
        #expect(names.count { $0 == "outage" } == 1 && names.count { $0 == "paused" } == 1)
        #expect(names.count { $0 == "trouble" } == 1, "the full disk")
    }

    @Test func withoutABacklogThereIsNoBar() {
        #expect(!Self.text(Self.state()).contains { $0.hasPrefix("backlog") })
    }

    @Test(arguments: [(0, 10, 0), (1, 3, 10), (1, 1, 20), (3, 1, 30), (9_999, 1, 39)])
    func theBarIsAsFullAsTheBacklogIsDone(finished: Int, remaining: Int, columns: Int) throws {
        let state = Self.state { $0.backlog = Backlog(remaining: remaining, finished: finished, lastMinute: 60) }
        let line = try #require(Self.text(state, width: 200).first { $0.hasPrefix("backlog") })
        #expect(line.count { $0 == "█" } == columns)
        #expect(line.count { $0 == "█" || $0 == "░" } == 40)
    }

    @Test(arguments: [
        (59, "59 s"), (60, "1 min 0 s"), (599, "9 min 59 s"), (600, "10 min"), (3661, "1 h 1 min"), (90_000, "1 d 1 h"),
    ])
    func timeIsToldInTwoUnitsAtMost(seconds: Int, words: String) {
        #expect(WatchView.text(.seconds(seconds)) == words)
    }

    private static var full: WatchState {
        state { state in
            state.inboxes = (1...30).map { inbox("an-inbox-with-a-long-name-\($0)", waiting: 100_000) }
            state.drops = (1...15).map {
                .init(
                    at: now, inbox: "an-inbox-with-a-long-name-\($0)", name: String(repeating: "x", count: 250),
                    outcome: .failed, code: .submitServerError)
            }
            state.backlog = Backlog(remaining: 3_000_000, finished: 5, lastMinute: 5)
            state.health = ServiceHealth(troubles: [String(repeating: "trouble ", count: 60)])
        }
    }

    @Test(arguments: [20, 40, 80, 200], [1, 2, 5, 10, 24, 60])
    func itNeverNeedsMoreRoomThanThereIs(width: Int, height: Int) {
        let lines = Self.text(Self.full, width: width, height: height)
        #expect(!lines.isEmpty && lines.count <= height)
        #expect(lines.allSatisfy { $0.count <= width })
    }

    @Test func whatIsLeftOutIsSaid() {
        let lines = Self.text(Self.full, width: 80, height: 20)
        #expect(lines.contains { $0.contains("more inboxes") })
        #expect(Self.text(Self.full, width: 80, height: nil).count > 45)
    }

    @Test func strangersTextMovesNoCursor() {
        let state = Self.state {
            $0.drops = [.init(at: Self.now, inbox: "erp", name: "a\u{1B}[2Jb", outcome: .accepted)]
            $0.health = ServiceHealth(troubles: ["x\ny\u{1B}[H"])
        }
        #expect(Self.text(state).allSatisfy { !$0.contains("\u{1B}") && !$0.contains("\n") })
    }
}

@Suite struct LineTests {
    @Test(
        arguments: [
            (nil, "ab cd"), (5, "ab cd"), (4, "ab …"), (3, "ab…"), (2, "a…"), (1, "…"), (0, ""),
        ] as [(Int?, String)])
    func itIsCutWhereThereIsNoRoom(width: Int?, text: String) {
        let line = Line("ab ") + Line("cd", .red)
        #expect(line.text(width: width, isColored: false) == text)
    }

    @Test func aCutKeepsTheColours() {
        #expect((Line("ab", .red) + Line("cd")).text(width: 3, isColored: true) == "\u{1B}[31mab\u{1B}[0m…")
    }
}

@Suite struct ScreenTests {
    private let size = Screen.Size(width: 80, height: 24)

    @Test func oneFrameIsDrawnOverTheOther() {
        var screen = Screen()
        let first = screen.frame(["a", "b"], size)
        #expect(first == "\u{1B}[?25l\u{1B}[?7la\u{1B}[K\r\nb\u{1B}[K\r\n\u{1B}[J")
        #expect(screen.frame(["c"], size) == "\u{1B}[2A\rc\u{1B}[K\r\n\u{1B}[J")
        #expect(screen.frame(["d"], size).hasPrefix("\u{1B}[1A\r"))
    }

    @Test func anotherSizeBeginsAnew() {
        var screen = Screen()
        _ = screen.frame(["a", "b"], size)
        #expect(screen.frame(["c"], Screen.Size(width: 40, height: 24)).hasPrefix("\u{1B}[2J\u{1B}[Hc"))
    }
}

@Suite struct BacklogTests {
    private let start = Timestamp(milliseconds: 1_800_000_000_000)

    @Test func itIsFollowedFromWhenItIsSeenUntilNothingIsLeft() {
        var track = BacklogTrack()
        func note(_ remaining: Int, _ seconds: Int, _ ends: [Int]) -> Backlog? {
            track.note(remaining: remaining, at: start + .seconds(seconds)) { since in
                ends.count { start + .seconds($0) >= since }
            }
        }
        #expect(note(0, 0, [-5]) == nil)
        // What ended before it began is no part of it, and tells the rate.
        #expect(note(10, 10, [5, 8]) == Backlog(remaining: 10, finished: 0, lastMinute: 2))
        #expect(note(8, 20, [5, 8, 12, 15]) == Backlog(remaining: 8, finished: 2, lastMinute: 4))
        #expect(note(7, 90, [5, 8, 12, 15, 80]) == Backlog(remaining: 7, finished: 3, lastMinute: 1))
        #expect(note(0, 100, []) == nil)
        #expect(note(1, 110, [80]) == Backlog(remaining: 1, finished: 0, lastMinute: 1))
    }

    @Test(arguments: [(10, 60, 10), (10, 30, 20), (1, 1, 60), (7, 4, 105), (3, 1000, 1)])
    func theTimeLeftIsByTheRateOfTheLastMinute(remaining: Int, lastMinute: Int, seconds: Int) {
        let backlog = Backlog(remaining: remaining, finished: 0, lastMinute: lastMinute)
        #expect(backlog.timeLeft == .seconds(seconds))
    }

    @Test func withoutARateThereIsNoEstimate() {
        #expect(Backlog(remaining: 5, finished: 9, lastMinute: 0).timeLeft == nil)
    }
}

/// How the service is, in a word.
@Suite struct ConditionTests {
    private func report(requests: Int = 0, last error: Code? = nil) -> StatusReport {
        StatusReport(
            process: "123", inboxes: [], requests: requests, limit: 1000,
            lastRequest: error.map { Attempt(at: Timestamp(milliseconds: 0), status: 500, error: $0) }, failures: [])
    }

    @Test func whatTheServiceSaysOfItselfCounts() {
        #expect(Condition(report(), ServiceHealth()) == .healthy)
        #expect(Condition(report(), ServiceHealth(troubles: ["no token can be had"])) == .degraded)
        #expect(Condition(report(), nil) == .healthy)
    }

    @Test func theLastRequestCountsForAMinute() {
        #expect(Condition(report(requests: 1, last: .submitServerError), nil) == .degraded)
        #expect(Condition(report(requests: 1, last: .submitBadRequest), nil) == .healthy)
        #expect(Condition(report(requests: 0, last: .submitServerError), ServiceHealth()) == .healthy)
    }
}
