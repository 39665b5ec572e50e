import FileSystem
import Model
import SystemPackage

/// A claim that took effect and was answered with an error.
///
/// On NFS the answer to a rename may be lost; asked again, the server finds no such file. And what follows on a rename may
/// fail. The file lies in `.work` then, and whoever asks for drops has to hear of it before the next start.
extension InboxFolder {
    /// A claim that was begun.
    struct ClaimAttempt {
        let name: FileName
        /// As it was in the inbox.
        let before: FileStatus
        /// As its marker was there.
        var marker: FileStatus?
        let condition: Settling.Condition
        let claimedAt: Timestamp
        let arrivedAt: Timestamp
        let quietSince: Timestamp
        /// Where it lies, if the rename was answered.
        var place: WorkName?

        /// Whether both are about one file.
        fileprivate func isOfSameFile(as other: ClaimAttempt) -> Bool {
            name == other.name && before.inode == other.before.inode
        }
    }

    /// What became of a claim that was answered with an error.
    enum Aftermath {
        /// It took effect all the same; `nil`: it is nobody's drop any more.
        case claimed(ClaimedDrop?)
        case notClaimed
        /// It cannot be known now, and is looked at again after each listing.
        case unknown
    }

    func aftermath(of attempt: ClaimAttempt, _ folder: (inbox: Directory, work: WorkFolder)) -> Aftermath {
        do throws(SystemCallError) {
            guard let place = try place(of: attempt, in: folder.work) else { return .notClaimed }
            return .claimed(try end(attempt, at: place, folder))
        } catch {
            doubt(attempt)
            return .unknown
        }
    }

    /// Looks some time later whether a claim took effect. A file of its name in the inbox is another by then.
    func claim(doubtful attempt: ClaimAttempt) -> ClaimedDrop? {
        guard let folder else { return nil }
        do throws(SystemCallError) {
            guard let place = try place(of: attempt, in: folder.work) else { return nil }
            let isAlone = try folder.inbox.status(of: attempt.name) == nil
            return try end(attempt, at: place, folder, hasSuccessor: !isAlone)
        } catch {
            doubt(attempt)
            return nil
        }
    }

    /// What follows on the rename into `.work`.
    ///
    /// - Parameter hasSuccessor: another file of its name is waited for by now.
    func end(
        _ attempt: ClaimAttempt, at place: WorkName, _ folder: (inbox: Directory, work: WorkFolder),
        hasSuccessor: Bool = false
    ) throws(SystemCallError) -> ClaimedDrop? {
        let name = attempt.name
        if !hasSuccessor { isClaimed(name) }
        // While it was copied its sender may have put the next one of its name there, with a marker.
        removeCompanions(of: name, in: folder.inbox) { $0 == attempt.marker }
        KillPoint.companionsRemoved.reach()
        let status = try folder.work.folder(of: place).status(of: name)
        forgetDoubts(about: attempt)
        guard let status else { return nil }
        if status.form == .directory, try leaveAlone(name, place, folder) { return nil }
        return ClaimedDrop(
            name: name, workName: place, status: status,
            // On another file system it is a copy, with a number of its own.
            inode: attempt.before.inode, condition: status.isPlain ? attempt.condition : .notRegular,
            claimedAt: attempt.claimedAt, arrivedAt: attempt.arrivedAt, quietSince: attempt.quietSince)
    }

    private func place(of attempt: ClaimAttempt, in work: WorkFolder) throws(SystemCallError) -> WorkName? {
        if let place = attempt.place { return place }
        return try work.place(of: attempt.name, as: attempt.before)
    }

    func doubt(_ attempt: ClaimAttempt) {
        forgetDoubts(about: attempt)
        doubts.append(attempt)
        listSoon()
    }

    /// It is claimed: nothing hands it out once more.
    private func forgetDoubts(about attempt: ClaimAttempt) {
        doubts.removeAll { $0.isOfSameFile(as: attempt) }
        doubtsToLookAt.removeAll { $0.isOfSameFile(as: attempt) }
    }
}
