import Synchronization

/// The ledger turned out to be damaged under a running service, which has to stop: what it reads is not what it wrote.
final class LedgerDamage: Sendable {
    private let found = Mutex<String?>(nil)
    private let signal = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// Why, in words; `nil`: it is sound as far as anybody knows.
    var words: String? { found.withLock { $0 } }

    func note(_ words: String) {
        found.withLock { $0 = $0 ?? words }
        signal.continuation.yield()
    }

    /// Returns when damage was found, or the task is cancelled.
    func happens() async {
        for await _ in signal.stream { return }
    }
}
