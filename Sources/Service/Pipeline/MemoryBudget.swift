/// Bounds the bytes of documents held at once (contract, promise 6). Inboxes take turns; in each, first come, first
/// served.
actor MemoryBudget {
    private struct Waiter {
        let id: Int
        let bytes: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// What can be held at all.
    nonisolated let limit: Int
    private(set) var held = 0
    /// Those who wait, by inbox, the next inbox first.
    private var lanes: [(name: String, waiters: [Waiter])] = []
    private var nextID = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// How many wait.
    var waiting: Int { lanes.reduce(0) { $0 + $1.waiters.count } }

    /// Waits until `bytes` may be held.
    ///
    /// - Parameter bytes: no more than ``limit``.
    /// - Throws: `CancellationError`; nothing is held then.
    func take(_ bytes: Int, lane: String) async throws {
        try Task.checkCancellation()
        if lanes.isEmpty && held + bytes <= limit {
            held += bytes
            return
        }
        nextID += 1
        let id = nextID
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                let waiter = Waiter(id: id, bytes: bytes, continuation: continuation)
                if let index = lanes.firstIndex(where: { $0.name == lane }) {
                    lanes[index].waiters.append(waiter)
                } else {
                    lanes.append((lane, [waiter]))
                }
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            Task { await self.cancel(id) }
        }
    }

    func giveBack(_ bytes: Int) {
        held -= bytes
        admit()
    }

    private func cancel(_ id: Int) {
        for lane in lanes.indices {
            guard let index = lanes[lane].waiters.firstIndex(where: { $0.id == id }) else { continue }
            let waiter = lanes[lane].waiters.remove(at: index)
            if lanes[lane].waiters.isEmpty { lanes.remove(at: lane) }
            waiter.continuation.resume(throwing: CancellationError())
            return admit()
        }
    }

    /// The next in turn goes first, even where a smaller one behind it would fit: nobody is passed over for ever.
    private func admit() {
        while let next = lanes.first?.waiters.first, held + next.bytes <= limit {
            held += next.bytes
            var lane = lanes.removeFirst()
            lane.waiters.removeFirst()
            if !lane.waiters.isEmpty { lanes.append(lane) }
            next.continuation.resume()
        }
    }
}
