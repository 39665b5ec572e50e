import FileSystem
import Glibc
import Ledger
import Model
import SystemPackage

/// Whether a service could use its state folder, as ``StateLock`` and the ledger find out at a start. Nothing is made.
package enum StateCheck {
    /// What is wrong, in plain words with the mode and owner that would be right; `nil` where all is well.
    package static func problem(of state: FilePath) -> String? {
        guard let status = FileStatus(at: state) else { return problem(ofMissing: state) }
        guard status.form == .directory else { return "\(state) is no folder" }
        guard may(R_OK | W_OK | X_OK, state) else { return refusal(state, status, mode: 0o700) }
        for name in [StateLock.file] + LedgerFile.names {
            let file = state.appending(name.description)
            guard let status = FileStatus(at: file) else { continue }
            guard status.form == .regular else { return "\(file) is no regular file" }
            guard may(R_OK | W_OK, file) else { return refusal(file, status, mode: 0o600) }
        }
        return nil
    }

    /// The service makes its state folder, and none above it.
    private static func problem(ofMissing state: FilePath) -> String? {
        let parent = state.removingLastComponent()
        guard let status = FileStatus(at: parent) else {
            return "\(state) cannot be made, for \(parent) is not there, or cannot be looked into "
                + "(install -d -o \(geteuid()) -m 700 \(state))"
        }
        guard status.form == .directory else { return "\(state) cannot be made, for \(parent) is no folder" }
        guard FileStatus(at: state, followingLinks: false) == nil else {
            return "\(state) is a link that leads nowhere"
        }
        if FolderCheck.isWritable(parent) { return nil }
        let reason = Errno(rawValue: errno)
        return "\(state) cannot be found, and the service's user \(geteuid()) cannot make it in \(parent): \(reason) "
            + "(install -d -o \(geteuid()) -m 700 \(state))"
    }

    private static func may(_ what: CInt, _ path: FilePath) -> Bool {
        path.withPlatformString { faccessat(AT_FDCWD, $0, what, AT_EACCESS) } == 0
    }

    /// What ``may(_:_:)`` has just denied.
    private static func refusal(_ path: FilePath, _ status: FileStatus, mode: UInt32) -> String {
        let (user, reason) = (geteuid(), Errno(rawValue: errno))
        let (found, right) = (FolderCheck.octal(status.mode), FolderCheck.octal(mode))
        return "\(path) belongs to user \(status.owner) with mode \(found), and the service's user \(user) cannot read "
            + "and write it: \(reason); it must belong to that user with mode \(right) "
            + "(chown \(user) \(path) && chmod \(right) \(path))"
    }
}
