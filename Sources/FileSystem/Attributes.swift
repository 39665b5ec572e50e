import CLinux
import Glibc
import Model
import SystemPackage

/// Extended attributes (`xattr(7)`): what is said of a folder without an entry in it, and of a file without a byte in it.
///
/// A name has its name space, such as `user.sluice.holder`.
private enum Attributes {
    static func get(_ name: String, _ descriptor: CInt, _ path: @autoclosure () -> String) throws(SystemCallError)
        -> [UInt8]?
    {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fgetxattr(descriptor, name, &bytes, bytes.count)
        if count >= 0 { return Array(bytes[..<count]) }
        switch Glibc.errno {
        case ENODATA, EOPNOTSUPP, ENOSYS, ERANGE: return nil
        default: throw .last("fgetxattr", path())
        }
    }

    static func set(
        _ name: String, _ bytes: [UInt8], _ descriptor: CInt, _ path: @autoclosure () -> String
    ) throws(SystemCallError) -> Bool {
        if fsetxattr(descriptor, name, bytes, bytes.count, 0) == 0 { return true }
        switch Glibc.errno {
        case EOPNOTSUPP, ENOSYS, ENOSPC, EDQUOT, E2BIG, ERANGE, EPERM: return false
        default: throw .last("fsetxattr", path())
        }
    }
}

extension Directory {
    /// - Returns: `nil` where there is none, or the file system has no attributes.
    package func attribute(_ name: String) throws(SystemCallError) -> [UInt8]? {
        try Attributes.get(name, descriptor, path.string)
    }

    /// - Returns: `false` where the file system has no attributes, or no room for one.
    package func setAttribute(_ name: String, _ bytes: [UInt8]) throws(SystemCallError) -> Bool {
        try Attributes.set(name, bytes, descriptor, path.string)
    }

    package func removeAttribute(_ name: String) throws(SystemCallError) {
        guard fremovexattr(descriptor, name) != 0 else { return }
        switch Glibc.errno {
        case ENODATA, EOPNOTSUPP, ENOSYS: return
        default: throw .last("fremovexattr", path.string)
        }
    }
}

extension OpenFile {
    /// - Returns: `nil` where there is none, or the file system has no attributes.
    package func attribute(_ name: String) throws(SystemCallError) -> [UInt8]? {
        try Attributes.get(name, descriptor, path)
    }

    /// - Returns: `false` where the file system has no attributes, or no room for one.
    package func setAttribute(_ name: String, _ bytes: [UInt8]) throws(SystemCallError) -> Bool {
        try Attributes.set(name, bytes, descriptor, path)
    }
}
