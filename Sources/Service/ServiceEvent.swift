import Delivery
import Inbox
import Model
import SluiceConfiguration
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
    /// A drop came to an inbox, and is in `.work`.
    case arrived(Drop)
    /// Nothing came to an inbox by the time of the day when something should have; `last`: when the last drop did.
    case nothingCame(inbox: String, by: Configuration.Inbox.Expectation, last: Timestamp?)
    /// Nothing has to come to an inbox any more.
    case nothingExpected(inbox: String)
    /// A drop is where it belongs, and its result beside it.
    case filed(DropResult, at: FilePath)
    /// A part of a drop's way took so long.
    case measured(Tallies.Stage, Duration)
    /// A failed drop is on its way again, by itself.
    case putBack(Drop)
    /// The ledger does not know everything, or may not: everything is paused until an admin has decided, in words.
    case ledgerNeedsDecision(String)
    /// An admin paused the inboxes, or let them go on; all of them where the name is empty.
    case paused(Set<String>)
    /// The API did not say in time that it processed a batch; 2xx is all there is.
    case unconfirmed(inbox: String, DropID, reference: String, reason: String)
    case alert(AlertChange)
    /// A recipient was told of an alert.
    case alertTold(recipient: String, Configuration.Alert.Event, attempts: Int)
    /// A recipient could not be told, and is tried again.
    case alertDelayed(recipient: String, Configuration.Alert.Event, reason: String)
    /// A recipient will never be told of it.
    case alertLost(recipient: String, Configuration.Alert.Event, reason: String)
    /// A recipient was not told of so many, for the service stopped.
    case alertsNotTold(recipient: String, count: Int)
    /// An unfinished document went back into its inbox.
    case wentBack(inbox: String, FileName)
    /// Documents leave in one request.
    case share(inbox: String, reference: String, drops: Int, records: Int)
    /// An attachment waits for its account.
    case waitsForAccount(inbox: String, DropID)
    /// A document that others waited for is taken for processed: `orderWait` is over, and the API said nothing.
    case takenForProcessed(DropID)
    /// Something of this machine is in the way; it is tried again by itself.
    case fault(LocalFault)
    case faultOver(work: String)
    /// Filed drops could not be brought to the disk; the next start looks whether they are where they belong.
    case notOnDisk(inbox: String, message: String)
    /// So many drops were removed from a folder, for their time there is over.
    case removed(inbox: String, Folder, count: Int)
    /// A drop's time in its folder is over, and what has its name there is not what was filed: it is left alone.
    case notRemoved(Drop, at: FilePath, FileName, reason: String)
    /// Drops whose time is over cannot be removed now.
    case notRemoving(inbox: String, message: String)
    /// The ledger knows a drop in `.work` that is not there.
    case missing(Drop)
}
