import CLinux
import Glibc
import Model
import SystemPackage

/// What sort of file system a folder lies on, as `statfs(2)` tells it.
package struct FileSystemType: Sendable, Hashable, CustomStringConvertible {
    package let magic: UInt32

    package init(magic: UInt32) {
        self.magic = magic
    }

    /// Whether other hosts, or a program of somebody's own, stand behind it: the kernel raises no event for what
    /// they do, and the times are by their clocks.
    package var isShared: Bool { FileSystemType.shared[magic] != nil }

    package var description: String { FileSystemType.shared[magic] ?? "0x\(String(magic, radix: 16))" }

    /// From `statfs(2)` and `linux/magic.h`.
    private static let shared: [UInt32: String] = [
        0x6969: "NFS", 0x517B: "SMB", 0xFE53_4D42: "SMB2", 0xFF53_4D42: "CIFS", 0x6573_5546: "FUSE",
        0x0102_1997: "9p", 0x564C: "NCP", 0x7375_7245: "Coda", 0x5346_414F: "AFS", 0x6B41_4653: "AFS",
        0x00C3_6400: "Ceph", 0x0BD0_0BD0: "Lustre", 0x0116_1970: "GFS2", 0x7461_636F: "OCFS2",
        0x4750_4653: "GPFS", 0x786F_4256: "vboxsf", 0xBACB_ACBC: "vmhgfs", 0x1983_0326: "BeeGFS",
        0x2030_528D: "OrangeFS", 0x6163_7673: "virtiofs",
    ]
}

extension Directory {
    /// The file system that the directory lies on.
    package func fileSystemType() throws(SystemCallError) -> FileSystemType {
        var status = statfs()
        guard fstatfs(descriptor, &status) == 0 else { throw .last("fstatfs", path.string) }
        return FileSystemType(magic: UInt32(truncatingIfNeeded: status.f_type))
    }
}
