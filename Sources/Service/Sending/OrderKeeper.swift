import Delivery
import Model

/// Lets drops go when it is their turn: ``DropOrder`` decides, this waits.
actor OrderKeeper {
    enum Step: Sendable, Hashable {
        /// To be told what it is.
        case decision
        /// To be sent.
        case leaving
    }

    private struct Waiter {
        let id: Int
        let step: Step
        let continuation: CheckedContinuation<Void, any Error>
    }

    private var order = DropOrder()
    private var waiting: [DropID: Waiter] = [:]
    private var nextID = 0
    private var alarm: (moment: Moment, task: Task<Void, Never>)?
    /// Who asks the API about a drop that others wait for.
    private var watches: [DropID: Task<Void, Never>] = [:]
    private let time: any TimeSource
    private let movement: Movement
    /// Says whether the API processed a document, as soon as it says so; `false`: it never will.
    private let isProcessed: @Sendable (DropID) async throws -> Bool
    /// Told of drops that others waited for, and that were taken for processed without a word from the API.
    private let report: @Sendable (DropID) -> Void

    init(
        time: any TimeSource, movement: Movement, isProcessed: @escaping @Sendable (DropID) async throws -> Bool,
        report: @escaping @Sendable (DropID) -> Void
    ) {
        self.time = time
        self.movement = movement
        self.isProcessed = isProcessed
        self.report = report
    }

    func enlist(_ place: DropOrder.Place) {
        settleByNow()
        order.enlist(place)
    }

    /// An accepted document of an earlier run that may not be processed.
    func restore(_ place: DropOrder.Place, settlesIn duration: Duration) {
        order.restore(place, settlesAt: time.moment + duration)
    }

    /// - Returns: `false` where it is not its turn to be decided.
    func take(_ drop: DropID) -> Bool { order.take(drop) }

    func mayLeave(_ drop: DropID) -> Bool {
        settleByNow()
        return order.mayLeave(drop)
    }

    // What this is about says ``DropOrder``.

    func depart(_ drop: DropID) -> Bool { order.depart(drop) }

    func follow(_ joint: Int64, _ drop: DropID) -> Bool? {
        settleByNow()
        return order.follow(joint, drop)
    }

    func begin(repeating joint: Int64, by drop: DropID, about keys: IdentityKeys) {
        order.begin(repeating: joint, by: drop, about: keys)
    }

    func end(repeating joint: Int64) { wake(order.end(repeating: joint)) }

    /// Waits until it is a drop's turn.
    ///
    /// - Throws: `CancellationError`.
    func wait(for step: Step, _ drop: DropID) async throws {
        nextID += 1
        let id = nextID
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
                if isItsTurn(drop, step) { return continuation.resume() }
                waiting[drop] = Waiter(id: id, step: step, continuation: continuation)
                switch step {
                case .decision: movement.rest()
                case .leaving: watch(order.settling(before: drop))
                }
                setAlarm()
            }
        } onCancel: {
            Task { await self.cancel(drop, id) }
        }
    }

    /// What stands before a drop; `nil`: it is not in the row.
    func standing(of drop: DropID) -> DropOrder.Standing? {
        settleByNow()
        return order.standing(of: drop)
    }

    /// With `strict`, those behind an early attachment go before it.
    func stepAside(_ drop: DropID) { wake(order.stepAside(drop)) }

    /// A drop's outcome stands.
    ///
    /// - Parameter duration: how long an accepted document holds back others for the API to process it; `nil`: it holds
    ///   nobody back.
    func conclude(_ drop: DropID, settlesIn duration: Duration?) {
        wake(order.conclude(drop, settlesAt: duration.map { time.moment + $0 }))
        setAlarm()
    }

    /// Nobody works on an inbox's drops any more. What the ledger knows is enlisted again when somebody does.
    func leave(inbox: String) { order.leave(inbox: inbox) }

    // MARK: The API's word

    private func watch(_ drops: Set<DropID>) {
        for drop in drops where watches[drop] == nil {
            watches[drop] = Task {
                do {
                    if try await self.isProcessed(drop) { self.settle(drop) }
                } catch {
                    // Nobody waits any more.
                }
            }
        }
    }

    private func settle(_ drop: DropID) {
        watches[drop] = nil
        wake(order.settle(drop))
    }

    /// A document of whatever inbox that has to be concluded before a drop can be a duplicate.
    func rival(of drop: DropID) -> DropID? { order.rivals(of: drop).first }

    private func wake(_ drops: [DropID]) {
        for drop in drops + drops.flatMap({ order.followers(of: $0) }) {
            guard let waiter = waiting[drop] else { continue }
            if isItsTurn(drop, waiter.step) {
                letGo(drop, .success(()))
            } else if waiter.step == .leaving {
                // What it waited for may be concluded, and not processed.
                watch(order.settling(before: drop))
            }
        }
    }

    private func isItsTurn(_ drop: DropID, _ step: Step) -> Bool {
        step == .decision ? order.take(drop) : order.mayLeave(drop)
    }

    private func letGo(_ drop: DropID, _ result: Result<Void, any Error>) {
        guard let waiter = waiting.removeValue(forKey: drop) else { return }
        // Who may leave waits for no more than time.
        if waiter.step == .decision { movement.goOn() }
        waiter.continuation.resume(with: result)
    }

    private func cancel(_ drop: DropID, _ id: Int) {
        guard waiting[drop]?.id == id else { return }
        letGo(drop, .failure(CancellationError()))
        if waiting.isEmpty { rest() }
    }

    /// Nobody waits any more.
    private func rest() {
        for watch in watches.values { watch.cancel() }
        watches = [:]
        alarm?.task.cancel()
        alarm = nil
    }

    // MARK: Time

    private func settleByNow() {
        let (settled, changed) = order.settle(until: time.moment)
        for drop in settled {
            watches.removeValue(forKey: drop)?.cancel()
            report(drop)
        }
        wake(changed)
    }

    /// One alarm at a time, and none where nobody waits.
    private func setAlarm() {
        guard !waiting.isEmpty, let next = order.nextSettling else { return }
        if let alarm, alarm.moment <= next { return }
        alarm?.task.cancel()
        let task = Task { [time] in
            do {
                try await time.sleep(until: next)
                self.ring()
            } catch {
                // Another alarm took its place, or the service stops.
            }
        }
        alarm = (next, task)
    }

    private func ring() {
        alarm = nil
        settleByNow()
        setAlarm()
    }
}
