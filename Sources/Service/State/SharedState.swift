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
    /// Opens the ledger for writing; nothing is done that is a start's to do. Run as root, the process takes on the user that owns the state folder first, so that it leaves
    /// no file behind that the service could not use.
    ///
    /// - Throws: ``UndecidedLedger``, ``NewerLedger``, and what opening it throws; where there is no state folder, or the user
    ///   cannot be taken on.
    package static func openLedger(_ configuration: Configuration) throws -> Ledger {
        let status = try Directory(opening: configuration.state).status()
        if geteuid() == 0, status.owner != 0 {
            let path = configuration.state.string
            guard setgroups(0, nil) == 0 else { throw SystemCallError.last("setgroups", path) }
            guard setgid(status.group) == 0 else { throw SystemCallError.last("setgid", path) }
            guard setuid(status.owner) == 0 else { throw SystemCallError.last("setuid", path) }
        }
        return try Ledger.openForCommand(
            state: configuration.state, isServed: StateLock.holder(of: configuration.state) != nil,
            boot: try Boot.identifier(), time: SystemTime(), evidence: configuration.evidenceOfEarlierRuns)
    }
}
