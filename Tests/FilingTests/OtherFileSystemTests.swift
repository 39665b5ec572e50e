import Crypto
import FileSystem
import Filing
import Foundation
import Model
import SystemPackage
import Testing
import TestSupport

/// `/dev/shm` is a file system of its own on every Linux.
@Suite(.enabled(if: FileManager.default.isWritableFile(atPath: "/dev/shm")))
struct OtherFileSystemTests {
    private let folder: TemporaryFolder
    private let far: FarFolder
    private let workURL: URL
    private let work: Directory
    private let done: FilingFolder
    private var doneURL: URL { far.url.appendingPathComponent("done") }
    private let id = DropID(text: "01J00000000000000000000000")

    /// A folder on the other file system, removed with its last reference.
    private final class FarFolder: Sendable {
        let url = URL(fileURLWithPath: "/dev/shm/sluice-test-\(UUID().uuidString)")

        init() throws {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        }

        deinit {
            do { try FileManager.default.removeItem(at: url) } catch { print("a folder stays behind: \(error)") }
        }
    }

    init() throws {
        folder = try TemporaryFolder()
        far = try FarFolder()
        workURL = try folder.subfolder("work")
        work = try Directory(opening: folder.path.appending("work"))
        done = try FilingFolder(at: FilePath(far.url.path).appending("done"))
    }

    @Test func aDropIsCopiedAndThenItsOriginalGoes() throws {
        let content = Data((0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try content.write(to: workURL.appendingPathComponent("a.pdf"))
        let name = try done.reserve(FileName("a.pdf"))
        #expect(try done.take(FileName("a.pdf"), from: work, as: name, drop: id))
        #expect(try Data(contentsOf: doneURL.appendingPathComponent("a.pdf")) == content)
        #expect(try workURL.names.isEmpty)
        #expect(try doneURL.names == ["a.pdf"])
    }

    @Test func aCopyNeverLandsOnAnotherEntry() throws {
        try workURL.write("mine", as: "a.json")
        try doneURL.write("other", as: "a.json")
        #expect(try done.take(FileName("a.json"), from: work, as: FiledName(FileName("a.json")), drop: id) == false)
        #expect(try doneURL.text(of: "a.json") == "other")
        #expect(try workURL.text(of: "a.json") == "mine")
        #expect(try doneURL.names == ["a.json"])
    }

    @Test func aCutOffCopyIsMadeAnew() throws {
        try workURL.write("mine", as: "a.json")
        try doneURL.write("mi and what an earlier copy left", as: ".\(id).copy")
        let name = try done.reserve(FileName("a.json"))
        #expect(try done.take(FileName("a.json"), from: work, as: name, drop: id))
        #expect(try doneURL.text(of: "a.json") == "mine")
        #expect(try doneURL.names == ["a.json"])
    }

    /// Otherwise the drop would end in two places, one of them without a result.
    @Test func aStopBetweenTheCopyAndTheOriginalsEndLeavesOneDrop() throws {
        try workURL.write("mine", as: "a.json")
        try doneURL.write("mine", as: "a.json")
        let name = FiledName(FileName("a.json"))
        #expect(try done.take(FileName("a.json"), from: work, as: name, drop: id))
        #expect(try workURL.names.isEmpty)
        #expect(try doneURL.names == ["a.json"])
    }

    /// No rename and no copy brings these across: they are made anew.
    @Test func whatIsNoFileComesToAnEndToo() throws {
        symlink("/etc/hostname", workURL.path + "/link.json")
        mkfifo(workURL.path + "/pipe.json", 0o600)
        for name in ["link.json", "pipe.json"] {
            let filed = try done.reserve(FileName(name))
            #expect(try done.take(FileName(name), from: work, as: filed, drop: id))
            // Again, as after a stop.
            #expect(try done.take(FileName(name), from: work, as: filed, drop: id))
        }
        #expect(try doneURL.names == ["link.json", "pipe.json"])
        #expect(try workURL.names.isEmpty)
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: doneURL.path + "/link.json") == "/etc/hostname")
    }

    /// The same content may have been filed again under the name of the drop that went back.
    @Test(arguments: [true, false]) func onlyADropsOwnCopyGoesAfterItsReturn(isOwn: Bool) throws {
        let owner = isOwn ? id.text : "01J00000000000000000000001"
        try doneURL.write("same", as: "a.json")
        try doneURL.write(#"{"drop": {"id": "\#(owner)"}}"#, as: "a.json.result.json")
        let hash = Array(SHA256.hash(data: Array("same".utf8)))
        try done.clearAfterReturn(FiledName(FileName("a.json")), of: id, hash: hash, to: work)
        #expect(try doneURL.names == (isOwn ? [] : ["a.json", "a.json.result.json"]))
    }
}
