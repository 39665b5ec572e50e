import FileSystem
import Model
import SystemPackage

/// Why an inbox cannot be used.
enum FolderFault: Error {
    case system(SystemCallError)
    /// Its file system was unmounted, and only the empty folder below it is there.
    case unmounted
}

/// Opens an inbox's folder, and keeps a watcher on it: on whatever folder is at the path by now.
///
/// Belongs to one ``InboxFolder``, which calls it from its own isolation alone.
package final class FolderWatching {
    package typealias FileSystem = @Sendable (Directory) throws(SystemCallError) -> FileSystemType

    private let path: FilePath
    private let rule: WatchRule
    private let hints: FolderHints
    private let notifier: any FolderWatcher
    private let poller: any FolderWatcher
    private let fileSystem: FileSystem
    private let report: @Sendable (InboxEvent) -> Void

    /// The folder that is watched.
    private var watched: (device: UInt64, inode: UInt64)?
    private var watcher: (any FolderWatcher)?
    private var isMountPoint = false
    private var kernelRefused = false
    private var hasSaidPolled = false
    /// The kernel said that the folder's file system was unmounted. A folder is not taken for it before something
    /// is mounted there again.
    var isUnmounted = false
    /// Whether the folder's change times are this machine's, and every change of it is seen.
    private(set) var trustsChangeTime = true

    init(
        _ path: FilePath, _ rule: WatchRule, hints: FolderHints, notifier: any FolderWatcher,
        poller: any FolderWatcher, fileSystem: @escaping FileSystem, report: @escaping @Sendable (InboxEvent) -> Void
    ) {
        self.path = path
        self.rule = rule
        self.hints = hints
        self.notifier = notifier
        self.poller = poller
        self.fileSystem = fileSystem
        self.report = report
    }

    /// - Returns: the folder, and whether it is another than the last time.
    func open() throws(FolderFault) -> (Directory, isAnother: Bool) {
        do throws(SystemCallError) {
            let inbox = try Directory(opening: path)
            let status = try inbox.status()
            if let watched, watched.device == status.device, watched.inode == status.inode { return (inbox, false) }
            let isMountPoint = try inbox.isMountPoint()
            if !isUnmounted || !self.isMountPoint || isMountPoint {
                self.isMountPoint = isMountPoint
                isUnmounted = false
                try watch(inbox)
                watched = (status.device, status.inode)
                return (inbox, true)
            }
        } catch {
            expect()
            throw .system(error)
        }
        throw .unmounted
    }

    private func watch(_ inbox: Directory) throws(SystemCallError) {
        let type = try fileSystem(inbox)
        let polls =
            switch rule {
            case .auto: type.isShared
            case .inotify: false
            case .poll: true
            }
        if polls && rule == .auto && !hasSaidPolled { report(.polled(type)) }
        hasSaidPolled = polls
        trustsChangeTime = !polls && !type.isShared
        use(polls || kernelRefused ? poller : notifier)
    }

    private func use(_ next: any FolderWatcher) {
        if let watcher, watcher !== next { watcher.forget(hints) }
        watcher = next
        next.watch(path, hints)
    }

    /// The watched folder is gone.
    func lose() {
        watched = nil
    }

    /// The folder cannot be opened: the kernel is asked to tell when there is one.
    private func expect() {
        watched = nil
        if rule != .poll && !kernelRefused { use(notifier) }
    }

    /// The kernel refused to watch.
    func doWithoutKernel(_ error: Errno) {
        if !kernelRefused { report(.notWatched(error)) }
        kernelRefused = true
        use(poller)
    }

    func stop() {
        notifier.forget(hints)
        poller.forget(hints)
    }
}
