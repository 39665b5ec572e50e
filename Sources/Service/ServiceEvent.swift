import Delivery
import Inbox
import Model
import SystemPackage

/// What a running service tells whoever watches it: the log, a demo, a test.
package enum ServiceEvent: Sendable {
    case started(inboxes: [String])
    case stopping
    case stopped
    case inbox(String, InboxEvent)
    /// A glob found another folder; it is an inbox now.
    case inboxFound(String, FilePath)
    /// An inbox was removed, from the configuration or its folder from the disk. Drops of it that have not come to
    /// their end wait in `.work` until there is such an inbox again.
    case inboxGone(String, unfinished: Int)
    case reloaded(Reload)
    /// The configuration was read again and is wrong, or cannot be used: nothing has changed.
    case notReloaded(problems: [String])
    case delivery(DeliveryEvent)
    /// A drop is where it belongs, and its result beside it.
    case filed(DropResult, at: FilePath)
    /// An unfinished document went back into its inbox.
    case wentBack(inbox: String, FileName)
    /// An attachment waits for its account.
    case waitsForAccount(inbox: String, DropID)
    /// Something of this machine is in the way; it is tried again by itself.
    case fault(work: String, message: String)
    case faultOver(work: String)
    /// The ledger knows a drop in `.work` that is not there.
    case missing(Drop)
}
