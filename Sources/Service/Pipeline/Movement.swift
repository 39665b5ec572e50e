import Synchronization

/// Whether anything of a run can still go on by itself. What waits for other drops' outcomes waits in vain once everything
/// else has come to its end or was left to a later run.
final class Movement: Sendable {
    private struct Count {
        /// Drops on their way, and room for those that are still taken; at first, the start itself.
        var moving = 1
        /// Drops that wait for what becomes of others.
        var resting = 0
    }

    private let count = Mutex(Count())
    private let still = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// So many more may go on.
    func begin(_ number: Int) {
        count.withLock { $0.moving += number }
    }

    /// So many have come to their end, or never began.
    func end(_ number: Int = 1) {
        change { $0.moving -= number }
    }

    /// A drop waits for what becomes of another.
    func rest() {
        change {
            $0.moving -= 1
            $0.resting += 1
        }
    }

    /// A drop waits no more. To be told before whoever let it go comes to his end.
    func goOn() {
        change {
            $0.moving += 1
            $0.resting -= 1
        }
    }

    /// Returns when all that is left waits in vain, or the task is cancelled.
    func standsStill() async {
        for await _ in still.stream { return }
    }

    private func change(_ body: (inout Count) -> Void) {
        let standsStill = count.withLock { count in
            body(&count)
            return count.moving == 0 && count.resting > 0
        }
        if standsStill { still.continuation.yield() }
    }
}
