import CLinux
import Glibc
import Model
import SystemPackage

/// An open directory; everything below goes by its descriptor, so that nobody who renames a parent leads astray.
package final class Directory: Sendable {
    package let path: FilePath
    let descriptor: CInt

    /// Opens `path`; a link in its last component is followed, for an administrator may have put one there.
    ///
    /// - Throws: ``SystemCallError``, among them ENOENT and ENOTDIR.
    package init(opening path: FilePath) throws(SystemCallError) {
        let opened = path.withPlatformString { Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard opened >= 0 else { throw .last("open", path.string) }
        self.path = path
        descriptor = opened
    }

    private init(path: FilePath, descriptor: CInt) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// The path of an entry for messages.
    package func describe(_ name: FileName) -> String { "\(path.string)/\(name)" }

    /// A directory in this one, links not followed; made with `mode` where it is missing and `mode` is given.
    package func subdirectory(_ name: FileName, makingWith mode: UInt32? = nil) throws(SystemCallError) -> Directory {
        if let mode, name.withCString({ mkdirat(descriptor, $0, mode) }) != 0, Glibc.errno != EEXIST {
            throw .last("mkdirat", describe(name))
        }
        let opened = name.withCString {
            openat(descriptor, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        guard opened >= 0 else { throw .last("openat", describe(name)) }
        return Directory(path: path.appending(name.description), descriptor: opened)
    }

    /// Moves an entry in one step onto whatever has the new name.
    package func replace(_ newName: FileName, with name: FileName) throws(SystemCallError) {
        let answer = name.withCString { from in
            newName.withCString { to in renameat(descriptor, from, descriptor, to) }
        }
        guard answer == 0 else { throw .last("renameat", "\(describe(name)) to \(describe(newName))") }
    }

    /// - Returns: `false` where there was no such entry.
    @discardableResult
    package func remove(_ name: FileName) throws(SystemCallError) -> Bool {
        if name.withCString({ unlinkat(descriptor, $0, 0) }) == 0 { return true }
        if Glibc.errno == ENOENT { return false }
        throw .last("unlinkat", describe(name))
    }

    /// Removes an empty directory.
    ///
    /// - Returns: `false` where it is not there or not empty.
    @discardableResult
    package func removeDirectory(_ name: FileName) throws(SystemCallError) -> Bool {
        if name.withCString({ unlinkat(descriptor, $0, AT_REMOVEDIR) }) == 0 { return true }
        if [ENOENT, ENOTEMPTY, EEXIST].contains(Glibc.errno) { return false }
        throw .last("unlinkat", describe(name))
    }

    /// Makes the directory's entries survive a power loss.
    package func sync() throws(SystemCallError) {
        guard fsync(descriptor) == 0 else { throw .last("fsync", path.string) }
    }
}

extension FileName {
    package func withCString<Answer>(_ body: (UnsafePointer<CChar>) -> Answer) -> Answer {
        bytes.withUnsafeBufferPointer { bytes in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { buffer in
                for (index, byte) in bytes.enumerated() { buffer[index] = CChar(bitPattern: byte) }
                buffer[bytes.count] = 0
                return body(buffer.baseAddress!)
            }
        }
    }
}
