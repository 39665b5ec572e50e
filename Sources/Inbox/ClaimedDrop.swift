import FileSystem
import Model
import SystemPackage

/// A file that was taken out of its inbox by one rename and now lies in `.work`.
package struct ClaimedDrop: Sendable {
    package let name: FileName
    package let workName: WorkName
    /// As it is in `.work`.
    package let status: FileStatus
    /// The number that the file had in the inbox; `nil`: it was claimed by an earlier run.
    package let inode: UInt64?
    package let condition: Settling.Condition
    /// When it was claimed.
    package let claimedAt: Timestamp
    /// When it became whole in the inbox, however long it lay there.
    package let arrivedAt: Timestamp
    /// Since when it had been quiet in the inbox, so that it can go back and wait for the rest of `partialGrace`.
    package let quietSince: Timestamp
}

extension ClaimedDrop {
    /// A file that an earlier run of the service claimed and did not come to judge: its change time is that of the
    /// rename that claimed it.
    package init(leftBehind workName: WorkName, _ status: FileStatus) {
        self.init(
            name: workName.name, workName: workName, status: status, inode: nil,
            condition: status.isPlain ? .whole : .notRegular,
            claimedAt: status.changedAt, arrivedAt: status.changedAt, quietSince: status.changedAt)
    }
}

/// What an inbox has to say to whoever looks after it.
package enum InboxEvent: Sendable {
    /// The inbox or its work folder cannot be used; it is tried again by itself.
    case unavailable(SystemCallError)
    /// Its folders are not as they have to be, in plain words; it is looked at again by itself.
    case unsuitable(String)
    /// It can be used again.
    case available
    /// A file cannot be claimed, or with `once` a claimed one not be read, for a reason that lies with this machine; it stays
    /// and is tried again.
    case cannotClaim(FileName, SystemCallError)
    /// What could not be claimed was claimed, is gone, or is waited for no more.
    case claimsAgain(FileName)
    /// A marker or an old result cannot be removed from the inbox, or an unfinished document not go back there: it stays
    /// where it is, and nothing waits for it.
    case stays(FileName, SystemCallError)
    /// A folder lies in the inbox; it is left alone.
    case folderLeftAlone(FileName)
    /// `watch: auto` chose polling, for other hosts may write to this file system.
    case polled(FileSystemType)
    /// The kernel does not tell of this inbox (its limit of watches, for one); it is polled.
    case notWatched(Errno)
    /// Something about its folders that works, and is worth knowing.
    case remark(String)
}
