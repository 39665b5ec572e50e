import Inbox
import Model

/// One service to an inbox.
extension InboxPipeline {
    /// Takes the inbox, and waits as long as another service has it.
    ///
    /// - Returns: `false` where it was told to stop before that, and with `once`.
    func isNobodyElses() async throws -> Bool {
        var isReported = false
        while let holder = try await hold() {
            if !isReported {
                let words = "another service uses \(settings.folder.path): \(holder)"
                parts.report(.inbox(settings.name, .unsuitable(words)))
            }
            isReported = true
            if settings.folder.once || isStopping { return false }
            try await parts.time.sleep(for: min(settings.folder.rescan, .seconds(1)))
        }
        if isReported { parts.report(.inbox(settings.name, .available)) }
        return true
    }

    private func hold() async throws -> String? {
        try await parts.patience.persist("open \(settings.folder.work)") {
            _ = try WorkFolder(at: settings.folder.work)
            return try parts.claims.hold(settings.folder.work)
        }
    }

    func letGo() {
        do {
            try parts.claims.letGo(settings.folder.work)
        } catch {
            // The folder is gone or cannot be written: the note is worth nothing once this process has ended.
        }
    }
}
