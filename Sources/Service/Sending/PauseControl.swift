import Delivery
import FileSystem
import Inbox
import Ledger
import Model
import SystemPackage

/// What an admin paused stands in the ledger; a file in the state folder's `control` tells a running service to look.
package enum PauseControl {
    static let folder = FileName("control")
    private static let bell = FileName("pauses")

    /// Pauses an inbox, or everything, whether a service runs or not.
    package static func pause(_ inbox: String?, ledger: Ledger, state: FilePath) async throws {
        try await ledger.pause(inbox)
        try ring(state)
    }

    /// Ends a pause; without a name every one.
    package static func resume(_ inbox: String?, ledger: Ledger, state: FilePath) async throws {
        try await ledger.resume(inbox)
        try ring(state)
    }

    private static func ring(_ state: FilePath) throws(SystemCallError) {
        let folder = try Directory(opening: state).subdirectory(PauseControl.folder, makingWith: 0o700)
        _ = try OpenFile(creating: bell, in: folder, .overwriting(mode: 0o600))
    }
}

/// Carries out what is paused, now and whenever it changes.
struct PauseWatch: Sendable {
    let ledger: Ledger
    let state: FilePath
    let gate: PauseGate
    let patience: Patience
    var notifier: any FolderWatcher = Notifier.shared
    let report: @Sendable (ServiceEvent) -> Void

    /// How often the ledger is asked where the kernel does not tell of the bell.
    private static let pollInterval = Duration.seconds(1)

    /// Carries out what the ledger says at a start, and says what an admin has to decide.
    func begin(with supervisor: InboxSupervisor) async throws -> Set<String> {
        let reason = try await patience.persist("read the ledger") { try await ledger.pauseReason() }
        guard let reason else {
            // Not while something is to be decided: another ledger may know them.
            try await patience.persist("look through kept bodies") { try ledger.sweepBodies() }
            return try await apply(to: supervisor)
        }
        report(.ledgerNeedsDecision(reason))
        report(.paused([""]))
        // Where an admin decided just now, that is told behind it.
        return try await apply(to: supervisor, before: [""])
    }

    /// Carries out what the ledger says now.
    func apply(to supervisor: InboxSupervisor, before: Set<String> = []) async throws -> Set<String> {
        let names = try await patience.persist("read the ledger") { try await ledger.pauses() }
        let paused = PauseGate.Paused(all: names.contains(""), inboxes: names)
        await gate.set(paused)
        for pipeline in await supervisor.pipelines {
            await pipeline.folder.setPaused(paused.holds(pipeline.settings.name))
        }
        if names != before { report(.paused(names)) }
        return names
    }

    /// Runs until it is cancelled.
    func run(_ supervisor: InboxSupervisor, paused: Set<String>) async {
        let hints = FolderHints()
        defer { notifier.forget(hints) }
        do {
            try await watch(hints)
            var paused = paused
            for await gathered in hints {
                if gathered.isGone || gathered.isUnmounted { try await watch(hints) }
                repeat {
                    paused = try await apply(to: supervisor, before: paused)
                    if gathered.unwatched != nil { try await patience.time.sleep(for: PauseWatch.pollInterval) }
                } while gathered.unwatched != nil
            }
        } catch {
            // The service stops.
        }
    }

    /// Makes the bell's folder where it is not there.
    private func watch(_ hints: FolderHints) async throws {
        try await patience.persist("watch \(state)") {
            let folder = try Directory(opening: state).subdirectory(PauseControl.folder, makingWith: 0o700)
            notifier.watch(folder.path, hints)
        }
    }
}
