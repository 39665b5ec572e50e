import GRDB
import GRDBSQLite
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
    /// who wait they are the same.
    static func named(_ error: any Error, _ database: Database) -> any Error {
        guard let failed = error as? DatabaseError, failed.resultCode == .SQLITE_IOERR,
            let connection = database.sqliteConnection
        else { return error }
        return sqlite3_system_errno(connection) == Errno.diskQuotaExceeded.rawValue ? LedgerFull() : error
    }
}

/// The quota of the service's user is spent where the ledger lies.
struct LedgerFull: Error, CustomStringConvertible {
    var description: String { "the ledger: Disk quota exceeded" }
}
