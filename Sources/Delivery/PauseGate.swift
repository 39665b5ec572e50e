import Model

/// Holds back what an admin has paused: all submission, or that of some inboxes.
package actor PauseGate {
    private var paused: Paused
    private let waits: Bool
    private var waiting: [Int: (inbox: String, continuation: CheckedContinuation<Void, Never>)] = [:]
    private var nextID = 0

    /// What is paused.
    package struct Paused: Sendable, Hashable {
        package var all: Bool
        package var inboxes: Set<String>

        package init(all: Bool = false, inboxes: Set<String> = []) {
            self.all = all
            self.inboxes = inboxes
        }

        package func holds(_ inbox: String) -> Bool { all || inboxes.contains(inbox) }
    }

    /// - Parameter waits: whether requests wait for a pause to end; else they stay for the next run of the service.
    package init(_ paused: Paused = Paused(), waits: Bool = true) {
        self.paused = paused
        self.waits = waits
    }

    package func set(_ paused: Paused) {
        self.paused = paused
        for (id, waiter) in waiting where !paused.holds(waiter.inbox) { wake(id) }
    }

    package func holds(_ inbox: String) -> Bool { paused.holds(inbox) }

    package var holdsAll: Bool { paused.all }

    /// Returns when the inbox is not paused.
    ///
    /// - Throws: `CancellationError`.
    package func pass(_ inbox: String) async throws {
        while true {
            try Task.checkCancellation()
            guard paused.holds(inbox) else { return }
            guard waits else { throw CancellationError() }
            nextID += 1
            let id = nextID
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    waiting[id] = (inbox, continuation)
                    if Task.isCancelled { wake(id) }
                }
            } onCancel: {
                Task { await self.wake(id) }
            }
        }
    }

    private func wake(_ id: Int) {
        waiting.removeValue(forKey: id)?.continuation.resume()
    }
}
