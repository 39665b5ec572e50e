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
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
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
    func enter(_ ticket: Ticket) async {
        if line.withLock({ ticket.number <= $0.open }) { return }
        await withCheckedContinuation { continuation in
            let isOpen = line.withLock { line in
                if ticket.number > line.open { line.waiting[ticket.number] = continuation }
                return ticket.number <= line.open
            }
            if isOpen { continuation.resume() }
        }
    }

    /// Leaving again changes nothing.
    func leave(_ ticket: Ticket) {
        let next = line.withLock { line in
            guard ticket.number >= line.open else { return nil as CheckedContinuation<Void, Never>? }
            line.left.insert(ticket.number)
            while line.left.remove(line.open) != nil { line.open += 1 }
            return line.waiting.removeValue(forKey: line.open)
        }
        next?.resume()
    }
}
