import Delivery
import Documents
import FileSystem
import Inbox
import Ledger
import Model
import Synchronization
import SystemPackage

/// Claimed files that cannot be read for a reason of their own: a bad sector, a stale handle, or somebody removed them.
/// What is in the way of all files is waited for in place, and the order of arrival is kept; one bad file stops no other.
extension InboxPipeline {
    enum Look: Sendable {
        case read(DropReader.Reading)
        case gone
        /// Its folder can be looked into, and the file not.
        case unreadable
    }

    /// How often a file is tried, a second apart, before those behind it go on.
    private static let tries = 3

    /// Reads a claimed file, and says what it is where that cannot be done.
    ///
    /// - Throws: what is in the way of others, too. With `strict` nobody goes before a drop, whatever is in its way; with
    ///   `once` nobody waits for it either.
    func look(
        at drop: Drop, in work: WorkFolder, _ read: () async throws -> DropReader.Reading
    ) async throws -> Look {
        for number in 1... {
            do {
                return .read(try await read())
            } catch {
                if error is CancellationError { throw error }
                if try isGone(drop, in: work) { return .gone }
                let folder = try work.folder(of: drop.workName)
                guard settings.order.rule != .strict || settings.folder.once,
                    let damage = await damage(of: drop, in: folder)
                else { throw error }
                if number == InboxPipeline.tries {
                    if settings.folder.once { parts.report(.inbox(settings.name, .cannotClaim(drop.name, damage))) }
                    return .unreadable
                }
                try await parts.time.sleep(for: .seconds(1))
            }
        }
        fatalError("an endless range ended")
    }

    /// Whether a claimed file that gave an error is gone.
    func isGone(_ drop: Drop, in work: WorkFolder) throws(SystemCallError) -> Bool {
        // Where there is no inbox, its file system may be gone for a while.
        _ = try Directory(opening: settings.folder.path)
        // It may be another folder by now.
        work.release()
        return try work.folder(of: drop.workName).status(of: drop.name) == nil
    }

    /// Returns when a file can be read, or is gone.
    func waitForFile(_ drop: Drop, in work: WorkFolder) async throws {
        try await persist("read a drop in \(settings.folder.work)", in: work) {
            let folder = try work.folder(of: drop.workName)
            if try folder.status(of: drop.name) != nil { try await readThrough(drop, in: folder) }
        }
    }

    /// A file that cannot be read stays where it is, and with `strict` so does whatever came after it.
    func leaveToTheNextRun(_ berth: Berth) async {
        guard settings.order.rule == .strict else { return }
        gate.close(behind: berth.ticket)
        await folder.stop()
    }

    /// Whether it is not the file that is in the way.
    func isReadable(_ drop: Drop, in folder: Directory) async -> Bool { await damage(of: drop, in: folder) == nil }

    /// What is wrong with a claimed file that cannot be read; `nil`: it can, or it is not the file that is in the way.
    private func damage(of drop: Drop, in folder: Directory) async -> SystemCallError? {
        do {
            try await readThrough(drop, in: folder)
            return nil
        } catch {
            guard let error = error as? SystemCallError else { return nil }
            let isOurs = [Errno.noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem].contains(error.errno)
            return isOurs ? nil : error
        }
    }

    private func readThrough(_ drop: Drop, in folder: Directory) async throws {
        try await Workbench.run(bytes: drop.bytes) {
            _ = try FileCopy.hash(of: OpenFile(reading: drop.name, in: folder))
        }
    }

    /// A drop that waits has no file any more: it stops nobody.
    func giveUp(_ drop: Drop) async throws -> Step {
        try await parts.patience.persist("write the ledger") { try await parts.ledger.giveUp(drop.id) }
        await parts.announcements.announce(lost: drop.id)
        await parts.order.conclude(drop.id, settlesIn: nil)
        parts.report(.missing(drop))
        return .ended
    }
}
