import Dispatch
import Synchronization

/// One value after the other, each of them made on another thread while the one before it is used.
///
/// Whoever asks for a value that no thread has begun with makes it himself, so that nobody waits for a thread.
final class Ahead<Value: Sendable>: Sendable {
    private let make: @Sendable () throws -> Value?
    private let next: Mutex<Job>

    /// - Parameter make: the next value, or `nil` behind the last one. Never called again before it has returned, nor
    ///   after it gave `nil` or threw.
    init(_ make: @escaping @Sendable () throws -> Value?) {
        self.make = make
        next = Mutex(Job(make))
    }

    /// - Throws: what making it threw.
    func take() throws -> Value? {
        let value = try next.withLock { $0 }.result.get()
        guard value != nil else { return nil }
        let job = Job(make)
        next.withLock { $0 = job }
        queue.async { job.begin() }
        return value
    }

    /// Nobody wants more: returns when nothing is being made any more.
    func stop() {
        next.withLock { $0 }.forget()
    }

    /// The making of one value.
    private final class Job: Sendable {
        private enum State {
            case waiting
            case begun
            case made(Result<Value?, any Error>)
        }

        private let make: @Sendable () throws -> Value?
        private let state = Mutex(State.waiting)
        private let isMade = DispatchSemaphore(value: 0)

        init(_ make: @escaping @Sendable () throws -> Value?) {
            self.make = make
        }

        /// Does nothing where somebody else has begun.
        func begin() {
            guard claim() else { return }
            let result = Result { try make() }
            state.withLock { $0 = .made(result) }
            isMade.signal()
        }

        var result: Result<Value?, any Error> {
            begin()
            waitUntilMade()
            guard case .made(let result) = state.withLock({ $0 }) else { preconditionFailure("it is made") }
            return result
        }

        func forget() {
            if !claim() { waitUntilMade() }
        }

        private func waitUntilMade() {
            isMade.wait()
            // For whoever asks next.
            isMade.signal()
        }

        private func claim() -> Bool {
            state.withLock { state in
                guard case .waiting = state else { return false }
                state = .begun
                return true
            }
        }
    }
}

private let queue = DispatchQueue(label: "sluice.ahead", attributes: .concurrent)
