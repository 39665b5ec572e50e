import Delivery
import Synchronization

/// What a drop holds of its inbox and of the memory budget while it is worked on.
final class Berth: Sendable {
    /// Its place in the order of arrival.
    let ticket: ArrivalGate.Ticket
    /// Bytes of the memory budget.
    let held: Int
    /// Whether it is one of those that are worked on at the same time.
    let hasPlace = Atomic(true)
    /// Whether others went before it, for its file could not be read.
    let isLate = Atomic(false)
    /// What the API said last of what it accepted, by references.
    let said = Mutex<[String: Confirmation]>([:])

    init(ticket: ArrivalGate.Ticket, held: Int) {
        self.ticket = ticket
        self.held = held
    }
}
