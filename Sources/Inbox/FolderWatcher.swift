import Model
import SystemPackage

/// Tells an inbox that its folder is worth a look: by the kernel's events (``Notifier``), or every so often
/// (``Poller``). Whoever is told lists the folder, so a watcher may say too much, and must not say too little.
package protocol FolderWatcher: AnyObject, Sendable {
    /// Begins to tell what happens in the folder at `path`, first of all a hint to list it. Called again, it goes on
    /// with whatever folder is there by then, or tells when there is one.
    func watch(_ path: FilePath, _ receiver: any HintReceiver)

    /// Ends what ``watch(_:_:)`` began.
    func forget(_ receiver: any HintReceiver)
}

/// Whoever is told where to look.
package protocol HintReceiver: AnyObject, Sendable {
    /// Called from any thread.
    func add(_ hint: FolderHints.Hint)
}

/// Which watcher an inbox has.
package enum WatchRule: Sendable, Hashable {
    /// Polling where other hosts may write, else inotify.
    case auto
    case inotify, poll
}

/// The watcher for folders of which the kernel tells nothing.
package final class Poller: FolderWatcher {
    private let interval: Duration
    private let time: any TimeSource
    private let alarms: Alarms

    package init(every interval: Duration, time: any TimeSource, alarms: Alarms) {
        self.interval = interval
        self.time = time
        self.alarms = alarms
    }

    package func watch(_ path: FilePath, _ receiver: any HintReceiver) {
        receiver.add(.listing)
        goOn(receiver)
    }

    private func goOn(_ receiver: any HintReceiver) {
        alarms.set(for: receiver, at: time.moment + interval, orEarlierBy: interval / 4) { [self, weak receiver] in
            guard let receiver else { return }
            receiver.add(.listing)
            goOn(receiver)
        }
    }

    package func forget(_ receiver: any HintReceiver) {
        alarms.cancel(for: receiver)
    }
}
