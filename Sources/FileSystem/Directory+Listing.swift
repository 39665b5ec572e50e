import CLinux
import Glibc
import Model
import SystemPackage

/// Looks at entries: `getdents64(2)` by way of `readdir(3)`, and `statx(2)`.
extension Directory {
    /// All entries but `.` and `..`, in no order.
    package func list() throws(SystemCallError) -> [FileName] {
        var names: [FileName] = []
        try forEachName { names.append($0) }
        return names
    }

    /// Calls `body` with every entry but `.` and `..`, in no order: a folder may hold more names than one wants to keep.
    package func forEachName(_ body: (FileName) -> Void) throws(SystemCallError) {
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { throw .last("open", path.string) }
        guard let stream = fdopendir(copy) else {
            let error = SystemCallError.last("fdopendir", path.string)
            close(copy)
            throw error
        }
        defer { closedir(stream) }
        while true {
            Glibc.errno = 0
            guard let entry = readdir(stream) else {
                if Glibc.errno != 0 { throw .last("readdir", path.string) }
                return
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: UInt8.self, capacity: 256) {
                    FileName(bytes: UnsafeBufferPointer(start: $0, count: strnlen($0, 256)))
                }
            }
            if name.bytes != [0x2E] && name.bytes != [0x2E, 0x2E] { body(name) }
        }
    }

    /// The directory's own status.
    package func status() throws(SystemCallError) -> FileStatus {
        var status = statx()
        guard sluice_statx(descriptor, "", SLUICE_AT_EMPTY_PATH, UInt32(STATX_BASIC_STATS), &status) == 0 else {
            throw .last("statx", path.string)
        }
        return FileStatus(status)
    }

    /// An entry's status, links not followed; `nil` where there is no such entry.
    package func status(of name: FileName) throws(SystemCallError) -> FileStatus? {
        var status = statx()
        let answer = name.withCString {
            sluice_statx(descriptor, $0, AT_SYMLINK_NOFOLLOW, UInt32(STATX_BASIC_STATS), &status)
        }
        if answer == 0 { return FileStatus(status) }
        if Glibc.errno == ENOENT { return nil }
        throw .last("statx", describe(name))
    }

    /// Whether a rename may lead from here to another directory: both are on one file system and seen through one mount.
    /// Two mounts of one file system (bind mounts, a container's volumes) have one device number, and no rename leads from
    /// one to the other.
    package func isSameMount(as other: Directory) throws(SystemCallError) -> Bool {
        let (mine, its) = (try mountedStatus(), try other.mountedStatus())
        guard mine.stx_dev_major == its.stx_dev_major, mine.stx_dev_minor == its.stx_dev_minor else { return false }
        // A kernel before 5.8 does not tell.
        guard mine.stx_mask & its.stx_mask & UInt32(STATX_MNT_ID) != 0 else { return true }
        return mine.stx_mnt_id == its.stx_mnt_id
    }

    private func mountedStatus() throws(SystemCallError) -> statx {
        var status = statx()
        let wanted = UInt32(STATX_BASIC_STATS) | UInt32(STATX_MNT_ID)
        guard sluice_statx(descriptor, "", SLUICE_AT_EMPTY_PATH, wanted, &status) == 0 else {
            throw .last("statx", path.string)
        }
        return status
    }

    /// Whether a file system is mounted right here.
    package func isMountPoint() throws(SystemCallError) -> Bool {
        var status = statx()
        guard sluice_statx(descriptor, "", SLUICE_AT_EMPTY_PATH, UInt32(STATX_BASIC_STATS), &status) == 0 else {
            throw .last("statx", path.string)
        }
        return status.stx_attributes & UInt64(STATX_ATTR_MOUNT_ROOT) != 0
    }
}

extension FileStatus {
    /// What is at a path, links followed unless told otherwise; `nil` where it cannot be said.
    package init?(at path: FilePath, followingLinks: Bool = true) {
        var status = statx()
        let flags = followingLinks ? 0 : AT_SYMLINK_NOFOLLOW
        let answer = path.withPlatformString {
            sluice_statx(AT_FDCWD, $0, flags, UInt32(STATX_BASIC_STATS), &status)
        }
        guard answer == 0 else { return nil }
        self.init(status)
    }

    /// What is at a path, links followed; `nil` where nothing is.
    ///
    /// - Throws: ``SystemCallError`` where that cannot be said, for a folder above it that may not be looked into for one.
    package static func ofEntry(at path: FilePath) throws(SystemCallError) -> FileStatus? {
        if let status = FileStatus(at: path) { return status }
        if Glibc.errno == ENOENT { return nil }
        throw .last("statx", path.string)
    }

    init(_ status: statx) {
        self.init(
            form: Form(mode: UInt32(status.stx_mode)),
            device: UInt64(status.stx_dev_major) << 32 | UInt64(status.stx_dev_minor), inode: status.stx_ino,
            links: Int(status.stx_nlink), owner: status.stx_uid, group: status.stx_gid,
            mode: UInt32(status.stx_mode) & 0o7777, size: Int64(status.stx_size),
            modified: FileStatus.nanoseconds(status.stx_mtime), changed: FileStatus.nanoseconds(status.stx_ctime))
    }

    private static func nanoseconds(_ time: statx_timestamp) -> Int64 {
        time.tv_sec * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension FileStatus.Form {
    init(mode: UInt32) {
        self =
            switch mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .link
            default: .other
            }
    }
}
