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

extension SharedParts {
    /// Documents of one inbox that were taken and are not filed, those that wait for others included; the rest wait in the
    /// folder. Where they share requests, there are enough for one to be filled while another is under way.
    var horizon: Int { max(4096, 2 * (joiner.limits?.records ?? 0)) }
}
