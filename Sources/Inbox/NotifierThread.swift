import CInotifyTools
import Foundation
import FileSystem
import Model
import SystemPackage

/// What lives on the ``Notifier``'s thread alone.
final class NotifierThread {
    private let takeOrders: () -> [Notifier.Order]
    private let descriptor: CInt
    private let wakeWatch: CInt
    private var watches: [CInt: Watch] = [:]
    private var parents: [FilePath: CInt] = [:]
    /// The watch that each receiver has on its own folder.
    private var own: [ObjectIdentifier: CInt] = [:]
    /// Receivers whose folder was not there the last time, and who were told so.
    private var missing: Set<ObjectIdentifier> = []
    private var spellings: UInt64 = 0

    /// One inode that is watched: as a folder, as a parent, or as both.
    private struct Watch {
        var receivers: [any HintReceiver] = []
        /// Who waits for a folder of this name in it.
        var children: [FileName: [any HintReceiver]] = [:]
        var isIdle: Bool { receivers.isEmpty && children.isEmpty }
    }

    /// The events of a folder that are worth a look (contract, section 3). An inode that is watched twice keeps what
    /// either asked for.
    private static let folderEvents =
        CInt(IN_CLOSE_WRITE) | CInt(IN_MOVED_TO) | CInt(IN_CREATE) | CInt(IN_DELETE_SELF) | CInt(IN_MOVE_SELF)
        | CInt(IN_ONLYDIR) | CInt(IN_MASK_ADD)
    private static let parentEvents =
        CInt(IN_MOVED_TO) | CInt(IN_CREATE) | CInt(IN_DELETE_SELF) | CInt(IN_MOVE_SELF) | CInt(IN_ONLYDIR)
        | CInt(IN_MASK_ADD)

    /// - Returns: `nil` when inotify cannot be had.
    init?(takeOrders: @escaping () -> [Notifier.Order], setWake: (CInt) -> Void) {
        self.takeOrders = takeOrders
        guard inotifytools_initialize() != 0 else { return nil }
        guard let descriptor = NotifierThread.descriptor(), descriptor < CInt(FD_SETSIZE) else {
            inotifytools_cleanup()
            return nil
        }
        self.descriptor = descriptor
        // The library leaves it open to child processes.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        guard let wake = NotifierThread.namelessFile() else { return nil }
        let path = "/proc/self/fd/\(wake)"
        guard inotifytools_watch_file(path, CInt(IN_MODIFY)) != 0 else { return nil }
        wakeWatch = inotifytools_wd_from_filename(path)
        setWake(wake)
    }

    /// Why inotify cannot be had.
    static var lastError: Errno {
        let code = inotifytools_error()
        return code == 0 ? .tooManyOpenFiles : Errno(rawValue: code)
    }

    func run() {
        while true {
            for order in takeOrders() {
                switch order {
                case .watch(let path, let receiver, let tellsOfLeaving): watch(path, receiver, tellsOfLeaving)
                case .forget(let receiver): forget(receiver)
                }
            }
            // One at a time: asked for more, the library spins until it has that many.
            guard let event = inotifytools_next_event(-1) else {
                // `NULL` without an error does not come with this timeout; a signal is the usual error.
                if inotifytools_error() != 0 && inotifytools_error() != EINTR { usleep(10_000) }
                continue
            }
            pass(event)
        }
    }

    private func watch(_ path: FilePath, _ receiver: any HintReceiver, _ tellsOfLeaving: Bool) {
        // The parent first: what appears between the two is seen by one of them.
        watchParent(of: path, receiver)
        let watch: CInt
        let leaving = tellsOfLeaving ? CInt(IN_DELETE) | CInt(IN_MOVED_FROM) : 0
        switch add(path, NotifierThread.folderEvents | leaving) {
        case .success(let added): watch = added
        case .failure(let error):
            if error.isOfTheKernels {
                receiver.add(.unwatched(Errno(rawValue: error.code)))
            } else if missing.insert(ObjectIdentifier(receiver)).inserted {
                // It went before it could be watched, and raised no event: whoever asked has not heard of it.
                receiver.add(.listing)
            }
            return
        }
        missing.remove(ObjectIdentifier(receiver))
        let before = own[ObjectIdentifier(receiver)]
        if before == watch { return }
        if let before { leave(before, receiver) }
        watches[watch, default: Watch()].receivers.append(receiver)
        own[ObjectIdentifier(receiver)] = watch
        // What came before the watch raised no event.
        receiver.add(.listing)
    }

    private func watchParent(of path: FilePath, _ receiver: any HintReceiver) {
        guard let (parent, name) = path.located else { return }
        if parents[parent] == nil, case .success(let watch) = add(parent, NotifierThread.parentEvents) {
            parents[parent] = watch
        }
        guard let watch = parents[parent] else { return }
        var receivers = watches[watch, default: Watch()].children[name, default: []]
        if !receivers.contains(where: { $0 === receiver }) { receivers.append(receiver) }
        watches[watch, default: Watch()].children[name] = receivers
    }

    private func forget(_ receiver: any HintReceiver) {
        missing.remove(ObjectIdentifier(receiver))
        if let watch = own.removeValue(forKey: ObjectIdentifier(receiver)) { leave(watch, receiver) }
        for (parent, watch) in parents {
            guard var known = watches[watch] else { continue }
            for (name, receivers) in known.children where receivers.contains(where: { $0 === receiver }) {
                let others = receivers.filter { $0 !== receiver }
                known.children[name] = others.isEmpty ? nil : others
            }
            watches[watch] = known
            if known.children.isEmpty { parents[parent] = nil }
            end(watch, ifIdle: known)
        }
    }

    private func leave(_ watch: CInt, _ receiver: any HintReceiver) {
        guard var known = watches[watch] else { return }
        known.receivers.removeAll { $0 === receiver }
        watches[watch] = known
        end(watch, ifIdle: known)
    }

    private func end(_ watch: CInt, ifIdle known: Watch) {
        guard known.isIdle else { return }
        remove(watch)
        watches[watch] = nil
    }

    /// Not by the library, which complains on the standard error output of a watch that the kernel has just ended.
    private func remove(_ watch: CInt) {
        inotify_rm_watch(descriptor, watch)
    }

    private struct WatchError: Error {
        let code: CInt
        /// Not the folder's fault: the limit of watches, or memory.
        var isOfTheKernels: Bool { [ENOSPC, ENOMEM].contains(code) }
    }

    private func add(_ path: FilePath, _ events: CInt) -> Result<CInt, WatchError> {
        let spelling = newSpelling(of: path)
        guard inotifytools_watch_file(spelling, events) != 0 else {
            return .failure(WatchError(code: inotifytools_error()))
        }
        return .success(inotifytools_wd_from_filename(spelling))
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
            for watch in watches.values {
                for receiver in watch.receivers { receiver.add(.listing) }
                for receivers in watch.children.values { for receiver in receivers { receiver.add(.listing) } }
            }
            return
        }
        let watch = event.pointee.wd
        guard watch != wakeWatch, let known = watches[watch] else { return }
        if mask & (CInt(IN_DELETE_SELF) | CInt(IN_MOVE_SELF) | CInt(IN_UNMOUNT) | CInt(IN_IGNORED)) != 0 {
            if mask & CInt(IN_MOVE_SELF) != 0 { remove(watch) }
            lose(watch, known, isUnmounted: mask & CInt(IN_UNMOUNT) != 0)
        } else if event.pointee.len > 0 {
            let name = NotifierThread.name(of: event)
            for receiver in known.receivers {
                receiver.add(.entry(name, renamedIn: mask & CInt(IN_MOVED_TO) != 0))
            }
            if mask & (CInt(IN_CREATE) | CInt(IN_MOVED_TO)) != 0 {
                for receiver in known.children[name] ?? [] { receiver.add(.listing) }
            }
        }
    }

    /// The kernel watches an inode no more.
    private func lose(_ watch: CInt, _ known: Watch, isUnmounted: Bool) {
        watches[watch] = nil
        for (parent, other) in parents where other == watch { parents[parent] = nil }
        for receiver in known.receivers {
            own[ObjectIdentifier(receiver)] = nil
            receiver.add(isUnmounted ? .unmounted : .gone)
        }
        for receiver in known.children.values.joined() { receiver.add(.listing) }
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
