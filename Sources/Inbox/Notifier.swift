import CInotifyTools
import Foundation
import Model
import Synchronization
import SystemPackage

/// The one thread on which libinotifytools, which is one global state, is ever called.
///
/// It turns kernel events into hints (``FolderHints``) and decides nothing: an event is only a reason to look.
/// The thread sleeps in the kernel until something happens, so an idle service never wakes. To change what is
/// watched, it is woken by a write to a nameless file that it watches too.
package final class Notifier: Sendable {
    /// The process's own: the library allows no second.
    package static let shared = Notifier()

    private let state = Mutex(State())

    private struct State {
        var hasStarted = false
        /// `nil` until the thread runs; a write to it wakes the thread.
        var wake: CInt?
        var orders: [Order] = []
    }

    private enum Order {
        case watch(path: FilePath, hints: any HintReceiver, isParent: Bool)
        case forget(any HintReceiver)
    }

    private init() {}

    /// Starts the thread, if it does not run: early, while descriptors are small numbers. The library waits with
    /// `select(2)`, which knows none beyond 1023.
    package func start() {
        order(nil)
    }

    /// Starts to send what happens in the folder at `path` to `hints`, first of all a hint to list it.
    ///
    /// - Parameter isParent: what leaves the folder is told, too.
    package func watch(_ path: FilePath, hints: any HintReceiver, isParent: Bool = false) {
        order(.watch(path: path, hints: hints, isParent: isParent))
    }

    /// Ends what ``watch(_:hints:)`` began.
    package func forget(_ hints: any HintReceiver) {
        order(.forget(hints))
    }

    private func order(_ order: Order?) {
        let (mustStart, wake) = state.withLock { state in
            if let order { state.orders.append(order) }
            defer { state.hasStarted = true }
            return (!state.hasStarted, state.wake)
        }
        if mustStart {
            let thread = Thread { NotifierThread(takeOrders: self.takeOrders, setWake: self.setWake)?.run() }
            thread.name = "inotify"
            thread.start()
        } else if let wake {
            var byte: UInt8 = 1
            // The file never fills: every write goes to its first byte.
            pwrite(wake, &byte, 1, 0)
        }
    }

    private func setWake(_ descriptor: CInt) {
        state.withLock { $0.wake = descriptor }
    }

    /// Runs `carryOut` on each order given since the last time, in their order.
    private func takeOrders(_ carryOut: (FilePath?, any HintReceiver, _ isParent: Bool) -> Void) {
        let orders = state.withLock { state in
            defer { state.orders = [] }
            return state.orders
        }
        for order in orders {
            switch order {
            case .watch(let path, let hints, let isParent): carryOut(path, hints, isParent)
            case .forget(let hints): carryOut(nil, hints, false)
            }
        }
    }
}

/// What lives on the thread alone.
private final class NotifierThread {
    private let takeOrders: ((FilePath?, any HintReceiver, Bool) -> Void) -> Void
    private let wakeWatch: CInt
    private var watched: [CInt: any HintReceiver] = [:]
    private var spellings: UInt64 = 0

    /// The events of a folder that are worth a look (contract, section 3).
    private static let folderEvents =
        CInt(IN_CLOSE_WRITE) | CInt(IN_MOVED_TO) | CInt(IN_CREATE) | CInt(IN_DELETE_SELF) | CInt(IN_MOVE_SELF)
        | CInt(IN_ONLYDIR)

    /// - Returns: `nil` when inotify cannot be had; the folders are then looked at by `rescan` alone.
    init?(takeOrders: @escaping ((FilePath?, any HintReceiver, Bool) -> Void) -> Void, setWake: (CInt) -> Void) {
        self.takeOrders = takeOrders
        guard inotifytools_initialize() != 0 else { return nil }
        guard let descriptor = NotifierThread.descriptor(), descriptor < CInt(FD_SETSIZE) else {
            inotifytools_cleanup()
            return nil
        }
        // The library leaves it open to child processes.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        guard let wake = NotifierThread.namelessFile() else { return nil }
        let path = "/proc/self/fd/\(wake)"
        guard inotifytools_watch_file(path, CInt(IN_MODIFY)) != 0 else { return nil }
        wakeWatch = inotifytools_wd_from_filename(path)
        setWake(wake)
    }

    func run() {
        while true {
            takeOrders(carryOut)
            // One at a time: asked for more, the library spins until it has that many.
            guard let event = inotifytools_next_event(-1) else {
                // `NULL` without an error does not come with this timeout; a signal is the usual error.
                if inotifytools_error() != 0 && inotifytools_error() != EINTR { usleep(10_000) }
                continue
            }
            pass(event)
        }
    }

    private func carryOut(_ path: FilePath?, _ hints: any HintReceiver, isParent: Bool) {
        if let path {
            let spelling = newSpelling(of: path)
            let leaving = isParent ? CInt(IN_DELETE) | CInt(IN_MOVED_FROM) : 0
            if inotifytools_watch_file(spelling, NotifierThread.folderEvents | leaving) != 0 {
                let watch = inotifytools_wd_from_filename(spelling)
                if watch >= 0 { watched[watch] = hints }
            }
            // What came before the watch raised no event, and without a watch the listing is all there is.
            hints.add(.listing)
        } else {
            for (watch, other) in watched where other === hints {
                inotifytools_remove_watch_by_wd(watch)
                watched[watch] = nil
            }
        }
    }

    /// A path to the same folder that nobody has watched before.
    ///
    /// The library finds a watch by its path, to which it adds a slash, and never forgets a watch that the kernel
    /// ended: under the same path a folder that was made anew would be taken for the one that is gone.
    private func newSpelling(of path: FilePath) -> [CChar] {
        spellings += 1
        let mark = "/" + String(spellings, radix: 2).map { $0 == "1" ? "./" : "/" }.joined()
        return path.withPlatformString { Array(UnsafeBufferPointer(start: $0, count: strlen($0))) } + mark.utf8CString
    }

    private func pass(_ event: UnsafeMutablePointer<inotify_event>) {
        let mask = CInt(bitPattern: event.pointee.mask)
        if mask & CInt(IN_Q_OVERFLOW) != 0 {
            for hints in watched.values { hints.add(.listing) }
            return
        }
        let watch = event.pointee.wd
        guard watch != wakeWatch, let hints = watched[watch] else { return }
        if mask & (CInt(IN_DELETE_SELF) | CInt(IN_MOVE_SELF) | CInt(IN_UNMOUNT) | CInt(IN_IGNORED)) != 0 {
            if mask & CInt(IN_MOVE_SELF) != 0 { inotifytools_remove_watch_by_wd(watch) }
            watched[watch] = nil
            hints.add(.gone)
        } else if event.pointee.len > 0 {
            hints.add(.entry(NotifierThread.name(of: event), renamedIn: mask & CInt(IN_MOVED_TO) != 0))
        }
    }

    /// The name behind the event's fixed part, padded with NUL to `len`.
    private static func name(of event: UnsafeMutablePointer<inotify_event>) -> FileName {
        let start = UnsafeRawPointer(event) + MemoryLayout<inotify_event>.size
        let padded = UnsafeRawBufferPointer(start: start, count: Int(event.pointee.len))
        return FileName(bytes: padded.prefix { $0 != 0 })
    }

    /// A file that only this process knows: its name is gone before anybody sees it. (A file in memory would do, but
    /// recent kernels raise no events for those.)
    private static func namelessFile() -> CInt? {
        var template = Array((FileManager.default.temporaryDirectory.path + "/.sluice-XXXXXX").utf8CString)
        let file = mkstemp(&template)
        guard file >= 0 else { return nil }
        _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        unlink(template)
        return file
    }

    /// The library keeps its descriptor to itself; it is the one called `anon_inode:inotify`.
    private static func descriptor() -> CInt? {
        var target = [CChar](repeating: 0, count: 64)
        return (CInt(0)..<65_536).first { descriptor in
            let length = readlink("/proc/self/fd/\(descriptor)", &target, target.count)
            guard length > 0 else { return false }
            return String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
                == "anon_inode:inotify"
        }
    }
}
