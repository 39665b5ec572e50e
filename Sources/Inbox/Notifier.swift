import CInotifyTools
import CLinux
import Foundation
import Model
import Synchronization
import SystemPackage

/// The one thread on which libinotifytools, which is one global state, is ever called.
///
/// It turns kernel events into hints (``FolderHints``) and decides nothing: an event is only a reason to look.
/// The thread sleeps in the kernel until something happens, so an idle service never wakes. To change what is
/// watched, it is woken by a write to a file in memory that it watches too.
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
        case watch(path: FilePath, hints: FolderHints)
        case forget(FolderHints)
    }

    private init() {}

    /// Starts to send what happens in the folder at `path` to `hints`, first of all a hint to list it.
    package func watch(_ path: FilePath, hints: FolderHints) {
        order(.watch(path: path, hints: hints))
    }

    /// Ends what ``watch(_:hints:)`` began.
    package func forget(_ hints: FolderHints) {
        order(.forget(hints))
    }

    private func order(_ order: Order) {
        let (mustStart, wake) = state.withLock { state in
            state.orders.append(order)
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
    private func takeOrders(_ carryOut: (FilePath?, FolderHints) -> Void) {
        let orders = state.withLock { state in
            defer { state.orders = [] }
            return state.orders
        }
        for order in orders {
            switch order {
            case .watch(let path, let hints): carryOut(path, hints)
            case .forget(let hints): carryOut(nil, hints)
            }
        }
    }
}

/// What lives on the thread alone.
private final class NotifierThread {
    private let takeOrders: ((FilePath?, FolderHints) -> Void) -> Void
    private let wakeWatch: CInt
    private var watched: [CInt: FolderHints] = [:]

    /// The events of a folder that are worth a look (contract, section 3).
    private static let folderEvents =
        CInt(IN_CLOSE_WRITE) | CInt(IN_MOVED_TO) | CInt(IN_CREATE) | CInt(IN_DELETE_SELF) | CInt(IN_MOVE_SELF)
        | CInt(IN_ONLYDIR)

    /// - Returns: `nil` when inotify cannot be had; the folders are then looked at by `rescan` alone.
    init?(takeOrders: @escaping ((FilePath?, FolderHints) -> Void) -> Void, setWake: (CInt) -> Void) {
        self.takeOrders = takeOrders
        guard inotifytools_initialize() != 0 else { return nil }
        NotifierThread.closeOnExec()
        let wake = memfd_create("sluice-wake", SLUICE_MFD_CLOEXEC)
        guard wake >= 0 else { return nil }
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

    private func carryOut(_ path: FilePath?, _ hints: FolderHints) {
        if let path {
            let isWatched = path.withPlatformString { inotifytools_watch_file($0, NotifierThread.folderEvents) } != 0
            if isWatched {
                let watch = path.withPlatformString { inotifytools_wd_from_filename($0) }
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

    /// The library leaves its descriptor open to child processes; it is the one called `anon_inode:inotify`.
    private static func closeOnExec() {
        var target = [CChar](repeating: 0, count: 64)
        for descriptor in CInt(0)..<1024 {
            let length = readlink("/proc/self/fd/\(descriptor)", &target, target.count)
            guard length > 0 else { continue }
            let name = String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if name == "anon_inode:inotify" { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }
    }
}
