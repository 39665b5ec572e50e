/// Does a thing once for all who want it at the same time.
actor SingleFlight<Key: Hashable & Sendable, Value: Sendable> {
    /// Told `nil`, a waiter has to see for itself.
    private(set) var waiting: [Key: [Int: CheckedContinuation<Value?, any Error>]] = [:]
    private var next = 0

    /// Runs `work`, or waits for the answer of the one who does.
    ///
    /// - Throws: what `work` throws, to all; `CancellationError` only to one whose own task is cancelled.
    func run(_ key: Key, _ work: () async throws -> Value) async throws -> Value {
        while waiting[key] != nil {
            if let value = try await wait(for: key) { return value }
        }
        waiting[key] = [:]
        do {
            let value = try await work()
            for waiter in waiting.removeValue(forKey: key) ?? [:] { waiter.value.resume(returning: value) }
            return value
        } catch is CancellationError {
            for waiter in waiting.removeValue(forKey: key) ?? [:] { waiter.value.resume(returning: nil) }
            throw CancellationError()
        } catch {
            for waiter in waiting.removeValue(forKey: key) ?? [:] { waiter.value.resume(throwing: error) }
            throw error
        }
    }

    private func wait(for key: Key) async throws -> Value? {
        next += 1
        let id = next
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
                waiting[key]?[id] = continuation
            }
        } onCancel: {
            Task { await self.cancel(key, id) }
        }
    }

    private func cancel(_ key: Key, _ id: Int) {
        waiting[key]?.removeValue(forKey: id)?.resume(throwing: CancellationError())
    }
}
