import Documents
import FileSystem
import Filing
import Inbox
import Ledger
import Model
import SystemPackage

/// The end of a drop's way: outcome, result, folder.
extension InboxPipeline {
    /// Makes the outcome last, then files drop and result.
    ///
    /// - Parameter sent: the batches that it follows from.
    func conclude(
        _ drop: Drop, kind: Kind? = nil, sha256: [UInt8]?, _ ending: Ending, sent: [Batch] = [],
        spoken: Spoken? = nil, in work: WorkFolder
    ) async throws {
        KillPoint.outcomeDecided.reach()
        let (name, ending) = try await name(for: drop, ending)
        KillPoint.nameReserved.reach()
        let result = try await parts.patience.persist("write the ledger") {
            try await parts.ledger.conclude(
                drop, kind: kind, sha256: sha256, ending, filedName: name.drop, spoken: spoken)
        }
        KillPoint.outcomeCommitted.reach()
        await parts.announcements.announce(final: drop.id)
        let holdsBack = ending.outcome == .accepted && spoken?.settlesIn ?? .zero > .zero
        await parts.order.conclude(drop.id, settlesIn: holdsBack ? spoken?.settlesIn : nil)
        // What it shared was looked through for its records until now; it was decided before it shared anything.
        let batches = parts.submitter.confirms && !sent.isEmpty ? result.batches.map(\.batch) : sent
        if ending.outcome == .accepted || batches.contains(where: { $0.joined != nil }) {
            try await parts.submitter.forgetBodies(of: batches)
        }
        KillPoint.bodiesForgotten.reach()
        try await file(result, name, in: work)
    }

    /// - Returns: besides, the ending as it is to be written down. No answer waits for a folder.
    private func name(for drop: Drop, _ ending: Ending) async throws -> (FiledName, Ending) {
        let folder = ending.outcome.folder
        guard let answer = ending.answer else { return (try await reserve(drop.name, folder), ending) }
        do {
            return (try reserveAtOnce(drop.name, folder), ending)
        } catch {
            try await parts.patience.persist("write the ledger") { try await parts.ledger.end(answer) }
            var rest = ending
            rest.answer = nil
            return (try await reserve(drop.name, folder), rest)
        }
    }

    /// - Parameter isPlain: the folder's file system refuses the drop's own name.
    private func reserve(
        _ name: FileName, _ folder: Folder, isPlain: Bool = false
    ) async throws -> FiledName {
        try await parts.patience.persist("look into \(settings.path(of: folder))") {
            try reserveAtOnce(name, folder, isPlain: isPlain)
        }
    }

    private func reserveAtOnce(
        _ name: FileName, _ folder: Folder, isPlain: Bool = false
    ) throws(SystemCallError) -> FiledName {
        try settings.withFiling(folder) { (target) throws(SystemCallError) in
            if isPlain { return try target.reserve(FiledName.plain(name)) }
            do throws(SystemCallError) {
                return try target.reserve(name)
            } catch {
                guard error.mayRefuseName else { throw error }
                return try target.reserve(FiledName.plain(name))
            }
        }
    }

    /// What became of a try to file a drop under a name.
    private enum Filed {
        case filed
        /// Something else has the name.
        case taken
        /// The file system does not take such a name.
        case refused
        /// Somebody removed it from `.work`.
        case gone
    }

    private func tryToPlace(
        _ result: DropResult, _ name: FiledName, isPlain: Bool, in work: WorkFolder
    ) throws(SystemCallError) -> Filed {
        let drop = result.drop
        let place = try work.folder(of: drop.workName)
        return try settings.withFiling(result.outcome.folder) { (target) throws(SystemCallError) in
            do throws(SystemCallError) {
                guard try target.place(sidecar: result.sidecar, name, drop: drop.id) else { return .taken }
                KillPoint.resultPlaced.reach()
                if try target.take(drop.name, from: place, as: name, drop: drop.id) {
                    KillPoint.moved.reach()
                    return .filed
                }
                try target.withdraw(name)
                return .taken
            } catch {
                if try isGone(drop, in: work), try !target.has(name) {
                    try target.withdraw(name)
                    return .gone
                }
                guard error.mayRefuseName, !isPlain else { throw error }
                try target.withdraw(refused: name)
                return .refused
            }
        }
    }

    /// Brings a decided drop into its folder, and closes it.
    func file(_ result: DropResult, _ name: FiledName, in work: WorkFolder) async throws {
        let start = parts.time.moment
        guard let name = try await place(result, name, in: work) else { return parts.report(.missing(result.drop)) }
        try await close(result, name)
        parts.report(.measured(.file, parts.time.moment - start))
    }

    /// A drop and its result are in their folder.
    func close(_ result: DropResult, _ name: FiledName) async throws {
        let folder = result.outcome.folder
        let filing = try await parts.patience.persist("write the ledger") {
            try await parts.ledger.close(result.drop.id)
        }
        KillPoint.closed.reach()
        await syncs.note([filing], folder, name)
        if result.outcome == .failed { parts.requeuer.note(filed: result.drop.id) }
        let path = settings.path(of: folder).appending(name.drop.description)
        parts.report(.filed(result, at: path))
    }

    /// A result with all that its sidecar says.
    func shown(_ result: DropResult) -> DropResult {
        var result = result
        result.isFull = settings.hasFullResults
        let isHidden = !result.alreadyAccepted.isEmpty && reader.documents.rules.hidesIdentities(result.kind)
        return isHidden ? result.withoutRecords(showing: QuotingText.mask) : result
    }

    /// Puts a decided drop and its result into its folder. The ledger says all that the result needs, so this can be
    /// done again.
    ///
    /// - Returns: the name that it has there; `nil` where its file is gone.
    func place(_ result: DropResult, _ name: FiledName, in work: WorkFolder) async throws -> FiledName? {
        let result = shown(result)
        let drop = result.drop
        let folder = result.outcome.folder
        var name = name
        var isPlain = false
        while true {
            let (tried, wasPlain, text) = (name, isPlain, result)
            let filed = try await persist("file a drop in \(settings.path(of: folder))", in: work) {
                // Where folders are on two file systems it is a copy.
                try await Workbench.run(bytes: drop.bytes) { [self] in
                    try tryToPlace(text, tried, isPlain: wasPlain, in: work)
                }
            }
            try await persist("file a drop in \(settings.path(of: folder))", in: work) {
                try settings.withFiling(folder) { (target) throws(SystemCallError) in target.release(tried) }
                try work.clear(drop.workName)
            }
            KillPoint.workCleared.reach()
            switch filed {
            case .filed: return name
            case .gone: return nil
            case .refused: isPlain = true
            case .taken: break
            }
            name = try await reserve(drop.name, folder, isPlain: isPlain)
            KillPoint.otherNameReserved.reach()
            let other = name
            try await parts.patience.persist("write the ledger") {
                try await parts.ledger.rename(drop.id, filedName: other.drop)
            }
            KillPoint.otherNameCommitted.reach()
        }
    }
}
