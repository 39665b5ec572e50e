import Glibc
import Model
import SystemPackage

/// Entries that hold no bytes: links, pipes, sockets, devices.
extension Directory {
    /// Makes the same entry anew in another folder, which may be on another file system, and removes this one. All that
    /// such an entry is goes with it: a link's target, a device's numbers.
    ///
    /// Where the service may not make devices, a file takes its place that says which one it was.
    ///
    /// - Returns: `false` where `newName` is taken by something else; nothing has happened then.
    package func recreate(
        _ name: FileName, in target: Directory, as newName: FileName
    ) throws(SystemCallError) -> Bool {
        var status = stat()
        guard name.withCString({ fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else {
            throw .last("fstatat", describe(name))
        }
        let isLink = status.st_mode & S_IFMT == S_IFLNK
        let isNew =
            isLink
            ? try makeLink(to: linkTarget(of: name), newName, in: target)
            : try makeNode(like: status, newName, in: target)
        if !isNew {
            // One that is the same already is what a run before this one made, and was stopped.
            guard try isSame(name, status, as: newName, in: target) else { return false }
        }
        try target.sync()
        try remove(name)
        return true
    }

    /// What a symbolic link says, as bytes.
    private func linkTarget(of name: FileName) throws(SystemCallError) -> FileName {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let length = name.withCString { readlinkat(descriptor, $0, &target, Int(PATH_MAX)) }
        guard length >= 0 else { throw .last("readlinkat", describe(name)) }
        return FileName(bytes: target[..<length].map { UInt8(bitPattern: $0) })
    }

    /// - Returns: `false` where the name is taken.
    private func makeLink(
        to text: FileName, _ name: FileName, in target: Directory
    ) throws(SystemCallError) -> Bool {
        let answer = text.withCString { text in name.withCString { symlinkat(text, target.descriptor, $0) } }
        if answer == 0 { return true }
        if Glibc.errno == EEXIST { return false }
        throw .last("symlinkat", target.describe(name))
    }

    private func makeNode(
        like status: stat, _ name: FileName, in target: Directory
    ) throws(SystemCallError) -> Bool {
        let mode = status.st_mode & S_IFMT | 0o600
        if name.withCString({ mknodat(target.descriptor, $0, mode, status.st_rdev) }) == 0 { return true }
        switch Glibc.errno {
        case EEXIST: return false
        case EPERM, EOPNOTSUPP, EINVAL:
            guard try target.status(of: name) == nil else { return false }
            let note = try OpenFile(creating: name, in: target, .exclusive(mode: 0o640))
            try note.write(Array(Directory.note(of: status).utf8))
            try note.sync()
            return true
        default: throw .last("mknodat", target.describe(name))
        }
    }

    private static func note(of status: stat) -> String {
        let sort =
            switch status.st_mode & S_IFMT {
            case S_IFCHR: "a character device"
            case S_IFBLK: "a block device"
            case S_IFIFO: "a pipe"
            default: "a socket"
            }
        // gnu_dev_major(3) and gnu_dev_minor(3), which are macros.
        let device = UInt64(status.st_rdev)
        let major = device >> 8 & 0xFFF | device >> 32 & ~0xFFF
        let minor = device & 0xFF | device >> 12 & ~0xFF
        return "This was \(sort), numbers \(major) and \(minor), which could not be made on this file system.\n"
    }

    private func isSame(
        _ name: FileName, _ status: stat, as other: FileName, in target: Directory
    ) throws(SystemCallError) -> Bool {
        var present = stat()
        guard other.withCString({ fstatat(target.descriptor, $0, &present, AT_SYMLINK_NOFOLLOW) }) == 0 else {
            return false
        }
        if present.st_mode & S_IFMT == S_IFREG && status.st_mode & S_IFMT != S_IFREG {
            let note = try OpenFile(reading: other, in: target)
            let text = Array(Directory.note(of: status).utf8)
            guard try note.status().size == Int64(text.count) else { return false }
            return try note.bytes(at: 0, count: text.count) == text
        }
        guard present.st_mode & S_IFMT == status.st_mode & S_IFMT else { return false }
        if status.st_mode & S_IFMT == S_IFLNK {
            return try linkTarget(of: name) == target.linkTarget(of: other)
        }
        return present.st_rdev == status.st_rdev
    }
}
