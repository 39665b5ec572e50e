import Documents
import FileSystem
import Filing
import Inbox
import Ledger
import Model
import SystemPackage

/// From a claimed file to what is to be submitted.
extension InboxPipeline {
    func judge(
        _ drop: Drop, _ status: FileStatus, _ condition: Settling.Condition, claimed: ClaimedDrop?, in work: WorkFolder
    ) async throws -> Step {
        let start = parts.time.moment
        let found = try await persist("read a drop in \(settings.folder.work)", in: work) {
            try await look(at: drop, in: work) { try await read(drop, status, condition, in: work) }
        }
        KillPoint.judged.reach()
        parts.report(.measured(.judge, parts.time.moment - start))
        let reading: DropReader.Reading
        switch found {
        case .read(let what): reading = what
        case .gone: return try await giveUp(drop)
        case .unreadable:
            // Whenever it can be read, in a later run too, it has its place before those that come now.
            try await parts.patience.persist("write the ledger") { try await parts.ledger.enlist(unread: drop) }
            return .waits(drop, status, for: .file)
        }
        switch reading {
        case .unfinished(let problem, let sha256):
            return try await endUnfinished(drop, claimed, problem, sha256: sha256, in: work)
        case .problem(let kind, let problem, let sha256):
            let open = Unfit(drop: drop, problem: problem, sha256: sha256, status: status, condition: condition)
            if let step = try await goOn(open, inode: claimed?.inode, in: work) { return step }
            try await conclude(drop, kind: kind, sha256: sha256, .failed(problem), in: work)
            return .ended
        case .document(let document, let sha256):
            return try await job(
                for: drop, document.kind, .document(document), sha256: sha256, status, inode: claimed?.inode, in: work)
        case .attachment(let attachment, let file, let size, let sha256):
            return try await job(
                for: drop, .attachment, .attachment(attachment, file: file, size: size), sha256: sha256, status,
                inode: claimed?.inode, in: work)
        }
    }

    /// Reads a claimed file; one of somebody else's from a copy, which has taken its place then unless it is unfinished.
    ///
    /// - Parameter other: reads it in another way than the inbox's own reader.
    func read(
        _ drop: Drop, _ status: FileStatus, _ condition: Settling.Condition, in work: WorkFolder,
        with other: DropReader? = nil
    ) async throws -> DropReader.Reading {
        let isCopied = condition != .notRegular && settings.copies(status) && status.size <= reader.longestDrop
        // It may have been looked at before.
        let hasCopy = try isCopied && work.hasCopy(of: drop.workName, claimedAs: status)
        let reader = other ?? reader
        if isCopied, !hasCopy { return try await readCopy(of: drop, status, condition, in: work, with: reader) }
        let place = try work.folder(of: drop.workName)
        return try await Workbench.run(bytes: status.size) {
            try reader.read(
                drop.name, in: place, condition: condition, arrived: drop.receivedAt,
                expected: hasCopy ? nil : status)
        }
    }

    private func readCopy(
        of drop: Drop, _ status: FileStatus, _ condition: Settling.Condition, in work: WorkFolder,
        with reader: DropReader
    ) async throws -> DropReader.Reading {
        let changed = DropReader.Reading.problem(
            nil, Problem(.readChanged, "The file was written to while it was taken."), sha256: nil)
        return try await Workbench.run(bytes: status.size) {
            guard let copy = try work.copy(drop.workName, for: drop.id, ofSize: status.size) else { return changed }
            do {
                let reading =
                    copy.isWhole
                    ? try reader.read(
                        drop.name, from: copy.name, in: work.folder(of: drop.workName), condition: condition,
                        arrived: drop.receivedAt) : changed
                // An upload may go on in the original.
                if case .unfinished = reading { return reading }
                if try work.placeCopy(of: drop.workName, for: drop.id) { return reading }
                throw SystemCallError("statx", copy.name.description, .noSuchFileOrDirectory)
            } catch {
                // Read again it is made anew; the room that it takes may be what is missing.
                _ = try? work.removeCopy(of: drop.workName, for: drop.id)
                throw error
            }
        }
    }

    /// What only reading showed to be unfinished goes back where it can. The file that its sender wrote does, for an
    /// upload that is still open goes on in that one, and no other can be resumed by its sender.
    private func endUnfinished(
        _ drop: Drop, _ claimed: ClaimedDrop?, _ problem: Problem, sha256: [UInt8], in work: WorkFolder
    ) async throws -> Step {
        if let claimed, await folder.takeBack(claimed) {
            try await persist("clear up in \(settings.folder.work)", in: work) {
                try work.removeCopy(of: drop.workName, for: drop.id)
            }
            parts.report(.wentBack(inbox: settings.name, drop.name))
            return .ended
        }
        let isThere = try await persist("copy a drop in \(settings.folder.work)", in: work) {
            try work.placeCopy(of: drop.workName, for: drop.id)
        }
        if !isThere { return try await giveUp(drop) }
        try await conclude(drop, sha256: sha256, .failed(problem), in: work)
        return .ended
    }

    /// - Parameter unfit: why it fails unless something of it has left.
    func job(
        for drop: Drop, _ kind: Kind, _ content: SubmissionJob.Content, sha256: [UInt8], _ status: FileStatus,
        inode: UInt64?, unfit: Problem? = nil, in work: WorkFolder
    ) async throws -> Step {
        do {
            let job = try await persist("read a drop in \(settings.folder.work)", in: work) {
                let readAgain = readingAgain(drop, in: work)
                return try await Workbench.run(bytes: drop.bytes) { [settings] in
                    var job = try SubmissionJob(
                        drop: drop, kind: kind, sha256: sha256, inode: inode, content: content, readAgain: readAgain)
                    job.hasFullResult = settings.hasFullResults
                    job.unfit = unfit
                    return job
                }
            }
            return .judged(job, status)
        } catch is DocumentHasChanged {
            return try await hasChanged(drop, kind, sha256: sha256, in: work)
        }
    }

    /// The file is no longer what was judged. Nothing of it has left: that is looked at before anything does.
    func hasChanged(_ drop: Drop, _ kind: Kind, sha256: [UInt8], in work: WorkFolder) async throws -> Step {
        let problem = Problem(.readChanged, "The file was written to while it was read.")
        try await conclude(drop, kind: kind, sha256: sha256, .failed(problem), in: work)
        return .ended
    }

    private func readingAgain(_ drop: Drop, in work: WorkFolder) -> @Sendable () async throws -> [UInt8] {
        let longest = reader.sizes.held
        return {
            do throws(SystemCallError) {
                let file = try OpenFile(reading: drop.name, in: work.folder(of: drop.workName))
                let size = try file.status().size
                // What is not held makes its bodies from the file piece by piece.
                return size > longest ? [] : try file.bytes(at: 0, count: Int(size))
            } catch {
                work.release()
                throw error
            }
        }
    }
}
