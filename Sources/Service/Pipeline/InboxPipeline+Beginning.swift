import Delivery
import Inbox
import Model

/// What an inbox waits for before anything of it is taken up. Each wait answers `false` where it was told to stop before
/// its end, and with `once`: there is no waiting then.
extension InboxPipeline {
    /// Waits until the inbox and its folders are as they have to be.
    func waitForFolders() async throws -> Bool {
        try await wait { settings.folderProblems().first }
    }

    /// Takes the inbox, and waits as long as another service has it.
    func waitForHolder() async throws -> Bool {
        try await wait { try await hold().map { "another service uses \(settings.folder.path): \($0)" } }
    }

    /// Waits until nobody holds the inbox: what lies in `.work` is not taken up during a pause.
    func waitForPause() async throws -> Bool {
        try await wait(tells: false) { await parts.pauses.holds(settings.name) ? "it is paused" : nil }
    }

    /// - Parameters:
    ///   - tells: whether what is in the way is said, once.
    ///   - obstacle: what is in the way, in plain words.
    private func wait(tells: Bool = true, while obstacle: () async throws -> String?) async throws -> Bool {
        var isToTell = tells
        while let words = try await obstacle() {
            if isToTell { parts.report(.inbox(settings.name, .unsuitable(words))) }
            isToTell = false
            if settings.folder.once || isStopping { return false }
            try await parts.time.sleep(for: min(settings.folder.rescan, .seconds(1)))
        }
        return true
    }

    private func hold() async throws -> String? {
        try await parts.patience.persist("open \(settings.folder.work)") {
            _ = try WorkFolder(at: settings.folder.work)
            return try parts.claims.hold(settings.folder.work)
        }
    }

    /// Another service may have the inbox.
    func letGo() {
        do {
            try parts.claims.letGo(settings.folder.work)
        } catch {
            // The folder is gone or cannot be written: the note is worth nothing once this process has ended.
        }
    }
}
