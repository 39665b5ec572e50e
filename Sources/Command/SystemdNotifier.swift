import CSystemd
import Foundation
import Model
import Service
import Synchronization

/// Tells systemd that the service is ready, how it is, and that it is alive (`sd_notify(3)`).
///
/// An idle service says nothing but that it is alive, at half the time that `WatchdogSec=` gives it.
final class SystemdNotifier: Sendable {
    /// No more than one `STATUS=` in this time.
    static let pace = Duration.seconds(5)

    private let status = Mutex(SystemdStatus())
    /// The time after which systemd takes the service for dead; `nil`: it does not watch.
    private let watchdog: Duration?
    private let time: any TimeSource
    private let send: @Sendable (String) -> Void

    init(watchdog: Duration?, time: any TimeSource, send: @escaping @Sendable (String) -> Void) {
        self.watchdog = watchdog
        self.time = time
        self.send = send
    }

    /// `nil` where nobody listens: systemd did not start this process, or not as `Type=notify`.
    convenience init?() {
        guard ProcessInfo.processInfo.environment["NOTIFY_SOCKET"] != nil else { return nil }
        var microseconds: UInt64 = 0
        let isWatched = sd_watchdog_enabled(0, &microseconds) > 0
        self.init(watchdog: isWatched ? .microseconds(microseconds) : nil, time: SystemTime()) { _ = sd_notify(0, $0) }
    }

    /// Called with everything that the service tells, from any thread.
    func note(_ event: ServiceEvent) {
        switch event {
        case .started: send("READY=1\nSTATUS=started")
        case .stopping: send("STOPPING=1\nSTATUS=stopping")
        case .reloaded, .notReloaded:
            status.withLock { $0.note(event, at: time.moment) }
            send("READY=1")
        default: break
        }
    }

    /// The configuration is about to be read again; ``note(_:)`` is told how that went.
    func noteReloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        send("RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)")
    }

    /// Keeps systemd informed until it is cancelled.
    ///
    /// - Parameter look: how the service is. That it returns is the proof of life: it needs the pool of threads that all
    ///   work runs on, the delivery and the ledger. Where it throws or hangs, systemd hears nothing and starts the
    ///   service anew, which opens the ledger anew; a kill loses nothing.
    func run(_ look: @escaping @Sendable () async throws -> SystemdStatus.View) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.repeating(every: SystemdNotifier.pace, look) { self.tell($0) } }
            guard let watchdog else { return }
            group.addTask { await self.repeating(every: watchdog / 2, look) { _ in self.send("WATCHDOG=1") } }
        }
    }

    private func repeating(
        every pace: Duration, _ look: @Sendable () async throws -> SystemdStatus.View,
        _ act: (SystemdStatus.View) -> Void
    ) async {
        while !Task.isCancelled {
            // What went wrong is in the log by those whose work it stops.
            if let view = try? await look() { act(view) }
            do { try await time.sleep(for: pace) } catch { return }
        }
    }

    private func tell(_ view: SystemdStatus.View) {
        let line = status.withLock { $0.line(view, at: time.moment) }
        if let line { send("STATUS=\(line)") }
    }
}
