import Model

/// A number of places that lanes take in turns: however many wait in one lane, a newcomer in another is next but
/// for those of the other lanes.
package actor Turnstile {
    private struct Waiter {
        let id: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    private var places: Int
    /// Below zero while more are taken than there are by now.
    private var free: Int
    /// The lanes in which somebody waits, the next one first.
    private var lanes: [(name: String, waiters: [Waiter])] = []
    private var nextID = 0

    package init(places: Int) {
        self.places = places
        free = places
    }

    /// How many stand in all lanes.
    package var waiting: Int { lanes.reduce(0) { $0 + $1.waiters.count } }

    /// Waits for a place.
    ///
    /// - Throws: `CancellationError`; no place is taken then.
    package func enter(lane: String) async throws {
        try Task.checkCancellation()
        if free > 0 {
            free -= 1
            return
        }
        nextID += 1
        let id = nextID
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let waiter = Waiter(id: id, continuation: continuation)
                if let index = lanes.firstIndex(where: { $0.name == lane }) {
                    lanes[index].waiters.append(waiter)
                } else {
                    lanes.append((lane, [waiter]))
                }
                // A cancellation that came before the waiter stood in its lane found nobody to wake.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            Task { await self.cancel(id) }
        }
    }

    /// Gives a place back: to the first of the next lane, if somebody waits.
    package func leave() {
        guard free >= 0, !lanes.isEmpty else {
            free += 1
            return
        }
        admitFirst()
    }

    /// Does something in a place.
    ///
    /// - Throws: `CancellationError`, and what `body` throws.
    package func withPlace<Value>(
        lane: String, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
    ) async throws -> Value {
        try await enter(lane: lane)
        do {
            let value = try await body()
            await leave()
            return value
        } catch {
            await leave()
            throw error
        }
    }

    /// Makes the number of places another. Who has one keeps it.
    package func change(places new: Int) {
        free += new - places
        places = new
        while free > 0 && !lanes.isEmpty {
            free -= 1
            admitFirst()
        }
    }

    private func admitFirst() {
        var lane = lanes.removeFirst()
        let waiter = lane.waiters.removeFirst()
        if !lane.waiters.isEmpty { lanes.append(lane) }
        waiter.continuation.resume()
    }

    private func cancel(_ id: Int) {
        for lane in lanes.indices {
            guard let index = lanes[lane].waiters.firstIndex(where: { $0.id == id }) else { continue }
            let waiter = lanes[lane].waiters.remove(at: index)
            if lanes[lane].waiters.isEmpty { lanes.remove(at: lane) }
            waiter.continuation.resume(throwing: CancellationError())
            return
        }
    }
}
