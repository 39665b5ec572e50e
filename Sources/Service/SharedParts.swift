import Ledger
import Model

/// What all inboxes of a service have in common.
struct SharedParts: Sendable {
    let ledger: Ledger
    let submitter: Submitter
    let announcements: Announcements
    let order: OrderKeeper
    let requeuer: Requeuer
    let memory: MemoryBudget
    let patience: Patience
    let time: any TimeSource
    let report: @Sendable (ServiceEvent) -> Void
}
