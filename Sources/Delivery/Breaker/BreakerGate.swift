import Model

/// Where drops wait while submission pauses, and whence one at a time goes to find out whether the pause is over.
package actor BreakerGate {
    /// With what leave a request may be made.
    package enum Pass: Sendable, Hashable {
        case ordinary, probe
    }

    private var breaker: Breaker
    private let waits: Bool
    /// Whether an admin holds everybody.
    private let isHeld: @Sendable () async -> Bool
    private let time: any TimeSource
    private let report: @Sendable (Breaker.Change) -> Void
    private var waiting: [DropID: CheckedContinuation<Void, Never>] = [:]
    /// Those who send no batch and wait for the end of the pause alone.
    private var readers: [Int: CheckedContinuation<Void, Never>] = [:]
    private var nextReader = 0
    private var alarm: Task<Void, Never>?

    /// How long an admin's pause puts off the end of one that nobody is there to probe.
    private static let heldWait = Duration.seconds(30)

    /// - Parameters:
    ///   - waits: whether drops wait for a pause to end; else they stay for the next run of the service.
    ///   - isHeld: whether an admin holds everybody, so that nobody can be there to probe.
    package init(
        _ breaker: Breaker, waits: Bool = true, isHeld: @escaping @Sendable () async -> Bool = { false },
        time: any TimeSource,
        report: @escaping @Sendable (Breaker.Change) -> Void
    ) {
        self.breaker = breaker
        self.waits = waits
        self.isHeld = isHeld
        self.time = time
        self.report = report
    }

    /// Why submission pauses; `nil`: it does not.
    package var cause: Breaker.Cause? { breaker.cause }

    /// When the next probe may leave; `nil`: there is no pause, or a probe is under way.
    package var nextProbe: Moment? { breaker.nextProbe }

    /// Waits until the drop may send. A ``Pass/probe`` has to be brought back, by ``note(_:of:_:)``,
    /// ``withdraw(_:)`` or ``giveBack(_:)``.
    ///
    /// - Throws: `CancellationError`.
    package func enter(_ drop: DropID) async throws -> Pass {
        while true {
            if Task.isCancelled || (!waits && breaker.cause != nil) {
                breaker.leave(drop)
                wakeNext()
                throw CancellationError()
            }
            switch breaker.enter(drop, at: time.moment) {
            case .go: return .ordinary
            case .probe: return .probe
            case .wait(let until):
                if let until { setAlarm(until) }
                await wait(drop)
            }
        }
    }

    /// Waits until there is no pause, for a request that is no batch's: it finds out nothing.
    ///
    /// - Throws: `CancellationError`.
    package func waitForEnd() async throws {
        while breaker.cause != nil {
            if Task.isCancelled || !waits { throw CancellationError() }
            nextReader += 1
            let id = nextReader
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    readers[id] = continuation
                    if Task.isCancelled { wakeReader(id) }
                }
            } onCancel: {
                Task { await self.wakeReader(id) }
            }
        }
    }

    /// Whether a request that has everything else may still leave.
    package func admits(_ pass: Pass) -> Bool { pass == .probe || breaker.cause == nil }

    /// An answer came.
    ///
    /// - Returns: whether submission pauses now.
    package func note(_ sign: Breaker.Sign, of drop: DropID, _ pass: Pass) -> Bool {
        let change = breaker.note(sign, of: drop, isProbe: pass == .probe, at: time.moment)
        if let change { report(change) }
        if breaker.cause == nil { wakeAll() } else { wakeNext() }
        return breaker.cause != nil
    }

    /// The request never left.
    package func withdraw(_ pass: Pass) {
        guard pass == .probe else { return }
        breaker.withdrawProbe(at: time.moment)
        wakeNext()
    }

    /// The request was cut off.
    package func giveBack(_ pass: Pass) {
        guard pass == .probe else { return }
        breaker.endProbe(at: time.moment)
        wakeNext()
    }

    private func wait(_ drop: DropID) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                waiting[drop] = continuation
                if Task.isCancelled { wake(drop) }
            }
        } onCancel: {
            Task { await self.wake(drop) }
        }
    }

    private func setAlarm(_ moment: Moment) {
        alarm?.cancel()
        alarm = Task { [time] in
            // It ends early only where the pause is over, and then everybody is awake, or for another alarm.
            guard (try? await time.sleep(until: moment)) != nil else { return }
            await self.ring()
        }
    }

    private func ring() async {
        if breaker.nextInTurn == nil, await isHeld() { return setAlarm(time.moment + BreakerGate.heldWait) }
        guard let change = breaker.endIfDeserted(at: time.moment) else { return wakeNext() }
        report(change)
        wakeAll()
    }

    private func wake(_ drop: DropID) {
        waiting.removeValue(forKey: drop)?.resume()
    }

    private func wakeReader(_ id: Int) {
        readers.removeValue(forKey: id)?.resume()
    }

    /// The first in the row sees whether it may go; where there is none, the pause ends at the time of the next probe.
    private func wakeNext() {
        if let next = breaker.nextInTurn {
            wake(next)
        } else if waits, let end = breaker.nextProbe {
            setAlarm(end)
        }
    }

    private func wakeAll() {
        alarm?.cancel()
        let woken = Array(waiting.values) + Array(readers.values)
        waiting = [:]
        readers = [:]
        for continuation in woken { continuation.resume() }
    }
}
