import FileSystem
import Model
import SystemPackage

/// One inbox as an asynchronous sequence of claimed drops.
///
/// Nothing is claimed before it is asked for: files that wait in the folder are the cheapest queue there is.
/// Start, event, overflow and timer are all the same to it: a reason to look again.
package actor InboxFolder {
    package struct Settings: Sendable {
        package var path: FilePath
        package var work: FilePath
        package var rules: Settling.Rules
        package var ignore: IgnoreList
        package var rescan: Duration
        /// End when all that was there at the start has been claimed.
        package var once: Bool

        package init(
            path: FilePath, work: FilePath, rules: Settling.Rules, ignore: IgnoreList = IgnoreList(),
            rescan: Duration, once: Bool = false
        ) {
            self.path = path
            self.work = work
            self.rules = rules
            self.ignore = ignore
            self.rescan = rescan
            self.once = once
        }
    }

    private let settings: Settings
    private let time: any TimeSource
    private let notifier: Notifier
    private let report: @Sendable (InboxEvent) -> Void

    private var hints = FolderHints()
    private var settling: Settling
    private var folder: (inbox: Directory, work: WorkFolder)?
    private var nextListing: Moment
    /// What is due to be claimed, the next one last.
    private var queue: [(FileName, Settling.Condition)] = []
    private var isStopped = false
    private var isUnavailable = false
    private var isPaused = false
    private var reported: Set<FileName> = []

    /// How long to wait before a folder or file that gave an error is tried again.
    private static let retry = Duration.seconds(1)

    package init(
        _ settings: Settings, time: any TimeSource, notifier: Notifier = .shared,
        report: @escaping @Sendable (InboxEvent) -> Void
    ) {
        self.settings = settings
        self.time = time
        self.notifier = notifier
        self.report = report
        settling = Settling(rules: settings.rules)
        nextListing = time.moment
    }

    /// Claims nothing more; a waiting ``next()`` answers `nil`.
    package func stop() {
        isStopped = true
        notifier.forget(hints)
        hints.add(.wake)
    }

    /// While paused, nothing is claimed; with `once` there is nothing to wait for then.
    package func setPaused(_ isPaused: Bool) {
        self.isPaused = isPaused
        hints.add(.wake)
    }

    /// Waits for the next whole drop and claims it.
    ///
    /// - Returns: `nil` after ``stop()`` or cancellation, or with `once` when nothing is left.
    package func next() async -> ClaimedDrop? {
        while !isStopped && !Task.isCancelled {
            if time.moment >= nextListing || folder == nil { listAll() }
            if isPaused && settings.once { return nil }
            if folder != nil, !isPaused, let drop = claimWhatIsDue() { return drop }
            if settings.once && (settling.count == 0 || folder == nil) { return nil }
            await waitForHint()
        }
        return nil
    }

    /// Puts a claimed drop back where it came from, for only reading it showed that it is unfinished.
    ///
    /// - Returns: `false` where it cannot go back, or has waited long enough: it is to be judged as it is.
    package func takeBack(_ drop: ClaimedDrop) -> Bool {
        guard drop.condition == .whole, let folder,
            drop.quietSince.duration(to: time.timestamp) < settings.rules.partialGrace
        else { return false }
        do throws(SystemCallError) {
            guard try folder.work.giveBack(drop.workName, to: folder.inbox) else { return false }
            if let status = try folder.inbox.status(of: drop.name) {
                settling.takeBack(drop.name, status, quietSince: drop.quietSince, at: time.moment)
                hints.add(.wake)
            }
            return true
        } catch {
            report(.cannotClaim(drop.name, error))
            return false
        }
    }

    /// Sleeps until something happens in the folder or a deadline comes.
    private func waitForHint() async {
        let now = time.moment
        let nextLook = folder == nil ? nil : settling.nextLook(at: now, time.timestamp)
        let deadline = min(nextListing, nextLook ?? nextListing)
        let alarm = Task { [time, hints] in
            try await time.sleep(until: deadline)
            hints.add(.wake)
        }
        defer { alarm.cancel() }
        let gathered = await withTaskCancellationHandler {
            var iterator = hints.makeAsyncIterator()
            return await iterator.next(isolation: self)
        } onCancel: { [hints] in
            hints.add(.wake)
        }
        guard let gathered else { return }
        if gathered.isGone {
            folder = nil
            hints = FolderHints()
        } else if gathered.mustList {
            nextListing = time.moment
            for (name, renamedIn) in gathered.entries where renamedIn { look(at: name, renamedIn: true) }
        } else {
            for (name, renamedIn) in gathered.entries { look(at: name, renamedIn: renamedIn) }
        }
    }

    /// Opens the folders where that is needed, and looks at every entry.
    private func listAll() {
        do throws(SystemCallError) {
            try leaveIfReplaced()
            if folder == nil {
                let inbox = try Directory(opening: settings.path)
                folder = (inbox, try WorkFolder(at: settings.work))
                notifier.watch(settings.path, hints: hints)
            }
            guard let folder else { return }
            for name in try folder.inbox.list() { look(at: name, renamedIn: false) }
            nextListing = time.moment + settings.rescan
            if isUnavailable { report(.available) }
            isUnavailable = false
        } catch {
            folder = nil
            if !isUnavailable { report(.unavailable(error)) }
            isUnavailable = true
            nextListing = time.moment + min(InboxFolder.retry, settings.rescan)
        }
    }

    /// A removed folder raises no event while it is open, and lists as an empty one.
    private func leaveIfReplaced() throws(SystemCallError) {
        guard let inbox = folder?.inbox else { return }
        let status = try inbox.status()
        let present = try Directory(opening: settings.path).status()
        if status.device == present.device && status.inode == present.inode { return }
        // The kernel itself ends the watch of a folder that is gone.
        if status.links > 0 { notifier.forget(hints) }
        hints = FolderHints()
        folder = nil
    }

    private func look(at name: FileName, renamedIn: Bool) {
        guard let folder, !settings.ignore.contains(name), !name.isSidecar else { return }
        do throws(SystemCallError) {
            let status = try folder.inbox.status(of: name)
            if status?.form == .directory {
                if reported.insert(name).inserted { report(.folderLeftAlone(name)) }
                return
            }
            if status == nil { reported.remove(name) }
            settling.see(name, status, renamedIn: renamedIn, at: time.moment, time.timestamp)
        } catch {
            complain(about: name, error)
        }
    }

    private func claimWhatIsDue() -> ClaimedDrop? {
        while true {
            if queue.isEmpty { fillQueue() }
            guard let (name, condition) = queue.popLast() else { return nil }
            if let drop = claim(name, condition) { return drop }
        }
    }

    /// Sorts what is due once for all of it; what becomes whole meanwhile came later and goes behind.
    private func fillQueue() {
        while true {
            let due = settling.due(at: time.moment, time.timestamp)
            let toExamine = due.compactMap { if case .examine(let name) = $0 { name } else { nil } }
            if toExamine.isEmpty {
                queue = due.reversed().compactMap {
                    if case .claim(let name, let condition) = $0 { (name, condition) } else { nil }
                }
                return
            }
            // What an end looks like may decide that its file is not due at all.
            for name in toExamine { examine(name) }
        }
    }

    private func examine(_ name: FileName) {
        guard let folder else { return }
        do throws(SystemCallError) {
            let file = try OpenFile(reading: name, in: folder.inbox)
            let size = try file.status().size
            let head = try file.bytes(at: 0, count: Int(min(size, 64)))
            let tailStart = max(0, size - Int64(FileEnd.window))
            let tail = try file.bytes(at: tailStart, count: Int(size - tailStart))
            settling.ended(name, whole: FileEnd.isWhole(name, head: head, tail: tail))
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory: settling.forget(name)
            // A link by now: the claim will see that.
            case .tooManySymbolicLinkLevels: settling.ended(name, whole: true)
            default: complain(about: name, error)
            }
        }
    }

    private func claim(_ name: FileName, _ condition: Settling.Condition) -> ClaimedDrop? {
        guard let folder else { return nil }
        do throws(SystemCallError) {
            let time = time.timestamp
            let quietSince = settling.quietSince(name, at: time) ?? time
            guard let before = try folder.inbox.status(of: name) else {
                settling.forget(name)
                return nil
            }
            settling.see(name, before, at: self.time.moment, time)
            guard settling.isDue(name, condition, at: self.time.moment, time) else { return nil }
            let workName = try folder.work.take(name, from: folder.inbox)
            settling.forget(name)
            reported.remove(name)
            removeOldResult(of: name, in: folder.inbox)
            guard let status = try folder.work.folder(of: workName).status(of: name) else { return nil }
            let isOdd = status.form != .regular || status.links > 1
            return ClaimedDrop(
                name: name, workName: workName, status: status, condition: isOdd ? .notRegular : condition,
                claimedAt: time, quietSince: quietSince)
        } catch {
            if error.errno == .noSuchFileOrDirectory && error.call == "renameat2" {
                settling.forget(name)
            } else {
                complain(about: name, error)
            }
            return nil
        }
    }

    /// A result that came back into the inbox with its drop goes; where it cannot, it is in nobody's way.
    private func removeOldResult(of name: FileName, in inbox: Directory) {
        do throws(SystemCallError) {
            try inbox.remove(name.sidecar)
        } catch {
            report(.cannotClaim(name.sidecar, error))
        }
    }

    /// Says once what is in the way of a file, and tries it again later.
    private func complain(about name: FileName, _ error: SystemCallError) {
        if reported.insert(name).inserted { report(.cannotClaim(name, error)) }
        settling.postpone(name, until: time.moment + InboxFolder.retry)
    }
}

/// The claimed drops of an inbox, in the order in which they became whole.
extension InboxFolder {
    package nonisolated var drops: Drops { Drops(folder: self) }

    package struct Drops: AsyncSequence, Sendable {
        package typealias Element = ClaimedDrop
        fileprivate let folder: InboxFolder

        package func makeAsyncIterator() -> Iterator { Iterator(folder: folder) }

        package struct Iterator: AsyncIteratorProtocol {
            fileprivate let folder: InboxFolder

            package mutating func next(isolation actor: isolated (any Actor)?) async -> ClaimedDrop? {
                await folder.next()
            }
        }
    }
}
