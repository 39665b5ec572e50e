import FileSystem
import Ledger
import Synchronization
import SystemPackage

/// Something of this machine that is in the way of some work.
package struct LocalFault: Sendable, Hashable {
    package enum Cause: Sendable, Hashable {
        /// No room: a full disk, or a spent quota.
        case diskFull
        case ledger
        /// A folder or file of ours: no permission, a read-only disk, no descriptor left.
        case folder
    }

    /// What cannot be done: `write the ledger`, `file a drop in /srv/erp/done`.
    package let work: String
    package let cause: Cause
    package let message: String

    package init(work: String, cause: Cause, message: String) {
        self.work = work
        self.cause = cause
        self.message = message
    }

    init(_ work: String, _ error: any Error) {
        self.init(work: work, cause: Cause(error), message: String(describing: error))
    }
}

extension LocalFault.Cause {
    init(_ error: any Error) {
        if let trouble = LedgerTrouble(error) {
            self = trouble == .full ? .diskFull : .ledger
        } else {
            let errno = (error as? SystemCallError)?.errno
            self = errno == .noSpace || errno == .diskQuotaExceeded ? .diskFull : .folder
        }
    }
}

/// What is in the way now: of many drops that wait for one disk, the first tells of it and the last says that it is over.
final class FaultBook: Sendable {
    private let waiting = Mutex<[String: Int]>([:])

    /// - Returns: whether nobody has told of it.
    func begin(_ work: String) -> Bool {
        waiting.withLock { waiting in
            waiting[work, default: 0] += 1
            return waiting[work] == 1
        }
    }

    /// - Returns: whether nobody waits any more.
    func end(_ work: String) -> Bool {
        waiting.withLock { waiting in
            let left = waiting[work, default: 1] - 1
            waiting[work] = left == 0 ? nil : left
            return left == 0
        }
    }
}
