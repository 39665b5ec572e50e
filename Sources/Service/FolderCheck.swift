import FileSystem
import Model
import SluiceConfiguration
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Whether the folders of an inbox are as the contract's section 2 wants them.
package enum FolderCheck {
    /// What is wrong, in plain words with the mode and owner that would be right; empty where all is well.
    ///
    /// Folders that are missing beside the inbox are no fault: the service makes them.
    package static func problems(of inbox: Configuration.Inbox) -> [String] {
        var problems: [String] = []
        if let home = status(inbox.path, "the inbox", &problems), home.form != .directory {
            problems.append("\(inbox.path) is no folder")
        }
        for path in [inbox.work, inbox.done, inbox.failed] {
            guard let path, let found = existing(path, &problems) else { continue }
            if found.form != .directory {
                problems.append("\(path) is no folder")
            } else if let problem = writableByOthers(path, found) {
                problems.append(problem)
            }
        }
        return problems
    }

    private static func writableByOthers(_ path: FilePath, _ status: FileStatus) -> String? {
        let user = geteuid()
        if status.owner != user && status.owner != 0 {
            return
                "\(path) belongs to user \(status.owner); it must belong to the service's user \(user) (chown \(user) \(path))"
        }
        guard status.mode & 0o022 != 0 else { return nil }
        let mode = String(status.mode, radix: 8)
        let right = String(status.mode & ~0o022, radix: 8)
        return
            "\(path) has mode \(mode), so that senders can write to it; it must not be writable for group or others (chmod \(right) \(path))"
    }

    private static func status(_ path: FilePath, _ what: String, _ problems: inout [String]) -> FileStatus? {
        do throws(SystemCallError) {
            return try Directory(opening: path).status()
        } catch {
            problems.append("\(what) \(path) cannot be opened: \(error.errno)")
            return nil
        }
    }

    /// - Returns: `nil` for a folder that is not there, if it can be made.
    private static func existing(_ path: FilePath, _ problems: inout [String]) -> FileStatus? {
        do throws(SystemCallError) {
            return try Directory(opening: path).status()
        } catch {
            if error.errno == .noSuchFileOrDirectory {
                if access(path.removingLastComponent().string, W_OK) == 0 { return nil }
                problems.append(
                    "\(path) is missing and cannot be made in \(path.removingLastComponent()): \(Errno(rawValue: errno))"
                )
            } else {
                problems.append("\(path) cannot be opened: \(error.errno)")
            }
            return nil
        }
    }
}
