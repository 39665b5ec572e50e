import Inbox
import Synchronization
import SystemPackage

/// A watcher that tells what a test says, and nothing else.
final class Teller: FolderWatcher {
    private let receivers = Mutex<[any HintReceiver]>([])

    func watch(_ path: FilePath, _ receiver: any HintReceiver) {
        receivers.withLock { receivers in
            if !receivers.contains(where: { $0 === receiver }) { receivers.append(receiver) }
        }
        receiver.add(.listing)
    }

    func forget(_ receiver: any HintReceiver) {
        receivers.withLock { $0.removeAll { $0 === receiver } }
    }

    func tell(_ hints: FolderHints.Hint...) {
        for receiver in receivers.withLock({ $0 }) {
            for hint in hints { receiver.add(hint) }
        }
    }
}
