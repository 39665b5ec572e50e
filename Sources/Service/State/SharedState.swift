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
    /// Opens the ledger for writing. Nothing is done that is a start's to do. Run as root, the process takes on the user
    /// that owns the state folder first, so that it leaves no file behind that the service could not use.
    ///
    /// - Throws: ``UndecidedLedger``, ``OlderService``, ``NewerLedger``, and what opening it throws; where there is no state
    ///   folder.
    package static func openLedger(_ configuration: Configuration) throws -> Ledger {
        let state = configuration.state
        let status = try Directory(opening: state).status()
        if geteuid() == 0, status.owner != 0 {
            guard setgroups(0, nil) == 0 else { throw SystemCallError.last("setgroups", state.string) }
            guard setgid(status.group) == 0 else { throw SystemCallError.last("setgid", state.string) }
            guard setuid(status.owner) == 0 else { throw SystemCallError.last("setuid", state.string) }
        }
        let isServed = StateLock.holder(of: state) != nil
        if isServed { try awaitStart(on: state) }
        return try Ledger.openForCommand(
            state: state, isServed: isServed, boot: try Boot.identifier(), time: SystemTime(),
            evidence: configuration.evidenceOfEarlierRuns)
    }

    /// A service that starts makes the ledger, or brings it up to date: two cannot do so at once.
    private static func awaitStart(on state: FilePath) throws {
        do {
            _ = try Administration.open(state)
        } catch is LedgerReader.Missing {
            // It is made where nothing shows that it is lost.
        }
    }
}
