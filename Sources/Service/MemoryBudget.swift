/// Bounds the bytes of documents held at once (contract, promise 6): first come, first served.
actor MemoryBudget {
    private struct Waiter {
        let id: Int
        let bytes: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// What can be held at all.
    nonisolated let limit: Int
    private var held = 0
    private var waiting: [Waiter] = []
    private var nextID = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// Waits until `bytes` may be held.
    ///
    /// - Parameter bytes: no more than ``limit``.
    /// - Throws: `CancellationError`; nothing is held then.
    func take(_ bytes: Int) async throws {
        try Task.checkCancellation()
        if waiting.isEmpty && held + bytes <= limit {
            held += bytes
            return
        }
        nextID += 1
        let id = nextID
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                waiting.append(Waiter(id: id, bytes: bytes, continuation: continuation))
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
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        waiting.remove(at: index).continuation.resume(throwing: CancellationError())
        admit()
    }

    private func admit() {
        while let first = waiting.first, held + first.bytes <= limit {
            held += first.bytes
            waiting.removeFirst()
            first.continuation.resume()
        }
    }
}
