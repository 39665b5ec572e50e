import FileSystem
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
                guard let file = try Configuration.firstFile(in: folder) else { continue }
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

    /// - Returns: `nil` for a folder without files, and for one that is not there or cannot be looked into: whether it
    ///   is as it has to be is asked elsewhere.
    private static func firstFile(in path: FilePath) throws(SystemCallError) -> FileName? {
        do throws(SystemCallError) {
            return try Directory(opening: path).list().filter { $0.bytes.first != UInt8(ascii: ".") }.min()
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
