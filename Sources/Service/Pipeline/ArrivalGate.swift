import Synchronization

/// Lets the drops of an inbox through one by one in the order in which they arrived, however long each took to read:
/// a reference is decided only after every earlier drop (contract, section 5).
final class ArrivalGate: Sendable {
    struct Ticket: Sendable, Hashable {
        fileprivate let number: Int
    }

    private struct Line {
        var issued = 0
        var open = 0
        var left: Set<Int> = []
        /// Whoever came after it does not get through.
        var last = Int.max
        var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
    }

    private let line = Mutex(Line())

    /// The next place in the order. Whoever has it must ``leave(_:)``, whatever becomes of the drop.
    func ticket() -> Ticket {
        line.withLock { line in
            defer { line.issued += 1 }
            return Ticket(number: line.issued)
        }
    }

    /// Waits until every earlier ticket has left. Whoever has left comes in again at once.
    ///
    /// - Throws: `CancellationError` where the gate is closed before it.
    func enter(_ ticket: Ticket) async throws {
        if line.withLock({ ticket.number <= min($0.open, $0.last) }) { return }
        try await withCheckedThrowingContinuation { continuation in
            let (isOpen, isClosed) = line.withLock { line in
                let isClosed = ticket.number > line.last
                let isOpen = ticket.number <= line.open
                if !isOpen && !isClosed { line.waiting[ticket.number] = continuation }
                return (isOpen, isClosed)
            }
            if isClosed { continuation.resume(throwing: CancellationError()) } else if isOpen { continuation.resume() }
        }
    }

    /// Lets nobody through who came after a drop that has not left.
    func close(behind ticket: Ticket) {
        let late = line.withLock { line in
            line.last = min(line.last, ticket.number)
            let numbers = line.waiting.keys.filter { $0 > ticket.number }
            return numbers.compactMap { line.waiting.removeValue(forKey: $0) }
        }
        for continuation in late { continuation.resume(throwing: CancellationError()) }
    }

    /// Leaving again changes nothing.
    func leave(_ ticket: Ticket) {
        let next = line.withLock { line in
            guard ticket.number >= line.open else { return nil as CheckedContinuation<Void, any Error>? }
            line.left.insert(ticket.number)
            while line.left.remove(line.open) != nil { line.open += 1 }
            return line.waiting.removeValue(forKey: line.open)
        }
        next?.resume()
    }
}
