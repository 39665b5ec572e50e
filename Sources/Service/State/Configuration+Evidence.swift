import FileSystem
import Filing
import Ledger
import Model
import SluiceConfiguration
import SystemPackage

extension Configuration {
    /// What shows that a service has worked on these folders before: asked where there is no ledger, which is lost then.
    ///
    /// A real first start finds none: files wait in inboxes, and nothing lies behind them. What lies in `.work` alone is
    /// taken as new, as everything there that no ledger knows: nothing was ever filed, and what may have left of it is
    /// repeated under the reference that it had.
    func evidenceOfEarlierRuns() throws(SystemCallError) -> String? {
        for name in ["token.json", "bodies"] where try Configuration.holds(FileName(name), in: state) {
            return "\(state) holds \(name)"
        }
        for inbox in expandedInboxes() {
            for folder in [inbox.done, inbox.failed].compactMap(\.self) {
                guard let file = try Configuration.firstResult(in: folder) else { continue }
                return "\(folder) holds \(file)"
            }
        }
        return nil
    }

    /// Whether an entry is there, and is no empty folder.
    private static func holds(_ name: FileName, in path: FilePath) throws(SystemCallError) -> Bool {
        let directory = try Directory(opening: path)
        guard let status = try directory.status(of: name) else { return false }
        guard status.form == .directory else { return true }
        return try !directory.subdirectory(name).list().isEmpty
    }

    /// A result of ours. Files alone are no evidence: an admin may have put them there.
    ///
    /// - Returns: `nil` where there is none, and for a folder that is not there or cannot be looked into: whether it is as
    ///   it has to be is asked elsewhere.
    private static func firstResult(in path: FilePath) throws(SystemCallError) -> FileName? {
        do throws(SystemCallError) {
            let folder = try Directory(opening: path)
            for name in try folder.list().filter(\.isSidecar).sorted() {
                if try ResultFile(name, in: folder)?.drop != nil { return name }
            }
            return nil
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory, .notDirectory, .permissionDenied: return nil
            default: throw error
            }
        }
    }

    /// Ends a service whose ledger turned out to be damaged: the next start keeps it aside.
    ///
    /// - Throws: ``CannotStart``, which says what happens next.
    func leave(_ damage: LedgerDamage) throws(CannotStart) {
        guard let words = damage.words else { return }
        var next = "the next start keeps it aside, and is paused until an admin has decided"
        do throws(SystemCallError) {
            try Ledger.noteDamage(words, state: state)
        } catch {
            next = "that cannot be written down for the next start: \(error)"
        }
        throw CannotStart("the ledger in \(state) is damaged: \(words); \(next)")
    }
}
