import Foundation
import Model
import Synchronization
import SystemPackage

/// The one thread on which libinotifytools, which is one global state, is ever called.
///
/// It turns kernel events into hints (``FolderHints``) and decides nothing: an event is only a reason to look.
/// Beside each folder it watches the folder's parent, which tells when a folder that was missing is there.
/// The thread sleeps in the kernel until something happens, so an idle service never wakes. To change what is
/// watched, it is woken by a write to a nameless file that it watches too.
package final class Notifier: FolderWatcher {
    /// The process's own: the library allows no second.
    package static let shared = Notifier()

    private let state = Mutex(State())

    private struct State {
        var hasStarted = false
        /// `nil` until the thread runs; a write to it wakes the thread.
        var wake: CInt?
        var orders: [Order] = []
        /// Why there is no thread: inotify cannot be had.
        var failure: Errno?
    }

    enum Order {
        case watch(FilePath, any HintReceiver, tellsOfLeaving: Bool)
        case forget(any HintReceiver)
    }

    private init() {}

    /// Starts the thread, if it does not run: early, while descriptors are small numbers. The library waits with
    /// `select(2)`, which knows none beyond 1023.
    package func start() {
        order(nil)
    }

    package func watch(_ path: FilePath, _ receiver: any HintReceiver) {
        order(.watch(path, receiver, tellsOfLeaving: false))
    }

    /// - Parameter tellsOfLeaving: what leaves the folder is told, too.
    package func watch(_ path: FilePath, _ receiver: any HintReceiver, tellsOfLeaving: Bool) {
        order(.watch(path, receiver, tellsOfLeaving: tellsOfLeaving))
    }

    package func forget(_ receiver: any HintReceiver) {
        order(.forget(receiver))
    }

    private func order(_ order: Order?) {
        let (mustStart, wake) = state.withLock { state in
            if let order { state.orders.append(order) }
            defer { state.hasStarted = true }
            return (!state.hasStarted, state.wake)
        }
        if mustStart {
            let thread = Thread {
                guard let thread = NotifierThread(takeOrders: self.takeOrders, setWake: self.setWake) else {
                    return self.fail(NotifierThread.lastError)
                }
                thread.run()
            }
            thread.name = "inotify"
            thread.start()
        } else if case .watch(_, let receiver, _) = order, let failure = state.withLock(\.failure) {
            receiver.add(.unwatched(failure))
        } else if let wake {
            var byte: UInt8 = 1
            // The file never fills: every write goes to its first byte.
            pwrite(wake, &byte, 1, 0)
        }
    }

    private func setWake(_ descriptor: CInt) {
        state.withLock { $0.wake = descriptor }
    }

    private func fail(_ error: Errno) {
        state.withLock { $0.failure = error }
        for case .watch(_, let receiver, _) in takeOrders() { receiver.add(.unwatched(error)) }
    }

    /// The orders given since the last time.
    private func takeOrders() -> [Order] {
        state.withLock { state in
            defer { state.orders = [] }
            return state.orders
        }
    }
}
