import FileSystem
import Ledger
import Model
import SluiceConfiguration
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The state folder as a command uses it beside a running service.
package enum SharedState {
    /// Opens the ledger. Run as root, the process takes on the user that owns the state folder first, so that it leaves
    /// no file behind that the service could not use.
    ///
    /// - Throws: where there is no state folder, or the user cannot be taken on.
    package static func openLedger(_ configuration: Configuration) throws -> Ledger {
        let status = try Directory(opening: configuration.state).status()
        if geteuid() == 0, status.owner != 0 {
            let path = configuration.state.string
            guard setgroups(0, nil) == 0 else { throw SystemCallError.last("setgroups", path) }
            guard setgid(status.group) == 0 else { throw SystemCallError.last("setgid", path) }
            guard setuid(status.owner) == 0 else { throw SystemCallError.last("setuid", path) }
        }
        let file = try LedgerFile(state: configuration.state)
        if try file.hasForeignLog { throw ForeignLog() }
        // A new one here would hide from the next start that the old one is lost.
        if try !file.isThere, try configuration.evidenceOfEarlierRuns() != nil {
            throw LostLedger()
        }
        return try Ledger(state: configuration.state, boot: try Boot.identifier(), time: SystemTime())
    }
}

/// A backup is in the place of a ledger whose log still lies there.
struct ForeignLog: Error, CustomStringConvertible {
    let description = """
        it is a backup, and the log of the ledger that it replaces lies beside it (ledger.sqlite-wal); start the service, \
        which keeps that log aside
        """
}

/// There is no ledger where one has been.
struct LostLedger: Error, CustomStringConvertible {
    let description = "it is lost; start the service, which says what there is to decide"
}
