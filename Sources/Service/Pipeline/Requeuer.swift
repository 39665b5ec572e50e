import Delivery
import Ledger
import Model

/// Puts failed drops back when ``RequeueSchedule`` says so.
actor Requeuer {
    enum Signal: Sendable {
        case accepted
        case paused(run: Set<DropID>)
        case goesOn
        /// A drop was filed in `failed` and is to be put back.
        case filed(DropID)
        case alarm
    }

    private let ledger: Ledger
    private let patience: Patience
    private let time: any TimeSource
    private var schedule = RequeueSchedule()
    /// The drops of the run that led to the present pause, which may be filed only now.
    private var run: Set<DropID> = []
    private var alarm: Task<Void, Never>?
    private nonisolated let signals: AsyncStream<Signal>
    private nonisolated let signal: AsyncStream<Signal>.Continuation

    init(ledger: Ledger, patience: Patience, time: any TimeSource) {
        self.ledger = ledger
        self.patience = patience
        self.time = time
        (signals, signal) = AsyncStream.makeStream(of: Signal.self)
    }

    /// What the delivery tells everybody.
    nonisolated func note(_ event: DeliveryEvent) {
        switch event {
        case .answered(let report) where report.subject != nil && !report.isStatus && report.code == nil:
            signal.yield(.accepted)
        case .breaker(.opened(_, let run)): signal.yield(.paused(run: run))
        case .breaker(.closed): signal.yield(.goesOn)
        default: break
        }
    }

    /// A failed drop lies in its folder.
    nonisolated func note(filed drop: DropID) {
        signal.yield(.filed(drop))
    }

    /// Runs until it is cancelled. `putBack` is given drops in the order of their arrival, and waits for no folder; where
    /// it says `false`, the drop goes on waiting.
    func run(putBack: @Sendable (Requeue) async -> Bool) async {
        do {
            for requeue in try await requeues() {
                schedule.wait(
                    requeue.drop.id, age: requeue.finishedAt.duration(to: time.timestamp), at: time.moment)
            }
            setAlarm()
            for await signal in signals {
                let due = Set(try await take(signal))
                if !due.isEmpty {
                    for requeue in try await requeues() where due.contains(requeue.drop.id) {
                        if await !putBack(requeue) { schedule.wait(requeue.drop.id, at: time.moment) }
                    }
                }
                setAlarm()
            }
        } catch {
            // Stopped: the ledger knows who waits.
        }
        alarm?.cancel()
    }

    private func take(_ signal: Signal) async throws -> [DropID] {
        switch signal {
        case .accepted: return schedule.succeed()
        case .alarm: return schedule.due(at: time.moment)
        case .goesOn:
            run = []
            return schedule.goOn()
        case .paused(let drops):
            run = try await patience.persist("read the ledger") { @Sendable [ledger] in
                try await ledger.withCompanions(drops)
            }
            schedule.pause()
            try await enlist(run)
        case .filed(let drop):
            // Whether it waits is in the ledger; a drop of the run is put there now.
            if run.contains(drop) {
                try await enlist([drop])
            } else if try await requeues().contains(where: { $0.drop.id == drop }) {
                schedule.wait(drop, at: time.moment)
            }
        }
        return []
    }

    private func enlist(_ drops: Set<DropID>) async throws {
        let waiting = try await patience.persist("write the ledger") { @Sendable [ledger] in
            try await ledger.requeueOnce(drops)
        }
        KillPoint.outageNoted.reach()
        for drop in waiting { schedule.wait(drop, at: time.moment) }
    }

    private func requeues() async throws -> [Requeue] {
        try await patience.persist("read the ledger") { @Sendable [ledger] in try await ledger.requeues() }
    }

    private func setAlarm() {
        alarm?.cancel()
        guard let next = schedule.next else { return }
        alarm = Task { [time, signal] in
            do {
                try await time.sleep(until: next)
                signal.yield(.alarm)
            } catch {
                // Another alarm was set.
            }
        }
    }
}
