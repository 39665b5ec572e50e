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
    case delivery(DeliveryEvent)
    /// A drop is where it belongs, and its result beside it.
    case filed(DropResult, at: FilePath)
    /// An unfinished document went back into its inbox.
    case wentBack(inbox: String, FileName)
    /// An attachment waits for its account.
    case waitsForAccount(inbox: String, DropID)
    /// A document that others waited for is taken for processed: `orderWait` is over, and the API said nothing.
    case takenForProcessed(DropID)
    /// Something of this machine is in the way; it is tried again by itself.
    case fault(work: String, message: String)
    case faultOver(work: String)
    /// The ledger knows a drop in `.work` that is not there.
    case missing(Drop)
}
