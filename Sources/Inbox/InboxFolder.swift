import FileSystem
import Model
import SystemPackage

/// One inbox as an asynchronous sequence of claimed drops.
///
/// Nothing is claimed before it is asked for: files that wait in the folder are the cheapest queue there is.
/// Start, event, overflow and timer are all the same to it: a reason to look again. While it has nothing to do it holds
/// no descriptor, so that a thousand inboxes cost a thousand watches and no more, and a file system can be unmounted.
package actor InboxFolder {
    package struct Settings: Sendable {
        package var path: FilePath
        package var work: FilePath
        package var rules: Settling.Rules
        package var ignore: IgnoreList
        package var ready: MarkerPattern?
        package var rescan: Duration
        package var watch: WatchRule
        package var poll: Duration
        /// End when all that was there at the start has been claimed.
        package var once: Bool

        package init(
            path: FilePath, work: FilePath, rules: Settling.Rules, ignore: IgnoreList = IgnoreList(),
            ready: MarkerPattern? = nil, rescan: Duration, watch: WatchRule = .auto, poll: Duration = .seconds(5),
            once: Bool = false
        ) {
            self.path = path
            self.work = work
            self.rules = rules
            self.rules.needsMarker = ready != nil
            self.ignore = ignore
            self.ready = ready
            self.rescan = rescan
            self.watch = watch
            self.poll = poll
            self.once = once
        }
    }

    let settings: Settings
    let time: any TimeSource
    let report: @Sendable (InboxEvent) -> Void
    let hints = FolderHints()
    var settling: Settling

    private let alarms: Alarms
    let watching: FolderWatching
    /// While there is something to do.
    var folder: (inbox: Directory, work: WorkFolder)?
    private var work: WorkFolder?
    private var nextListing: Moment
    /// What is due to be claimed, the next one last.
    private var queue: [Settling.Turn] = []
    /// What was found on its way across file systems.
    private var stranded: [FileName] = []
    /// Claims that were answered with an error and may have taken effect; those that are to be looked at now.
    var doubts: [ClaimAttempt] = []
    var doubtsToLookAt: [ClaimAttempt] = []
    private var isStopped = false
    private(set) var isWaiting = false
    private var isUnavailable = false
    private var isPaused = false
    /// How often a file could not be read or claimed.
    private var troubles: [FileName: Int] = [:]
    var leftAlone: Set<FileName> = []

    /// How long to wait before a folder or file that gave an error is tried again; a file's time doubles.
    private static let retry = Duration.seconds(1)
    private static let longestRetry = Duration.seconds(60)
    /// How often a file is tried by a run that waits for nobody; the next one takes it.
    private static let mostTries = 3

    /// - Parameters:
    ///   - alarms: shared by many inboxes, so that an idle service seldom wakes.
    ///   - fileSystem: on what a folder lies; a test says what it wants.
    package init(
        _ settings: Settings, time: any TimeSource, notifier: any FolderWatcher = Notifier.shared,
        alarms: Alarms? = nil,
        fileSystem: @escaping FolderWatching.FileSystem = { (folder) throws(SystemCallError) in
            try folder.fileSystemType()
        },
        report: @escaping @Sendable (InboxEvent) -> Void
    ) {
        self.settings = settings
        self.time = time
        self.report = report
        self.alarms = alarms ?? Alarms(time: time)
        settling = Settling(rules: settings.rules)
        nextListing = time.moment
        watching = FolderWatching(
            settings.path, settings.watch, hints: hints, notifier: notifier,
            poller: Poller(every: settings.poll, time: time, alarms: self.alarms), fileSystem: fileSystem,
            report: report)
    }

    /// Claims nothing more; a waiting ``next()`` answers `nil`.
    package func stop() {
        isStopped = true
        for name in troubles.keys { isOver(name) }
        watching.stop()
        alarms.cancel(for: self)
        hints.add(.wake)
    }

    /// How many files wait here to be whole or to be claimed.
    package var count: Int { settling.count }

    /// While paused, nothing is claimed; with `once` there is nothing to wait for then.
    package func setPaused(_ isPaused: Bool) {
        self.isPaused = isPaused
        hints.add(.wake)
    }

    /// Claims no file of these names, whatever comes meanwhile, until told otherwise.
    ///
    /// - Parameter isOn: asked here, so that of two calls at a time the last word counts.
    package func leaveAside(_ names: @escaping @Sendable (FileName) -> Bool, if isOn: @Sendable () -> Bool) {
        settling.isLeftAside = isOn() ? names : nil
        hints.add(.wake)
    }

    /// Waits for the next whole drop and claims it.
    ///
    /// - Returns: `nil` after ``stop()`` or cancellation, or with `once` when nothing is left.
    package func next() async -> ClaimedDrop? {
        while !isStopped && !Task.isCancelled {
            // However much is due: it is in the inbox no more.
            if hints.tellOfLoss { await waitForHint() }
            if time.moment >= nextListing { listAll() }
            if isPaused && settings.once { return nil }
            if !isPaused, let drop = claimWhatIsDue() { return drop }
            if settings.once && (isUnavailable || settling.nextLook(at: time.moment, time.timestamp) == nil) {
                return nil
            }
            await waitForHint()
        }
        return nil
    }

    // MARK: Waiting

    /// Sleeps until something happens in the folder or a deadline comes.
    private func waitForHint() async {
        close()
        setAlarm()
        isWaiting = true
        defer { isWaiting = false }
        let gathered = await withTaskCancellationHandler {
            var iterator = hints.makeAsyncIterator()
            return await iterator.next(isolation: self)
        } onCancel: { [hints] in
            hints.add(.wake)
        }
        guard let gathered, !isStopped else { return }
        if let error = gathered.unwatched { watching.doWithoutKernel(error) }
        if gathered.isUnmounted { watching.isUnmounted = true }
        if gathered.isGone || gathered.isUnmounted { watching.lose() }
        if gathered.isGone || gathered.isUnmounted || gathered.mustList { nextListing = time.moment }
        // A listing tells nothing of renames.
        let entries = gathered.entries.filter { $0.renamedIn || !gathered.mustList }
        guard !entries.isEmpty, !isUnavailable, openToLook() else { return }
        for (name, renamedIn) in entries { look(at: name, renamedIn: renamedIn) }
    }

    /// A listing may come early, together with others'; a file is due to the moment.
    private func setAlarm() {
        let nextLook = isUnavailable || isPaused ? nil : settling.nextLook(at: time.moment, time.timestamp)
        if let nextLook, nextLook < nextListing {
            alarms.set(for: self, at: nextLook) { [hints] in hints.add(.wake) }
        } else {
            let leeway = isUnavailable ? InboxFolder.retry / 2 : settings.rescan / 4
            alarms.set(for: self, at: nextListing, orEarlierBy: leeway) { [hints] in hints.add(.listing) }
        }
    }

    func close() {
        folder = nil
        work?.release()
    }

    // MARK: Looking

    /// Opens the folder that is at the inbox's path by now, and looks at every entry.
    private func listAll() {
        close()
        guard openToLook(), let folder else { return }
        nextListing = time.moment + settings.rescan
        do throws(SystemCallError) {
            settling.beginListing(at: time.moment)
            var folders: Set<FileName> = []
            var unseen: Set<FileName> = []
            var failure: SystemCallError?
            stranded = []
            try folder.inbox.forEachName { name in
                guard failure == nil else { return }
                do throws(SystemCallError) {
                    if name == WorkFolder.passage { stranded = try WorkFolder.crossings(of: folder.inbox) }
                    let form = try look(at: name, in: folder.inbox, renamedIn: false)
                    if form == .directory { folders.insert(name) }
                } catch {
                    // No permission to look at one is none for all.
                    if error.errno == .permissionDenied { failure = error } else { complain(about: name, error) }
                    unseen.insert(name)
                }
            }
            if let failure { throw failure }
            doubtsToLookAt += doubts
            doubts = []
            settling.endListing(at: time.moment, time.timestamp)
            unseen.formUnion(stranded)
            leftAlone.formIntersection(folders)
            for name in troubles.keys where !settling.contains(name) && !unseen.contains(name) { isOver(name) }
        } catch {
            giveUp(.system(error))
        }
    }

    /// Makes sure that the folder which is at the inbox's path now is open and watched, and that there is a place for
    /// what is claimed.
    ///
    /// - Returns: `false` where the inbox cannot be used.
    func openForWork() -> Bool {
        guard openToLook(), let folder else { return false }
        do throws(SystemCallError) {
            _ = try folder.work.directory
            return true
        } catch {
            giveUp(.system(error))
            return false
        }
    }

    /// Makes sure of the inbox's own folder alone: to look into an idle one costs no more.
    private func openToLook() -> Bool {
        if folder != nil { return true }
        do throws(FolderFault) {
            let (inbox, isAnother) = try watching.open()
            if isAnother { nextListing = min(nextListing, time.moment) }
            settling.trustsChangeTime = watching.trustsChangeTime
            do throws(SystemCallError) {
                if let work {
                    // It may be what was in the way.
                    if isUnavailable { _ = try work.directory }
                    folder = (inbox, work)
                } else {
                    let work = try WorkFolder(at: settings.work)
                    (self.work, folder) = (work, (inbox, work))
                }
            } catch {
                throw FolderFault.system(error)
            }
        } catch {
            giveUp(error)
            return false
        }
        if isUnavailable { report(.available) }
        isUnavailable = false
        return true
    }

    /// What could not be known is asked again soon.
    func listSoon() {
        nextListing = min(nextListing, time.moment + InboxFolder.retry)
    }

    private func giveUp(_ fault: FolderFault) {
        close()
        if !isUnavailable {
            switch fault {
            case .system(let error): report(.unavailable(error))
            case .unmounted: report(.unsuitable("\(settings.path): the file system that was mounted here is gone"))
            }
        }
        isUnavailable = true
        nextListing = time.moment + min(InboxFolder.retry, settings.rescan)
    }

    private func look(at name: FileName, renamedIn: Bool) {
        guard let folder else { return }
        do throws(SystemCallError) {
            _ = try look(at: name, in: folder.inbox, renamedIn: renamedIn)
        } catch {
            complain(about: name, error)
        }
    }

    /// - Returns: what the entry is; `nil` where it is gone, or nobody's drop.
    private func look(
        at name: FileName, in inbox: Directory, renamedIn: Bool
    ) throws(SystemCallError) -> FileStatus.Form? {
        if let drop = settings.ready?.drop(of: name) {
            // A marker is a reason to look at its drop, which may be there for long.
            if settling.contains(drop) { try see(drop, inbox.status(of: drop), in: inbox, renamedIn: false) }
            return nil
        }
        guard !settings.ignore.contains(name), !name.isSidecar else { return nil }
        let status = try inbox.status(of: name)
        if status?.form == .directory {
            if leftAlone.insert(name).inserted { report(.folderLeftAlone(name)) }
            return .directory
        }
        try see(name, status, in: inbox, renamedIn: renamedIn)
        return status?.form
    }

    /// - Returns: its marker.
    @discardableResult
    func see(
        _ name: FileName, _ status: FileStatus?, in inbox: Directory, renamedIn: Bool
    ) throws(SystemCallError) -> FileStatus? {
        if status == nil { isOver(name) }
        let marker = try marker(of: name, in: inbox)
        let (moment, timestamp) = time.instant
        settling.see(name, status, renamedIn: renamedIn, isMarked: marker != nil, at: moment, timestamp)
        return marker
    }

    /// - Returns: `nil` where a drop's marker is not there, or none is asked for. No marker is longer than a name can be.
    private func marker(of name: FileName, in inbox: Directory) throws(SystemCallError) -> FileStatus? {
        guard let marker = settings.ready?.marker(of: name), marker.bytes.count <= FileName.longest else { return nil }
        guard let status = try inbox.status(of: marker), status.form != .directory else { return nil }
        return status
    }

    // MARK: Claiming

    private func claimWhatIsDue() -> ClaimedDrop? {
        guard !isUnavailable else { return nil }
        while let name = stranded.popLast(), openForWork() {
            if let drop = claim(stranded: name) { return drop }
        }
        while let attempt = doubtsToLookAt.last, openForWork() {
            doubtsToLookAt.removeLast()
            if let drop = claim(doubtful: attempt) { return drop }
        }
        while true {
            // Sorted once for all of it; what becomes whole meanwhile, or changes, came later and goes behind.
            if queue.isEmpty { queue = settling.due(at: time.moment, time.timestamp).reversed() }
            guard let turn = queue.popLast() else { return nil }
            guard openForWork() else {
                queue = []
                return nil
            }
            if let drop = bringOn(turn) { return drop }
        }
    }

    /// An end is looked at when its file's turn has come: to look at all before the first claim takes long.
    private func bringOn(_ turn: Settling.Turn) -> ClaimedDrop? {
        guard let action = settling.action(turn, at: time.moment, time.timestamp) else { return nil }
        switch action {
        case .claim(let name, let condition): return claim(name, condition)
        case .examine(let name):
            examine(name)
            guard case .claim(_, let condition) = settling.action(name, at: time.moment, time.timestamp) else {
                return nil
            }
            return claim(name, condition)
        }
    }

    /// Says once what is in the way of a file, and tries it again later and later; with `once` a few times.
    func complain(about name: FileName, _ error: SystemCallError) {
        let times = troubles[name, default: 0]
        if times == 0 { report(.cannotClaim(name, error)) }
        troubles[name] = times + 1
        if settings.once, times + 1 >= InboxFolder.mostTries { return settling.forget(name) }
        let pause = min(InboxFolder.retry * (1 << min(times, 10)), InboxFolder.longestRetry)
        settling.postpone(name, until: time.moment + pause)
    }

    func isClaimed(_ name: FileName) {
        settling.forget(name)
        isOver(name)
    }

    func isOver(_ name: FileName) {
        if troubles.removeValue(forKey: name) != nil { report(.claimsAgain(name)) }
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
