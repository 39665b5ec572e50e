import FileSystem
import Model
import SystemPackage

/// The ledger for a command that writes to it, beside a service that runs or without one.
extension Ledger {
    /// Opens it as it is; makes it where a first start would. Whatever a start has to say something about stays untouched:
    /// opened here, a broken log would be forgotten, and a backup would not be known as one.
    ///
    /// - Parameters:
    ///   - isServed: whether a service runs on it. What that writes to stays in the form that it knows.
    ///   - evidence: what shows that a service has run before, looked for where there is no ledger.
    /// - Throws: ``UndecidedLedger``; ``OtherForm``; ``NewerLedger``; GRDB's `DatabaseError`; ``SystemCallError``.
    package static func openForCommand(
        state: FilePath, isServed: Bool, boot: String, time: any TimeSource,
        evidence: () throws(SystemCallError) -> String?
    ) throws -> Ledger {
        guard try isDecided(state: state, isServed: isServed) else {
            if try evidence() != nil { throw UndecidedLedger.lost }
            return try Ledger(state: state, boot: boot, time: time)
        }
        guard isServed else { return try openSound(state: state, boot: boot, time: time) }
        guard try LedgerReader(state: state).isUpToDate else { throw OtherForm() }
        return try Ledger(state: state, boot: boot, time: time)
    }

    /// Looks whether a command may act on what the ledger says. Nothing is opened for writing.
    ///
    /// - Parameter isServed: whether a service runs on it. What that has looked through is not looked through again.
    /// - Returns: `false`: there is none.
    /// - Throws: ``UndecidedLedger``, where only a start may; ``NewerLedger``; GRDB's `DatabaseError`; ``SystemCallError``.
    package static func isDecided(state: FilePath, isServed: Bool) throws -> Bool {
        let file = try LedgerFile(state: state)
        if try isNoted(in: state) { throw UndecidedLedger.noted }
        if try file.hasForeignLog { throw UndecidedLedger.foreignLog }
        if try isServed && file.isThere { return true }
        switch try file.examine() {
        case .sound: return true
        case .missing: return false
        case .newer: throw NewerLedger(state: state)
        case .damaged(let damage): throw UndecidedLedger.damaged(damage)
        }
    }
}

/// A ledger that only a start may open: it keeps files aside, and says what there is to decide.
package enum UndecidedLedger: Error, Hashable, CustomStringConvertible {
    /// A service that ran found damage, and has said so for the next start.
    case noted
    /// It is not what was written; why, in words.
    case damaged(String)
    /// A backup is in the place of a ledger whose log still lies there.
    case foreignLog
    /// There is none where one has been.
    case lost

    package var description: String {
        switch self {
        case .noted: "a service found it damaged; start the service, which says what there is to decide"
        case .damaged(let damage):
            "it is damaged: \(damage); start the service, which keeps it aside and says what there is to decide"
        case .foreignLog:
            """
            it is a backup, and the log of the ledger that it replaces lies beside it (ledger.sqlite-wal); start the \
            service, which keeps that log aside
            """
        case .lost: "it is lost; start the service, which says what there is to decide"
        }
    }
}

/// The ledger is of an earlier version's form, and a service works on it: one of that version, or one that starts and is
/// about to bring it up to date. A restart would have that one begin anew.
package struct OtherForm: Error, CustomStringConvertible {
    package let description =
        "the service is still starting and brings it up to date, which may take minutes, or is of an older version; try "
        + "again when its log says that it started, and restart it only if it has been running for long"
}
