import Crypto
import FileSystem
import Filing
import Foundation
import Model
import SystemPackage
import Testing
import TestSupport

#if canImport(Glibc)
    import Glibc
#endif

/// Two mounts of one file system, as a container's volumes are: one device, and no rename leads from one to the other.
@Suite(.enabled(if: geteuid() == 0, "only root can mount")) struct TwoMountsTests {
    /// Before the folder, which cannot be removed with them.
    private let mounts: [Mount]
    private let folder: TemporaryFolder
    private let workURL: URL
    private let work: Directory
    private let failed: FilingFolder
    private let name = FiledName(FileName("a.json"))
    private let id = DropID(text: "01J00000000000000000000000")

    /// A folder that is mounted on itself, until its last reference goes.
    private final class Mount: Sendable {
        let path: String

        init(_ url: URL) throws {
            path = url.path
            guard mount(path, path, nil, UInt(MS_BIND), nil) == 0 else { throw SystemCallError.last("mount", path) }
        }

        deinit { _ = umount2(path, CInt(MNT_DETACH)) }
    }

    init() throws {
        folder = try TemporaryFolder()
        workURL = try folder.subfolder("work")
        mounts = [try Mount(workURL), try Mount(try folder.subfolder("failed"))]
        work = try Directory(opening: folder.path.appending("work"))
        failed = try FilingFolder(at: folder.path.appending("failed"))
    }

    private var failedURL: URL { folder.url.appendingPathComponent("failed") }
    private let hash = Array(SHA256.hash(data: Data("mine".utf8)))

    @Test func theyAreOneFileSystemAndTwoMounts() throws {
        let inside = try folder.subfolder("failed/inside")
        let (far, near) = (try Directory(opening: failed.path), try Directory(opening: FilePath(inside.path)))
        #expect(try work.status().device == far.status().device)
        #expect(try !work.isSameMount(as: far))
        #expect(try near.isSameMount(as: far))
    }

    @Test func aStopBetweenTheCopyAndTheOriginalsEndLeavesOneDrop() throws {
        try workURL.write("mine", as: "a.json")
        try failedURL.write("mine", as: "a.json")
        try failed.clearOriginal(FileName("a.json"), in: work, as: name)
        #expect(try workURL.names.isEmpty)
        #expect(try failedURL.names == ["a.json"])
    }

    @Test func aStopOnTheWayBackLeavesOneDrop() throws {
        try workURL.write("mine", as: "a.json")
        try failedURL.write("mine", as: "a.json")
        try failedURL.write(#"{"drop": {"id": "\#(id.text)"}}"#, as: "a.json.result.json")
        #expect(try failed.hasGivenBack(name, hash: hash, to: work, as: FileName("a.json")))
        try failed.clearAfterReturn(name, of: id, hash: hash, to: work)
        #expect(try workURL.names == ["a.json"])
        #expect(try failedURL.names.isEmpty)
    }
}
