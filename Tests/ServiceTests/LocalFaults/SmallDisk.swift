import FileSystem
import Foundation
import SystemPackage
import TestSupport

/// A small file system of a test's own, in memory, mounted over a folder.
final class SmallDisk: Sendable {
    let url: URL

    /// Says so loudly where this process may not mount.
    static let canMount: Bool = {
        if geteuid() == 0 {
            if let folder = try? TemporaryFolder(), let disk = try? SmallDisk(at: folder.url) {
                disk.unmount()
                return true
            }
        }
        print("*** ONLY ROOT CAN MOUNT: the tests of full and read-only disks are SKIPPED. ***")
        return false
    }()

    /// - Parameter bytes: its size.
    init(at url: URL, bytes: Int = 4 << 20) throws {
        self.url = url
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try call("mount") { mount("tmpfs", url.path, "tmpfs", 0, "size=\(bytes),mode=755") }
    }

    deinit {
        unmount()
    }

    func unmount() {
        _ = umount2(url.path, CInt(MNT_DETACH))
    }

    private var filler: URL { url.appendingPathComponent(".filler.tmp") }

    /// Takes all the room that is left, to the last byte.
    func fill() throws {
        let file = open(filler.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SystemCallError.last("open", filler.path) }
        defer { close(file) }
        let piece = [UInt8](repeating: 7, count: 4096)
        while write(file, piece, piece.count) > 0 {}
        guard errno == ENOSPC else { throw SystemCallError.last("write", filler.path) }
    }

    func makeRoom() throws {
        try FileManager.default.removeItem(at: filler)
    }

    func grow(to bytes: Int) throws {
        try call("mount") { mount("tmpfs", url.path, "tmpfs", UInt(MS_REMOUNT), "size=\(bytes)") }
    }

    /// Whether the kernel makes it read-only now; it is then.
    var canBeReadOnly: Bool { mount("tmpfs", url.path, "tmpfs", UInt(MS_REMOUNT) | UInt(MS_RDONLY), nil) == 0 }

    func setReadOnly(_ isReadOnly: Bool) async throws {
        let flags = UInt(MS_REMOUNT) | (isReadOnly ? UInt(MS_RDONLY) : 0)
        // A file that is just being written keeps it busy.
        try await eventually("\(url.path) is mounted anew") { mount("tmpfs", url.path, "tmpfs", flags, nil) == 0 }
    }

    private func call(_ name: String, _ body: () -> CInt) throws {
        guard body() == 0 else { throw SystemCallError.last(name, url.path) }
    }
}
