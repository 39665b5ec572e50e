import FileSystem
import Model
import SystemPackage

/// From a due entry to a claimed drop, and back.
extension InboxFolder {
    /// Looks at a file's end, which may tell that more is to come.
    func examine(_ name: FileName) {
        guard let inbox = folder?.inbox else { return }
        do throws(SystemCallError) {
            let file = try OpenFile(reading: name, in: inbox)
            settling.ended(name, whole: try FileEnd.isWhole(name, file))
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory: isClaimed(name)
            // A link or socket by now: the claim will see that.
            case .tooManySymbolicLinkLevels, .noSuchAddressOrDevice: settling.ended(name, whole: true)
            default: complain(about: name, error)
            }
        }
    }

    func claim(_ name: FileName, _ condition: Settling.Condition) -> ClaimedDrop? {
        guard let folder else { return nil }
        var attempt: ClaimAttempt?
        do throws(SystemCallError) {
            let now = time.timestamp
            let quietSince = settling.quietSince(name, at: time.moment, now) ?? now
            let arrivedAt = min(settling.arrival(name, at: time.moment, now) ?? now, now)
            guard let before = try folder.inbox.status(of: name) else {
                isClaimed(name)
                return nil
            }
            // Whatever changed since the last look has to settle again.
            let marker = try see(name, before, in: folder.inbox, renamedIn: false)
            guard settling.action(name, at: time.moment, now) == .claim(name, condition) else { return nil }
            var begun = ClaimAttempt(
                name: name, before: before, marker: marker, condition: condition, claimedAt: now,
                arrivedAt: arrivedAt, quietSince: quietSince)
            attempt = begun
            KillPoint.claimBegins.reach()
            let place = try folder.work.take(name, from: folder.inbox)
            begun.place = place
            attempt = begun
            KillPoint.claimed.reach()
            return try end(begun, at: place, folder)
        } catch {
            if let attempt, case .claimed(let drop) = aftermath(of: attempt, folder) { return drop }
            couldNotClaim(name, error, folder.inbox)
            return nil
        }
    }

    private func couldNotClaim(_ name: FileName, _ error: SystemCallError, _ inbox: Directory) {
        if error.errno == .noSuchFileOrDirectory && error.call == "renameat2" { return isClaimed(name) }
        // A rename there and back changes it, and it is not due any sooner for that.
        if let status = try? inbox.status(of: name) { _ = try? see(name, status, in: inbox, renamedIn: false) }
        complain(about: name, error)
    }

    /// Goes on with the claim of a file that was on its way across file systems when something came in between. The file
    /// of its name in the inbox, and a marker, are another's.
    func claim(stranded name: FileName) -> ClaimedDrop? {
        guard let folder else { return nil }
        do throws(SystemCallError) {
            let workName = try folder.work.finishCrossing(of: name, from: folder.inbox)
            let status = try workName.flatMap { (workName) throws(SystemCallError) in
                try folder.work.folder(of: workName).status(of: name)
            }
            isOver(name)
            guard let workName, let status else { return nil }
            return ClaimedDrop(leftBehind: workName, status)
        } catch {
            complain(about: name, error)
            return nil
        }
    }

    /// A drop was claimed by an earlier run, a power loss undid that, and it has its place in `.work` again.
    package func wasClaimedBefore(_ name: FileName) {
        isClaimed(name)
        guard openForWork(), let inbox = folder?.inbox else { return }
        defer { if isWaiting { close() } }
        removeCompanions(of: name, in: inbox) { _ in true }
    }

    /// Puts a folder back that took a file's name between the look at it and its claim. In `.work` it could be taken for
    /// a shelf, which its sender may still look into.
    ///
    /// - Returns: `false` where its name is taken again: it ends as what is no regular file.
    func leaveAlone(
        _ name: FileName, _ workName: WorkName, _ folder: (inbox: Directory, work: WorkFolder)
    ) throws(SystemCallError) -> Bool {
        guard try folder.work.giveBack(workName, to: folder.inbox) else { return false }
        if leftAlone.insert(name).inserted { report(.folderLeftAlone(name)) }
        return true
    }

    /// A drop's marker goes with it, and so does a result that came back with it.
    ///
    /// - Parameter isAsItWas: whether the marker that is there by now has not changed since the drop was looked at.
    func removeCompanions(of name: FileName, in inbox: Directory, if isAsItWas: (FileStatus) -> Bool) {
        remove(name.sidecar, from: inbox) { _ in true }
        removeMarker(of: name, from: inbox, if: isAsItWas)
    }

    /// A marker that has changed is a later drop's only where that one's file is there, which comes before its marker;
    /// else its sender had not written all of it.
    private func removeMarker(of name: FileName, from inbox: Directory, if isAsItWas: (FileStatus) -> Bool) {
        guard let marker = settings.ready?.marker(of: name) else { return }
        remove(marker, from: inbox) { (present) throws(SystemCallError) in
            if isAsItWas(present) { return true }
            return try inbox.status(of: name) == nil
        }
    }

    /// Removes what lies beside a drop. What cannot go is in nobody's way.
    private func remove(
        _ companion: FileName, from inbox: Directory, if isIt: (FileStatus) throws(SystemCallError) -> Bool
    ) {
        do throws(SystemCallError) {
            guard companion.bytes.count <= FileName.longest, let present = try inbox.status(of: companion),
                try isIt(present)
            else { return }
            try inbox.remove(companion)
        } catch {
            report(.stays(companion, error))
        }
    }

    /// Puts a claimed drop back where it came from, for only reading it showed that it is unfinished.
    ///
    /// - Returns: `false` where it cannot go back, or has waited long enough: it is to be judged as it is.
    package func takeBack(_ drop: ClaimedDrop) -> Bool {
        guard drop.condition == .whole,
            drop.quietSince.duration(to: time.timestamp) < settings.rules.partialGrace, openForWork(), let folder
        else { return false }
        defer { if isWaiting { close() } }
        let marker = settings.ready?.marker(of: drop.name)
        // Where the drop does not go back it goes, too: it would vouch for the next upload of its name.
        var made: FileStatus?
        do throws(SystemCallError) {
            guard try mayGoBack(drop, folder) else { return false }
            // Without its marker it would wait for ever.
            if let marker, try folder.inbox.status(of: marker) == nil {
                made = try OpenFile(creating: marker, in: folder.inbox, .exclusive(mode: 0o640)).status()
            }
            let judged = try judged(drop, in: folder.work)
            KillPoint.goingBack.reach()
            guard try folder.work.giveBack(drop.workName, to: folder.inbox) else {
                removeMarker(of: drop.name, from: folder.inbox) { $0 == made }
                return false
            }
            KillPoint.wentBack.reach()
            // The rest may have come meanwhile: then it is looked at like any other.
            if let status = try? folder.inbox.status(of: drop.name), status.isSameContent(as: judged) {
                settling.takeBack(
                    drop.name, status, quietSince: drop.quietSince, isMarked: marker != nil, at: time.moment,
                    time.timestamp)
                hints.add(.wake)
            } else {
                hints.add(.listing)
            }
            return true
        } catch {
            removeMarker(of: drop.name, from: folder.inbox) { $0 == made }
            // Judged as it is, it ends in one place; so does one that another file system keeps from going back.
            if error.errno != .improperLink { report(.stays(drop.name, error)) }
            return false
        }
    }

    /// Whether a rename leads back, and the name is free: no marker is made for nothing.
    private func mayGoBack(
        _ drop: ClaimedDrop, _ folder: (inbox: Directory, work: WorkFolder)
    ) throws(SystemCallError) -> Bool {
        guard try folder.inbox.status(of: drop.name) == nil else { return false }
        return try folder.work.folder(of: drop.workName).isSameMount(as: folder.inbox)
    }

    /// How a drop's file was when it was judged: as it was claimed, if it is not a copy that nobody else can write to.
    private func judged(_ drop: ClaimedDrop, in work: WorkFolder) throws(SystemCallError) -> FileStatus {
        guard let present = try work.folder(of: drop.workName).status(of: drop.name) else { return drop.status }
        return present.inode == drop.status.inode ? drop.status : present
    }

    /// Removes the markers of drops that were claimed, by a run of the service that was stopped before it could.
    ///
    /// - Parameter claimed: what lies in `.work` as its claim left it. A marker that is younger has changed since.
    package func removeMarkers(of claimed: [(name: WorkName, status: FileStatus)]) {
        guard settings.ready != nil, openForWork(), let folder else { return }
        defer { if isWaiting { close() } }
        for (workName, status) in claimed {
            removeMarker(of: workName.name, from: folder.inbox) { $0.changed <= status.changed }
        }
    }
}
