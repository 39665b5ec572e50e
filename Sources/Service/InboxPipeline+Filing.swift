import FileSystem
import Filing
import Inbox
import Ledger
import Model
import SystemPackage

/// The end of a drop's way: outcome, result, folder.
extension InboxPipeline {
    /// Makes the outcome last, then files drop and result.
    func conclude(
        _ drop: Drop, kind: Kind? = nil, sha256: [UInt8]?, _ ending: Ending, spoken: Spoken? = nil, in work: WorkFolder
    ) async throws {
        let name = try await reserve(drop.name, ending.outcome.folder)
        let result = try await parts.patience.persist("write the ledger") {
            try await parts.ledger.conclude(
                drop, kind: kind, sha256: sha256, ending, filedName: name.drop, spoken: spoken)
        }
        await parts.announcements.announce(final: drop.id)
        let holdsBack = ending.outcome == .accepted && spoken?.settlesIn ?? .zero > .zero
        await parts.order.conclude(drop.id, settlesIn: holdsBack ? spoken?.settlesIn : nil)
        try await file(result, name, in: work)
    }

    private func reserve(_ name: FileName, _ folder: Folder) async throws -> FiledName {
        try await parts.patience.persist("look into \(settings.path(of: folder))") {
            try settings.withFiling(folder) { (target) throws(SystemCallError) in try target.reserve(name) }
        }
    }

    /// Brings a decided drop into its folder. The ledger says all that the result needs, so this can be done again.
    func file(_ result: DropResult, _ name: FiledName, in work: WorkFolder) async throws {
        var result = result
        result.isFull = settings.hasFullResults
        let drop = result.drop
        let folder = result.outcome.folder
        var name = name
        while true {
            let isFiled = try await parts.patience.persist("file a drop in \(settings.path(of: folder))") {
                let place = try work.folder(of: drop.workName)
                let (text, used) = (result.json, name)
                // Where folders are on two file systems it is a copy.
                return try await Workbench.run(bytes: drop.bytes) { [settings] in
                    try settings.withFiling(folder) { (target) throws(SystemCallError) in
                        guard try target.place(sidecar: text, used, drop: drop.id) else { return false }
                        let taken = try target.take(drop.name, from: place, as: used, drop: drop.id)
                        if !taken { try target.withdraw(used) }
                        return taken
                    }
                }
            }
            let used = name
            try await parts.patience.persist("file a drop in \(settings.path(of: folder))") {
                try settings.withFiling(folder) { (target) throws(SystemCallError) in target.release(used) }
                try work.clear(drop.workName)
            }
            if isFiled { break }
            name = try await reserve(drop.name, folder)
            let other = name
            try await parts.patience.persist("write the ledger") {
                try await parts.ledger.rename(drop.id, filedName: other.drop)
            }
        }
        try await parts.patience.persist("write the ledger") { try await parts.ledger.close(drop.id) }
        if result.outcome == .failed { parts.requeuer.note(filed: drop.id) }
        let path = settings.path(of: folder).appending(name.drop.description)
        parts.report(.filed(result, at: path))
    }
}
