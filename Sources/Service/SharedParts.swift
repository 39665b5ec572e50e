import Delivery
import Inbox
import Ledger
import Model
import SystemPackage

/// What all inboxes of a service have in common.
struct SharedParts: Sendable {
    let ledger: Ledger
    /// Which inboxes are this service's.
    let claims: InboxClaims
    let submitter: Submitter
    /// For documents that share a request.
    let joiner: Joiner
    let announcements: Announcements
    let order: OrderKeeper
    let movement: Movement
    let requeuer: Requeuer
    let memory: MemoryBudget
    /// The folder for converted records that cannot be held.
    let spools: FilePath
    let patience: Patience
    let time: any TimeSource
    let alarms: Alarms
    /// What an admin paused.
    let pauses: PauseGate
    /// Where the claimed drops of each inbox lie, by its name.
    let workFolders: @Sendable () async -> [String: Set<FilePath>]
    let report: @Sendable (ServiceEvent) -> Void
}
