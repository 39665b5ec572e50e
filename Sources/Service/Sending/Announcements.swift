import Model

/// Where one drop waits for what another becomes.
actor Announcements {
    private struct Waiter {
        let continuation: CheckedContinuation<Void, any Error>
        /// Nobody but the other drop can end the wait any more.
        var isResting = false
    }

    private let movement: Movement
    private var finals: [DropID: [Int: Waiter]] = [:]
    private var isFinal: @Sendable (DropID) async throws -> Bool
    /// Drops whose files are gone: nobody waits for them, though their outcomes do not stand.
    private var lost: Set<DropID> = []
    private var nextID = 0
    /// How often an account was accepted since somebody asked for it.
    private var accepted: [String: Int] = [:]
    private var interest: [String: Int] = [:]
    private var accounts: [String: [Int: CheckedContinuation<Void, any Error>]] = [:]

    /// - Parameter isFinal: what the ledger says, for a drop that ended before somebody asked.
    init(movement: Movement, isFinal: @escaping @Sendable (DropID) async throws -> Bool) {
        self.movement = movement
        self.isFinal = isFinal
    }

    /// A drop's outcome stands in the ledger.
    func announce(final drop: DropID) {
        for waiter in (finals.removeValue(forKey: drop) ?? [:]).values { letGo(waiter, .success(())) }
    }

    /// A drop's file is gone, and the ledger gave it up.
    func announce(lost drop: DropID) {
        lost.insert(drop)
        announce(final: drop)
    }

    /// Returns when a drop's outcome stands, or the drop is lost.
    ///
    /// - Throws: `CancellationError`, and what the ledger throws.
    func waitForFinal(_ drop: DropID) async throws {
        nextID += 1
        let id = nextID
        // Asked before the wait begins, and once more behind it, for an end may fall between the two.
        if try await isFinal(drop) || lost.contains(drop) { return }
        let check = Task {
            do {
                if try await isFinal(drop) { announce(final: drop) } else { rest(drop, id) }
            } catch {
                stopWaiting(for: drop, id, error)
            }
        }
        defer { check.cancel() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    finals[drop, default: [:]][id] = Waiter(continuation: continuation)
                }
            }
        } onCancel: {
            Task { await self.stopWaiting(for: drop, id, CancellationError()) }
        }
    }

    private func rest(_ drop: DropID, _ id: Int) {
        guard finals[drop]?[id] != nil else { return }
        finals[drop]?[id]?.isResting = true
        movement.rest()
    }

    private func stopWaiting(for drop: DropID, _ id: Int, _ error: any Error) {
        if let waiter = finals[drop]?.removeValue(forKey: id) { letGo(waiter, .failure(error)) }
    }

    private func letGo(_ waiter: Waiter, _ result: Result<Void, any Error>) {
        if waiter.isResting { movement.goOn() }
        waiter.continuation.resume(with: result)
    }

    /// The `clientReferenceId`s that attachments wait for or are being sent for.
    var wantedAccounts: Set<String> { Set(interest.keys) }

    /// From here on an acceptance of this account counts.
    ///
    /// - Returns: what ``waitForAccount(_:since:)`` wants back.
    func want(_ account: String) -> Int {
        interest[account, default: 0] += 1
        return accepted[account] ?? 0
    }

    func doNotWant(_ account: String) {
        guard let count = interest[account] else { return }
        interest[account] = count > 1 ? count - 1 : nil
        if count <= 1 { accepted[account] = nil }
    }

    /// A document about this account was accepted.
    func announce(account: String) {
        guard interest[account] != nil else { return }
        accepted[account, default: 0] += 1
        for continuation in (accounts.removeValue(forKey: account) ?? [:]).values { continuation.resume() }
    }

    /// Returns when the account was accepted after ``want(_:)`` gave `since`.
    ///
    /// - Throws: `CancellationError`.
    func waitForAccount(_ account: String, since: Int) async throws {
        if accepted[account] ?? 0 > since { return }
        nextID += 1
        let id = nextID
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    accounts[account, default: [:]][id] = continuation
                }
            }
        } onCancel: {
            Task { await self.cancelAccount(account, id) }
        }
    }

    private func cancelAccount(_ account: String, _ id: Int) {
        accounts[account]?.removeValue(forKey: id)?.resume(throwing: CancellationError())
    }
}
