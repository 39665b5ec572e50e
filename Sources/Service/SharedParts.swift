import Inbox
import Ledger
import Model

/// What all inboxes of a service have in common.
struct SharedParts: Sendable {
    let ledger: Ledger
    let submitter: Submitter
    let announcements: Announcements
    let memory: MemoryBudget
    let patience: Patience
    let time: any TimeSource
    let alarms: Alarms
    /// Whether there is an inbox of this name.
    let isInbox: @Sendable (String) async -> Bool
    let report: @Sendable (ServiceEvent) -> Void
}
