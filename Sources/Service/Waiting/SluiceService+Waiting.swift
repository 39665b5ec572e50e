import Delivery
import FileSystem
import Inbox
import Ledger
import Model
import Synchronization

/// What drops and files wait for, as only the running service knows.
extension SluiceService {
    /// - Returns: `nil` for a drop that has come to its end.
    package func waitsFor(_ entry: DropEntry) async -> WaitsFor? {
        let drop = entry.drop
        let state = monitor.current
        if entry.outcome != nil {
            guard !entry.isFiled else { return nil }
            let fault = state.faults.sorted { $0.key < $1.key }.first
            let words = fault.map { ", but the service cannot \($0.key): \($0.value)" } ?? ""
            return WaitsFor(.filing, "Its outcome stands, and it is on its way to its folder\(words).")
        }
        let delivery = await desk.delivery
        let stage = await delivery?.stage(of: drop.id)
        if let stage, let delivery, stage == .answer || stage == .processing {
            return await waitsFor(stage, delivery, state)
        }
        if let pause = WaitsFor.pause(of: drop.inbox, pauses: state.pauses, toDecide: state.toDecide) { return pause }
        guard let pipeline = await supervisor.pipeline(drop.inbox) else {
            let trouble = state.inboxTroubles[drop.inbox].map { ": \($0)" } ?? ""
            return WaitsFor(.service, "Its inbox is not at work\(trouble).")
        }
        if let wait = await pipeline.waitsFor(drop, name: { name(of: $0, in: drop.inbox) }) { return wait }
        if let stage, let delivery { return await waitsFor(stage, delivery, state) }
        if let trouble = state.inboxTroubles[drop.inbox] {
            return WaitsFor(.reading, "Its inbox is in trouble: \(trouble)")
        }
        return WaitsFor(.reading, "It is being read and checked, or waits for a place to be.")
    }

    /// What a file in an inbox waits for.
    ///
    /// - Parameter name: as it is shown to people.
    /// - Returns: `nil` where the inbox knows no such file, or ignores it.
    package func waitsFor(fileShownAs name: String, in inbox: String) async -> WaitsFor? {
        guard let pipeline = await supervisor.pipeline(inbox), let wait = await pipeline.folder.wait(ofShown: name)
        else {
            return nil
        }
        let state = monitor.current
        return WaitsFor.pause(of: inbox, pauses: state.pauses, toDecide: state.toDecide)
            ?? WaitsFor.file(wait, time.onTheWall)
    }

    private func waitsFor(
        _ stage: SubmissionStage, _ delivery: DeliveryService, _ state: ServiceMonitor.State
    ) async -> WaitsFor {
        WaitsFor.submission(
            stage, await delivery.gates, outageSince: state.outageSince, tokenTrouble: state.tokenTrouble,
            time.onTheWall)
    }

    /// A drop's name, for those of the same inbox.
    private func name(of drop: DropID, in inbox: String) -> FileName? {
        guard let entry = try? reader.drop(drop), entry.drop.inbox == inbox else { return nil }
        return entry.drop.name
    }
}

extension TimeSource {
    /// When a moment is on the wall, by its clock as it stands.
    var onTheWall: (Moment) -> Timestamp {
        let (now, wall) = (moment, timestamp)
        return { wall + ($0 - now) }
    }
}

extension InboxPipeline {
    /// What a drop waits for without its place; `nil`: it has one, or wants one.
    func waitsFor(_ drop: Drop, name: (DropID) -> FileName?) async -> WaitsFor? {
        guard let wait = waits.withLock({ $0[drop.id] }) else {
            guard await parts.joiner.holds(drop.id) else { return nil }
            return WaitsFor(.rate, "It shares a request with other documents, for more wait than the rate can carry.")
        }
        switch wait {
        case .nothing, .resumption, .processing: return nil
        case .file:
            return WaitsFor(.reading, "Its file cannot be read, as the log says; it is tried again every second.")
        case .drop(let other): return .turn(behind: other, name: name(other), isSameContent: true)
        case .account:
            return .account(until: waitEnds.withLock { $0[drop.id] }.map(parts.time.onTheWall))
        case .turn:
            guard let standing = await parts.order.standing(of: drop.id) else { return nil }
            if let other = standing.undecided.first { return .turn(behind: other, name: name(other)) }
            if let other = standing.first { return .strictTurn(behind: other, name: name(other)) }
            guard let last = standing.settling.last else { return nil }
            return .orderWait(behind: last.drop, name: name(last.drop), until: parts.time.onTheWall(last.until))
        }
    }
}
