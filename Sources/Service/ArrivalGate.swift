/// Lets the drops of an inbox through one by one in the order in which they arrived, however long each took to read:
/// a reference is decided only after every earlier drop (contract, section 5).
actor ArrivalGate {
    struct Ticket: Sendable, Hashable {
        fileprivate let number: Int
    }

    private var issued = 0
    private var open = 0
    private var left: Set<Int> = []
    private var waiting: [Int: CheckedContinuation<Void, Never>] = [:]

    /// The next place in the order. Whoever has it must ``leave(_:)``, whatever becomes of the drop.
    func ticket() -> Ticket {
        defer { issued += 1 }
        return Ticket(number: issued)
    }

    /// Waits until every earlier ticket has left. Whoever has left comes in again at once.
    func enter(_ ticket: Ticket) async {
        if ticket.number <= open { return }
        await withCheckedContinuation { waiting[ticket.number] = $0 }
    }

    /// Leaving again changes nothing.
    func leave(_ ticket: Ticket) {
        guard ticket.number >= open else { return }
        left.insert(ticket.number)
        while left.remove(open) != nil { open += 1 }
        waiting.removeValue(forKey: open)?.resume()
    }
}
