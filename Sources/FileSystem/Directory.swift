import CLinux
import Model
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

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

    /// The directory's own status.
    package func status() throws(SystemCallError) -> FileStatus {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last("fstat", path.string) }
        return FileStatus(status)
    }

    /// An entry's status, links not followed; `nil` where there is no such entry.
    package func status(of name: FileName) throws(SystemCallError) -> FileStatus? {
        var status = stat()
        let answer = name.withCString { fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }
        if answer == 0 { return FileStatus(status) }
        if Glibc.errno == ENOENT { return nil }
        throw .last("fstatat", describe(name))
    }

    /// All entries but `.` and `..`, in no order.
    package func list() throws(SystemCallError) -> [FileName] {
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { throw .last("open", path.string) }
        guard let stream = fdopendir(copy) else {
            let error = SystemCallError.last("fdopendir", path.string)
            close(copy)
            throw error
        }
        defer { closedir(stream) }
        var names: [FileName] = []
        while true {
            Glibc.errno = 0
            guard let entry = readdir(stream) else {
                if Glibc.errno != 0 { throw .last("readdir", path.string) }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: UInt8.self, capacity: 256) {
                    FileName(bytes: UnsafeBufferPointer(start: $0, count: strnlen($0, 256)))
                }
            }
            if name.bytes != [0x2E] && name.bytes != [0x2E, 0x2E] { names.append(name) }
        }
    }

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

    /// Moves an entry in one step, and never onto another.
    ///
    /// - Returns: `false` where `newName` is taken; nothing has happened then.
    /// - Throws: ``SystemCallError``; ENOENT where the entry is gone, EXDEV where the folders are on two file systems.
    package func move(
        _ name: FileName, to target: Directory, as newName: FileName
    ) throws(SystemCallError) -> Bool {
        let answer = name.withCString { from in
            newName.withCString { to in
                renameat2(descriptor, from, target.descriptor, to, SLUICE_RENAME_NOREPLACE)
            }
        }
        if answer == 0 { return true }
        if Glibc.errno == EEXIST { return false }
        throw .last("renameat2", "\(describe(name)) to \(target.describe(newName))")
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
