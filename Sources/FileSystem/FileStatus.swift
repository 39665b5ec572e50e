import Model

/// What `statx(2)` says of a directory entry, links not followed, or of what is at a path.
package struct FileStatus: Sendable, Hashable {
    package enum Form: Sendable, Hashable {
        case regular, directory, link, other
    }

    package var form: Form
    package var device: UInt64
    package var inode: UInt64
    package var links: Int
    package var owner: UInt32
    package var group: UInt32
    package var mode: UInt32
    package var size: Int64
    /// Nanoseconds since 1970. A sender can set it.
    package var modified: Int64
    /// Nanoseconds since 1970. Nobody can set it.
    package var changed: Int64

    package init(
        form: Form, device: UInt64 = 0, inode: UInt64 = 0, links: Int = 1, owner: UInt32 = 0, group: UInt32 = 0,
        mode: UInt32 = 0o644, size: Int64, modified: Int64, changed: Int64
    ) {
        self.form = form
        self.device = device
        self.inode = inode
        self.links = links
        self.owner = owner
        self.group = group
        self.mode = mode
        self.size = size
        self.modified = modified
        self.changed = changed
    }

    /// The change time on the wall clock.
    package var changedAt: Timestamp { Timestamp(milliseconds: changed / 1_000_000) }

    /// The sticky bit, which means nothing on a file: set on a copy of one that had other names, for the copy has but
    /// one and is no more a drop for that.
    package static let linkedMark: UInt32 = 0o1000

    /// Whether this is a regular file with one name: what a drop has to be.
    package var isPlain: Bool { form == .regular && !isLinked }

    /// Whether the file has, or its original had, other names: its content may be somebody else's.
    package var isLinked: Bool { links > 1 || mode & FileStatus.linkedMark != 0 }

    /// Whether both are the same content of the same file, as far as a look from outside can tell; the change time
    /// is left out, for a rename moves it.
    package func isSameContent(as other: FileStatus) -> Bool {
        form == other.form && device == other.device && inode == other.inode && size == other.size
            && modified == other.modified
    }
}
