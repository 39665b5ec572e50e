import Dispatch
import GRDB
import Model
import Synchronization
import SystemPackage

/// Gathers writers that come while a transaction is on its way to the disk, and takes them along in the next one.
///
/// An idle ledger commits at once, a busy one in groups as large as the disk is slow, and one that writers come to in
/// numbers waits a moment for some more: a group touches hardly more pages than each of its writers alone. One that fails
/// takes nobody with it: the others of its group are written once more, each in a savepoint of its own.
final class GroupCommit: Sendable {
    private struct Writer: Sendable {
        /// Does the work and keeps its answer. May be called again after a rollback.
        let write: @Sendable (Database) throws -> Void
        /// Hands the answer over: the transaction is on disk, or failed with this error.
        let finish: @Sendable ((any Error)?) -> Void
    }

    private struct Queue {
        var waiting: [Writer] = []
        var isDraining = false
        /// Somebody waits for the group to be full.
        var isGathering = false
    }

    /// A group of so many shows that there are others on their way.
    private static let company = 4
    private static let full = 24
    private static let longestWait = DispatchTimeInterval.milliseconds(1)

    private let pool: DatabasePool
    private let queue = Mutex(Queue())
    private let isFull = DispatchSemaphore(value: 0)

    private var ledger: FilePath { FilePath(pool.path) }

    init(pool: DatabasePool) {
        self.pool = pool
    }

    /// - Parameter queued: called as soon as nobody who comes later is written before this.
    func run<Value: Sendable>(
        queued: @Sendable () -> Void = {}, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let answer = Answer<Value>()
            enqueue(
                Writer(
                    write: { database in
                        do {
                            answer.set(.success(try body(database)))
                        } catch {
                            let error = LedgerTrouble.named(error, self.ledger)
                            answer.set(.failure(error))
                            throw error
                        }
                    },
                    finish: { error in
                        continuation.resume(with: error.map { .failure($0) } ?? answer.value)
                    }))
            queued()
        }
    }

    private func enqueue(_ writer: Writer) {
        let mustDrain = queue.withLock { queue in
            queue.waiting.append(writer)
            if queue.isGathering, queue.waiting.count == GroupCommit.full {
                queue.isGathering = false
                isFull.signal()
            }
            defer { queue.isDraining = true }
            return !queue.isDraining
        }
        if mustDrain { pool.asyncWriteWithoutTransaction { self.drain($0) } }
    }

    /// Waits for a full group, for a moment.
    private func gather() {
        let isShort = queue.withLock { queue in
            queue.isGathering = queue.waiting.count < GroupCommit.full
            return queue.isGathering
        }
        guard isShort, isFull.wait(timeout: .now() + GroupCommit.longestWait) == .timedOut else { return }
        let wasFilled = queue.withLock { queue in
            defer { queue.isGathering = false }
            return !queue.isGathering
        }
        // In the last moment: its word is not for the next group.
        if wasFilled { isFull.wait() }
    }

    private func drain(_ database: Database) {
        var last = 0
        while true {
            if last >= GroupCommit.company { gather() }
            let group = queue.withLock { queue in
                defer { queue.waiting = [] }
                if queue.waiting.isEmpty { queue.isDraining = false }
                return queue.waiting
            }
            if group.isEmpty { return }
            last = group.count
            do {
                if try !writeTogether(group, database) { try writeApart(group, database) }
                KillPoint.transactionCommitted.reach()
                for writer in group { writer.finish(nil) }
            } catch {
                let error = LedgerTrouble.named(error, self.ledger)
                for writer in group { writer.finish(error) }
            }
        }
    }

    /// - Returns: `false` where a writer failed; nobody's work stands then.
    private func writeTogether(_ group: [Writer], _ database: Database) throws -> Bool {
        var isRefused = false
        try database.inTransaction(.immediate) {
            for writer in group {
                do {
                    try writer.write(database)
                } catch {
                    isRefused = true
                    return .rollback
                }
            }
            KillPoint.transactionOpen.reach()
            return .commit
        }
        return !isRefused
    }

    private func writeApart(_ group: [Writer], _ database: Database) throws {
        try database.inTransaction(.immediate) {
            for writer in group {
                do {
                    try database.inSavepoint {
                        try writer.write(database)
                        return .commit
                    }
                } catch {
                    // A full disk, for one, ends the whole transaction, and not only this writer's part of it.
                    if !database.isInsideTransaction { throw error }
                }
            }
            KillPoint.transactionOpen.reach()
            return .commit
        }
    }

    /// The answer of one writer between its savepoint and the commit.
    private final class Answer<Value: Sendable>: Sendable {
        private let slot = Mutex<Result<Value, any Error>?>(nil)

        func set(_ result: Result<Value, any Error>) {
            slot.withLock { $0 = result }
        }

        var value: Result<Value, any Error> {
            slot.withLock { $0 ?? .failure(CancellationError()) }
        }
    }
}
