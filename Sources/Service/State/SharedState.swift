import Ledger
import Model
import SluiceConfiguration
import SystemPackage

/// The state folder as a command uses it beside a running service.
package enum SharedState {
    /// Opens the ledger for writing, as the user that the process has. Nothing is done that is a start's to do.
    ///
    /// - Throws: ``UndecidedLedger``, ``OtherForm``, ``NewerLedger``, and what opening it throws; where there is no state
    ///   folder.
    package static func openLedger(_ configuration: Configuration) throws -> Ledger {
        let state = configuration.state
        let isServed = StateLock.holder(of: state) != nil
        if isServed { try awaitStart(on: state) }
        return try Ledger.openForCommand(
            state: state, isServed: isServed, boot: try Boot.identifier(), time: SystemTime(),
            evidence: configuration.evidenceOfEarlierRuns)
    }

    /// Looks whether a command may act on what the ledger says, where it writes nothing to it.
    ///
    /// - Throws: ``UndecidedLedger``, ``NewerLedger``, ``LedgerReader/Missing``, and what reading it throws.
    package static func check(_ configuration: Configuration) throws {
        let state = configuration.state
        guard try Ledger.isDecided(state: state, isServed: StateLock.holder(of: state) != nil) else {
            throw LedgerReader.Missing()
        }
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
