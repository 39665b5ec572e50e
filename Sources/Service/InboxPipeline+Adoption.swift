import FileSystem
import Inbox
import Ledger
import Model

/// An inbox that was renamed.
extension InboxPipeline {
    /// Takes over the drops in `.work` that the ledger knows as those of an inbox that is no more: of this very
    /// folder, when it or its inbox had another name. Taken for new ones they would wait for themselves.
    ///
    /// - Parameter contents: what lies in `.work` and is unknown as this inbox's.
    /// - Returns: whether there were any.
    func adoptOrphans(_ contents: [(name: WorkName, status: FileStatus)], in work: WorkFolder) async throws -> Bool {
        let files = contents.filter { $0.status.form == .regular }
        if files.isEmpty { return false }
        let sizes = Dictionary(uniqueKeysWithValues: files.map { ($0.name, $0.status.size) })
        var hasAdopted = false
        for orphan in try await parts.ledger.unfinished(notOf: settings.name) {
            let drop = orphan.drop
            guard sizes[drop.workName] == drop.bytes, await !parts.isInbox(drop.inbox) else { continue }
            guard try work.folder(of: drop.workName).isFile(drop.name, sha256: orphan.sha256) else { continue }
            try await parts.ledger.adopt(drop.id, by: settings.name, scope: settings.scope)
            KillPoint.orphanAdopted.reach()
            hasAdopted = true
        }
        return hasAdopted
    }
}
