import FileSystem
import Inbox
import Ledger
import Model
import SystemPackage

/// Inboxes whose names or folders changed: a drop belongs to the one whose `.work` has its file.
extension InboxPipeline {
    /// Takes over the drops in `.work` that the ledger knows as another inbox's: of this very folder, when it or its
    /// inbox had another name. Taken for new ones they would wait for themselves.
    ///
    /// - Parameter contents: what lies in `.work` and is unknown as this inbox's.
    /// - Returns: whether there were any.
    func adoptOrphans(_ contents: [(name: WorkName, status: FileStatus)], in work: WorkFolder) async throws -> Bool {
        let files = contents.filter { $0.status.form == .regular }
        if files.isEmpty { return false }
        let sizes = Dictionary(uniqueKeysWithValues: files.map { ($0.name, $0.status.size) })
        let folders = await parts.workFolders()
        var hasAdopted = false
        for orphan in try await parts.ledger.unfinished(notOf: settings.name) {
            let drop = orphan.drop
            guard sizes[drop.workName] == drop.bytes,
                // One that cannot be looked into may have it. This first: where it does, what lies here is not read.
                !(folders[drop.inbox] ?? []).contains(where: { (try? orphan.lies(in: $0)) ?? true }),
                try work.folder(of: drop.workName).isFile(drop.name, sha256: orphan.sha256),
                try await parts.ledger.adopt(drop, by: settings.name, scope: settings.scope)
            else { continue }
            KillPoint.orphanAdopted.reach()
            hasAdopted = true
        }
        return hasAdopted
    }

    /// Those of this inbox's drops that another one has in its `.work`, and will take over.
    ///
    /// - Parameter absent: drops that are not here.
    func orphans(among absent: [Orphan]) async throws -> Set<DropID> {
        if absent.isEmpty { return [] }
        let folders = await parts.workFolders()
        // What another inbox knows as its own is not one of these.
        let others = try await parts.ledger.unfinished(notOf: settings.name)
        return Set(
            absent.filter { orphan in
                folders.contains { inbox, folders in
                    inbox != settings.name && folders.contains { (try? orphan.lies(in: $0)) ?? false }
                        && !others.contains {
                            $0.drop.inbox == inbox && $0.drop.workName == orphan.drop.workName
                                && $0.sha256 == orphan.sha256
                        }
                }
            }.map(\.drop.id))
    }
}

extension Orphan {
    fileprivate func lies(in work: FilePath) throws(SystemCallError) -> Bool {
        try WorkFolder.has(drop.workName, bytes: drop.bytes, sha256: sha256, at: work)
    }
}
