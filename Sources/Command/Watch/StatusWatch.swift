import Ledger
import Model
import Service
import SluiceConfiguration
import UnixSignals

/// `sluice status --watch`: looks once a second until it is stopped.
struct StatusWatch {
    let configuration: SluiceConfiguration.Configuration
    let json: Bool

    private static let drops = 15
    private static let interval = Duration.seconds(1)

    private enum Event { case look, stop }

    /// - Throws: the exit status of what was seen last; what reading the ledger throws, which ends it.
    func run() async throws {
        var track = BacklogTrack()
        var opened: Administration?
        var screen = Screen()
        let isDrawn = !json && Output.canDraw
        defer { if isDrawn { Output.raw(Screen.leave) } }
        var last = Condition.notRunning
        for await event in await StatusWatch.events() {
            guard event == .look else { break }
            let (state, report) = try await look(&track, &opened)
            last = state.condition
            if json {
                Output.line(
                    report.map { StatusCommand.json($0, state.health, state.condition, state) }
                        ?? #"{"at":"\#(state.now)","status":"not running","running":false}"#)
            } else if isDrawn {
                let size = Output.terminalSize
                let view = WatchView(width: size.width, height: size.height - 1)
                let lines = view.lines(state).map { $0.text(width: size.width, isColored: Output.hasColor) }
                Output.raw(screen.frame(lines, size))
            } else {
                let lines = WatchView(width: Table.terminalWidth).lines(state)
                for line in lines + [Line()] { Output.line(line.text(isColored: Output.hasColor)) }
            }
        }
        try last.exit()
    }

    /// - Parameter opened: what is kept from one look to the next: a ledger is opened once.
    private func look(
        _ track: inout BacklogTrack, _ opened: inout Administration?
    ) async throws -> (WatchState, StatusReport?) {
        let now = SystemTime().timestamp
        if opened?.ledger.isCurrent != true { opened = try Administration.found(configuration) }
        guard let administration = opened else {
            return (WatchState(now: now, condition: .notRunning), nil)
        }
        let report = try administration.status(at: now)
        let health = await StatusCommand.health(report, configuration)
        var state = WatchState(now: now, condition: Condition(report, health))
        state.process = report.process
        state.requests = health?.requests ?? report.requests
        state.limit = report.limit
        state.health = health
        state.toDecide = report.toDecide
        state.inboxes = report.inboxes
        state.drops = try administration.ledger.lastEnded(StatusWatch.drops).compactMap(WatchState.LastDrop.init)
        state.backlog = try track.note(remaining: state.waiting + state.underWay, at: now) {
            try administration.ledger.ended(since: $0).map(\.count).reduce(0, +)
        }
        return (state, report)
    }

    /// A look now, every second, and when the terminal gets another size; the end at Ctrl-C.
    private static func events() async -> AsyncStream<Event> {
        let stops = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let resizes = await UnixSignalsSequence(trapping: .sigwinch)
        let (events, event) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingOldest(2))
        let tasks = [
            Task {
                for await _ in stops { break }
                event.yield(.stop)
                event.finish()
            },
            Task { for await _ in resizes { event.yield(.look) } },
            Task {
                let clock = ContinuousClock()
                var next = clock.now
                while !Task.isCancelled {
                    event.yield(.look)
                    next = max(next + interval, clock.now)
                    guard (try? await clock.sleep(until: next)) != nil else { return }
                }
            },
        ]
        event.onTermination = { _ in for task in tasks { task.cancel() } }
        return events
    }
}

extension WatchState.LastDrop {
    init?(_ entry: DropEntry) {
        guard let at = entry.finishedAt, let outcome = entry.outcome else { return nil }
        self.init(
            at: at, inbox: entry.drop.inbox, name: entry.shownName.description, outcome: outcome,
            code: entry.problem?.code)
    }
}
