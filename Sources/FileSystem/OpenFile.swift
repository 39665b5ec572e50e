import CLinux
import Glibc
import Model
import SystemPackage

/// An open file, closed with its last reference.
package final class OpenFile: Sendable {
    let descriptor: CInt
    private let folder: FilePath
    /// `nil`: it has none.
    private let name: FileName?

    /// For messages: one is made for few of the files that are opened.
    package var path: String { "\(folder.string)/\(name?.description ?? "(temporary file)")" }

    /// How a new file is made.
    package enum Creation: Sendable {
        /// Fails with EEXIST where the name is taken.
        case exclusive(mode: UInt32)
        /// Empties what is there.
        case overwriting(mode: UInt32)
    }

    /// Opens an entry for reading: links are not followed, a pipe does not block.
    ///
    /// - Throws: ``SystemCallError``; ELOOP for a link.
    package init(reading name: FileName, in directory: Directory) throws(SystemCallError) {
        (folder, self.name) = (directory.path, name)
        descriptor = name.withCString {
            openat(directory.descriptor, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        }
        guard descriptor >= 0 else { throw .last("openat", path) }
    }

    /// Opens an administrator's file for reading; a link is followed.
    package init(followingLinks name: FileName, in directory: Directory) throws(SystemCallError) {
        (folder, self.name) = (directory.path, name)
        descriptor = name.withCString { openat(directory.descriptor, $0, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw .last("openat", path) }
    }

    /// Makes a file for writing.
    package init(creating name: FileName, in directory: Directory, _ creation: Creation) throws(SystemCallError) {
        (folder, self.name) = (directory.path, name)
        let (flag, mode) =
            switch creation {
            case .exclusive(let mode): (O_EXCL, mode)
            case .overwriting(let mode): (O_TRUNC, mode)
            }
        descriptor = name.withCString {
            openat(directory.descriptor, $0, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flag, mode)
        }
        guard descriptor >= 0 else { throw .last("openat", path) }
    }

    /// Makes a file without a name, for writing and reading; it is gone with its last reference, or with the process.
    package init(temporaryIn directory: Directory) throws(SystemCallError) {
        (folder, name) = (directory.path, nil)
        let O_TMPFILE = 0o20_000_000 | O_DIRECTORY  // asm-generic/fcntl.h
        let flags = O_RDWR | O_CLOEXEC
        let unnamed = openat(directory.descriptor, ".", O_TMPFILE | flags, 0o600)
        if unnamed >= 0 {
            descriptor = unnamed
            return
        }
        // Not every file system has files without a name: then it loses the one that it gets.
        guard [EOPNOTSUPP, EISDIR, EINVAL].contains(Glibc.errno) else {
            throw .last("openat", "\(directory.path)/(temporary file)")
        }
        let name = FileName(".sluice-\(UInt64.random(in: .min ... .max)).tmp")
        descriptor = name.withCString { openat(directory.descriptor, $0, O_CREAT | O_EXCL | O_NOFOLLOW | flags, 0o600) }
        guard descriptor >= 0 else { throw .last("openat", path) }
        try directory.remove(name)
    }

    deinit {
        close(descriptor)
    }

    package func status() throws(SystemCallError) -> FileStatus {
        var status = statx()
        guard sluice_statx(descriptor, "", SLUICE_AT_EMPTY_PATH, UInt32(STATX_BASIC_STATS), &status) == 0 else {
            throw .last("statx", path)
        }
        return FileStatus(status)
    }

    /// Whether the file has a piece that nobody has written so far (`SEEK_HOLE`): room that was kept for it, or a
    /// sparse file's gap. `false` where the file system cannot tell.
    package func hasHole(size: Int64) -> Bool {
        let SEEK_HOLE: CInt = 4  // linux/fs.h
        let hole = lseek(descriptor, 0, SEEK_HOLE)
        return hole >= 0 && Int64(hole) < size
    }

    /// Where the next bytes are that somebody has written (`SEEK_DATA`): `offset` itself where the file system cannot
    /// tell; `nil` where nothing but a gap is left.
    func nextData(from offset: Int64) -> Int64? {
        let SEEK_DATA: CInt = 3  // linux/fs.h
        let found = lseek(descriptor, off_t(offset), SEEK_DATA)
        if found >= 0 { return Int64(found) }
        return Glibc.errno == ENXIO ? nil : offset
    }

    /// Reads at `offset` until the buffer is full or the file ends.
    ///
    /// - Returns: the number of bytes read.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemCallError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = uninterrupted {
                pread(descriptor, buffer.baseAddress! + filled, buffer.count - filled, off_t(offset) + off_t(filled))
            }
            guard let count else { throw .last("pread", path) }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// At most `count` bytes from `offset`; fewer at the file's end.
    package func bytes(at offset: Int64, count: Int) throws(SystemCallError) -> [UInt8] {
        guard count > 0 else { return [] }
        var failure: SystemCallError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(SystemCallError) {
                filled = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Appends all of `bytes`.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemCallError) {
        var written = 0
        while written < bytes.count {
            let count = uninterrupted { Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written) }
            guard let count else { throw .last("write", path) }
            written += count
        }
    }

    /// Writes all of `bytes` at `offset`; what was not written before it is a gap.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SystemCallError) {
        var written = 0
        while written < bytes.count {
            let count = uninterrupted {
                pwrite(descriptor, bytes.baseAddress! + written, bytes.count - written, off_t(offset) + off_t(written))
            }
            guard let count else { throw .last("pwrite", path) }
            written += count
        }
    }

    /// Cuts the file off at `size`, or adds a gap up to it.
    func setSize(_ size: Int64) throws(SystemCallError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw .last("ftruncate", path) }
    }

    package func write(_ bytes: [UInt8]) throws(SystemCallError) {
        var failure: SystemCallError?
        bytes.withUnsafeBytes { buffer in
            do throws(SystemCallError) { try write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// This file for reading, by its name.
    func reopened(as name: FileName, in directory: Directory) throws(SystemCallError) -> OpenFile {
        try OpenFile(reading: name, in: directory)
    }

    /// Makes the content survive a power loss.
    package func sync() throws(SystemCallError) {
        guard fsync(descriptor) == 0 else { throw .last("fsync", path) }
    }

    /// Makes this empty file share the other's blocks where the file system can (`FICLONE`).
    ///
    /// - Returns: `false` where it cannot; nothing has been written then.
    package func clone(_ other: OpenFile) -> Bool {
        let FICLONE: UInt = 0x4004_9409  // _IOW(0x94, 9, int), linux/fs.h
        return ioctl(descriptor, FICLONE, other.descriptor) == 0
    }
}
