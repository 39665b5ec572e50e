import FileSystem
import GRDB
import SystemPackage

/// What is the matter with the ledger, where an error tells more than that something is.
package enum LedgerTrouble: Sendable, Hashable {
    /// No room for it: the disk is full, or its user's quota.
    case full
    /// What was read is no ledger: bytes of it are not what was written.
    case damaged
    /// It cannot be written or read now.
    case unusable

    /// - Returns: `nil` for an error that is not the ledger's.
    package init?(_ error: any Error) {
        if error is LedgerFull {
            self = .full
            return
        }
        guard let error = error as? DatabaseError else { return nil }
        self =
            switch error.resultCode {
            case .SQLITE_FULL: .full
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: .damaged
            default: .unusable
            }
    }

    /// SQLite tells a spent quota from a full disk: it calls the one an I/O error, and the other by its name. For those
    /// who wait they are the same, so that it is tried out.
    ///
    /// - Parameter ledger: the database's file.
    static func named(_ error: any Error, _ ledger: FilePath) -> any Error {
        let failed = error
        guard (failed as? DatabaseError)?.resultCode == .SQLITE_IOERR else { return failed }
        do throws(SystemCallError) {
            let probe = try OpenFile(temporaryIn: Directory(opening: ledger.removingLastComponent()))
            try probe.write([UInt8](repeating: 0, count: 4096))
            return failed
        } catch {
            let isFull = error.errno == .diskQuotaExceeded || error.errno == .noSpace
            return isFull ? LedgerFull(cause: error) : failed
        }
    }
}

/// No room where the ledger lies, for this user.
struct LedgerFull: Error, CustomStringConvertible {
    let cause: SystemCallError
    var description: String { "the ledger: \(cause)" }
}
