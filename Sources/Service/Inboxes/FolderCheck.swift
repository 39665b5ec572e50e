import FileSystem
import Glibc
import Model
import SluiceConfiguration
import SystemPackage

/// Whether the folders of an inbox are as the contract's section 2 wants them.
package enum FolderCheck {
    /// What is wrong, in plain words with the mode and owner that would be right; empty where all is well.
    ///
    /// Folders that are missing beside the inbox are no fault: the service makes them.
    package static func problems(of inbox: Configuration.Inbox) -> [String] {
        var problems: [String] = []
        checkHome(of: inbox, &problems)
        checkOwnFolders(of: inbox, &problems)
        return problems
    }

    /// Whether an inbox that is at work may go on. (One that is gone is missed by whoever watches it.)
    static func mayGoOn(_ inbox: Configuration.Inbox) -> Bool {
        var unsaid: [String] = []
        if !checkHome(of: inbox, &unsaid) { unsaid = [] }
        checkOwnFolders(of: inbox, &unsaid)
        return unsaid.isEmpty
    }

    /// Stays the same for as long as what ``mayGoOn(_:)`` says does: costs two looks at each folder, and opens none.
    ///
    /// A mount that becomes read-only changes nothing of a folder's status: whether it may be written to is asked, too.
    static func state(of inbox: Configuration.Inbox) -> Int {
        var hasher = Hasher()
        for path in [inbox.path, inbox.work, inbox.done, inbox.failed].compactMap(\.self) {
            // One that is missing may be made, if it can be.
            for path in [path, path.removingLastComponent()] {
                let status = FileStatus(at: path)
                hasher.combine(status)
                hasher.combine(isWritable(path))
                if status != nil { break }
            }
        }
        return hasher.finalize()
    }

    /// - Returns: whether the inbox is there.
    @discardableResult
    private static func checkHome(of inbox: Configuration.Inbox, _ problems: inout [String]) -> Bool {
        do throws(SystemCallError) {
            let home = try Directory(opening: inbox.path).status()
            // A claim is a rename out of the inbox.
            if !isWritable(inbox.path) {
                problems.append(
                    "\(inbox.path) has mode \(octal(home.mode)), user \(home.owner) and group \(home.group), and the "
                        + "service's user \(geteuid()) cannot take files out of it; it must be writable for a group "
                        + "that the service is in (chgrp GROUP \(inbox.path) && chmod 2770 \(inbox.path))")
            }
            return true
        } catch {
            problems.append("the inbox \(inbox.path) cannot be opened: \(error.errno)")
            return false
        }
    }

    private static func checkOwnFolders(of inbox: Configuration.Inbox, _ problems: inout [String]) {
        for path in [inbox.work, inbox.done, inbox.failed].compactMap(\.self) {
            if let problem = link(at: path) {
                problems.append(problem)
                continue
            }
            guard let found = existing(path, &problems) else { continue }
            if let problem = trespass(path, found, isWork: path == inbox.work) { problems.append(problem) }
        }
    }

    /// A folder of the service's is never opened through a link in its place, which could lead anywhere by the next time.
    private static func link(at path: FilePath) -> String? {
        guard statusFromOutside(path)?.form == .link else { return nil }
        return "\(path) is a symbolic link, and links are not followed here; name the folder that it leads to in the "
            + "configuration, or put the folder itself in its place"
    }

    /// What senders could do in a folder of the service's, or what the service cannot.
    private static func trespass(_ path: FilePath, _ status: FileStatus, isWork: Bool) -> String? {
        let user = geteuid()
        let right = isWork ? 0o700 : status.mode & 0o777 & ~0o022 | 0o700
        let remedy = "it must belong to the service's user \(user) with mode \(octal(right))"
        if status.owner != user && (status.owner != 0 || !isWritable(path)) {
            return "\(path) belongs to user \(status.owner); \(remedy) "
                + "(chown \(user) \(path) && chmod \(octal(right)) \(path))"
        }
        let mode = octal(status.mode)
        if status.mode & 0o022 != 0 {
            return
                "\(path) has mode \(mode), so that senders can write to it; \(remedy) (chmod \(octal(right)) \(path))"
        }
        if !isWritable(path) || (isWork && status.mode & 0o077 != 0) {
            return "\(path) has mode \(mode); \(remedy) (chmod \(octal(right)) \(path))"
        }
        return nil
    }

    /// Whether this process may make and remove entries in a folder.
    static func isWritable(_ path: FilePath) -> Bool {
        path.withPlatformString { faccessat(AT_FDCWD, $0, W_OK | X_OK, AT_EACCESS) } == 0
    }

    static func octal(_ mode: UInt32) -> String { String(mode, radix: 8) }

    /// - Returns: `nil` for a folder that is not there, if it can be made.
    private static func existing(_ path: FilePath, _ problems: inout [String]) -> FileStatus? {
        do throws(SystemCallError) {
            return try Directory(opening: path).status()
        } catch {
            // Whose it is can be known without opening it.
            if error.errno == .permissionDenied, let status = statusFromOutside(path) { return status }
            if error.errno == .noSuchFileOrDirectory {
                if isWritable(path.removingLastComponent()) { return nil }
                problems.append(
                    "\(path) is missing, and the service's user \(geteuid()) cannot make it in "
                        + "\(path.removingLastComponent()): \(Errno(rawValue: errno)) "
                        + "(install -d -o \(geteuid()) -m \(path.lastComponent == ".work" ? 700 : 750) \(path))")
            } else {
                problems.append("\(path) cannot be opened: \(error.errno)")
            }
            return nil
        }
    }

    private static func statusFromOutside(_ path: FilePath) -> FileStatus? {
        do throws(SystemCallError) {
            let (folder, name) = try Directory.containing(path)
            return try folder.status(of: name)
        } catch {
            return nil
        }
    }
}
