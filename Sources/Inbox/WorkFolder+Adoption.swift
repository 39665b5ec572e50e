import FileSystem
import Glibc
import Model
import SystemPackage

/// A claimed file of somebody else's becomes the service's own.
///
/// ```
/// .work/NAME, the sender's ──copy, fsync, verify──▶ .work/.copy-DROP ──it is judged──▶ .work/NAME, the original is gone
///                                                                  └──unfinished──▶ removed, the original goes back
/// ```
///
/// The copy is what is judged, for its sender, who may hold the file open, can change it no more. An upload that goes on,
/// or is resumed, needs the original. A stop in between leaves the original, and the next start clears the copy away.
extension WorkFolder {
    /// A copy beside its original, on disk and read back.
    package struct OwnCopy: Sendable {
        /// Its name in the original's folder.
        package let name: FileName
        /// Whether the original stayed as it was meanwhile: what was copied is what somebody wrote.
        package let isWhole: Bool
    }

    /// Makes a drop's copy. Doing it again makes it anew.
    ///
    /// - Parameter size: what the file had when it was claimed, and room was made for; another is not copied.
    /// - Returns: `nil` where it has another size.
    package func copy(
        _ name: WorkName, for drop: DropID, ofSize size: Int64? = nil
    ) throws(SystemCallError) -> OwnCopy? {
        let folder = try folder(of: name)
        let source = try OpenFile(reading: name.name, in: folder)
        let before = try source.status()
        if let size, before.size != size { return nil }
        let copy = WorkFolder.nameOfCopy(for: drop)
        try FileCopy.make(of: source, in: folder, as: copy, mode: 0o640)
        note(ClaimNote(drop: drop, claimed: before.changed), on: copy, in: folder)
        let isWhole = try before.isSameContent(as: source.status())
        KillPoint.ownCopyMade.reach()
        return OwnCopy(name: copy, isWhole: isWhole)
    }

    /// Puts a drop's copy, if there is one, in the place of its original, which goes.
    ///
    /// - Returns: `false` where the original has gone by itself; the copy has, too, then.
    package func placeCopy(of name: WorkName, for drop: DropID) throws(SystemCallError) -> Bool {
        let folder = try folder(of: name)
        let copy = WorkFolder.nameOfCopy(for: drop)
        guard try folder.status(of: name.name) != nil else {
            try removeCopy(of: name, for: drop)
            return false
        }
        if try folder.status(of: copy) == nil { return true }
        try folder.replace(name.name, with: copy)
        KillPoint.ownCopyPlaced.reach()
        return true
    }

    /// Removes a drop's copy, if there is one.
    package func removeCopy(of name: WorkName, for drop: DropID) throws(SystemCallError) {
        try folder(of: name).remove(WorkFolder.nameOfCopy(for: drop))
        KillPoint.ownCopyRemoved.reach()
        try clear(name)
    }

    /// Copies a claimed file and puts the copy in its place.
    ///
    /// - Returns: `false` where the file changed while it was copied.
    package func adopt(_ name: WorkName, for drop: DropID) throws(SystemCallError) -> Bool {
        guard let copy = try copy(name, for: drop) else { return false }
        return try placeCopy(of: name, for: drop) && copy.isWhole
    }

    /// Whether a copy has taken the place of the file that was claimed with this status.
    package func hasCopy(of name: WorkName, claimedAs status: FileStatus) throws(SystemCallError) -> Bool {
        guard let present = try folder(of: name).status(of: name.name) else { return false }
        return present.inode != status.inode && present.owner == geteuid()
    }

    /// A dot keeps it apart from drops, which never begin with one.
    private static func nameOfCopy(for drop: DropID) -> FileName {
        FileName(bytes: copyPrefix + Array(drop.text.utf8))
    }
}

/// When a file was claimed whose copy lies in `.work`, for a copy looks as young as its making: an extended attribute of the
/// copy. Of many that are copied side by side the last one may be done first.
package struct ClaimNote: Sendable, Hashable {
    /// Whose copy it is. One that was filed and comes back in another drop keeps its attribute, which means nothing then.
    package let drop: DropID
    /// The original's change time, which its claim set: nanoseconds since 1970.
    package let claimed: Int64

    fileprivate static let attribute = "user.sluice.claimed"

    fileprivate init(drop: DropID, claimed: Int64) {
        (self.drop, self.claimed) = (drop, claimed)
    }

    fileprivate init?(_ bytes: [UInt8]) {
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard words.count == 2, let claimed = Int64(words[1]) else { return nil }
        self.init(drop: DropID(text: String(words[0])), claimed: claimed)
    }

    fileprivate var bytes: [UInt8] { Array("\(drop) \(claimed)".utf8) }
}

extension WorkFolder {
    /// Where there are no attributes, a stop loses the order of claims and nothing else.
    private func note(_ note: ClaimNote, on copy: FileName, in folder: Directory) {
        _ = try? OpenFile(reading: copy, in: folder).setAttribute(ClaimNote.attribute, note.bytes)
    }

    /// What was noted on a copy that lies here; `nil`, too, where it cannot be read.
    ///
    /// - Parameter status: a note on a file that is not the service's own may be its sender's.
    package func claimNote(of name: WorkName, _ status: FileStatus) -> ClaimNote? {
        guard status.form == .regular, status.owner == geteuid() else { return nil }
        let bytes = try? OpenFile(reading: name.name, in: folder(of: name)).attribute(ClaimNote.attribute)
        return bytes.flatMap(ClaimNote.init)
    }
}
