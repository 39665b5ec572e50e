import Crypto
import FileSystem
import Foundation
import Model
import SystemPackage
import Testing
import TestSupport

@Suite struct FileCopyTests {
    private let folder: TemporaryFolder
    private let directory: Directory

    init() throws {
        folder = try TemporaryFolder()
        directory = try Directory(opening: folder.path)
    }

    private func data(_ count: Int) -> Data {
        var generator = SeededGenerator(seed: UInt64(count))
        return Data((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    @Test(arguments: [0, 1, 262_143, 262_144, 262_145, 1_000_003]) func aCopyIsTheSameBytes(count: Int) throws {
        let content = data(count)
        try content.write(to: folder.url.appendingPathComponent("a"))
        let source = try OpenFile(reading: FileName("a"), in: directory)
        let hash = try FileCopy.make(of: source, in: directory, as: FileName("b"), mode: 0o640)
        #expect(hash == Array(SHA256.hash(data: content)))
        #expect(try Data(contentsOf: folder.url.appendingPathComponent("b")) == content)
        #expect(try FileCopy.hash(of: source) == hash)
    }

    @Test func aCopyIsAFileOfItsOwn() throws {
        try folder.url.write("one", as: "a")
        let source = try OpenFile(reading: FileName("a"), in: directory)
        try FileCopy.make(of: source, in: directory, as: FileName("b"), mode: 0o640)
        try folder.url.write("two", as: "a")
        #expect(try folder.url.text(of: "b") == "one")
        let status = try #require(try directory.status(of: FileName("b")))
        #expect(status.links == 1)
        #expect(status.owner == geteuid())
        #expect(status.mode & 0o137 == 0)
    }

    @Test func aRemainderOfAnEarlierCopyIsReplacedWhole() throws {
        try folder.url.write("short", as: "a")
        try data(5000).write(to: folder.url.appendingPathComponent("b"))
        let source = try OpenFile(reading: FileName("a"), in: directory)
        try FileCopy.make(of: source, in: directory, as: FileName("b"), mode: 0o640)
        #expect(try folder.url.text(of: "b") == "short")
    }

    /// A folder can be opened, and not be read.
    @Test func nothingStaysOfACopyThatFailed() throws {
        for number in 0..<1000 { try folder.url.write("", as: "\(number)") }
        let source = try OpenFile(reading: FileName("."), in: directory)
        #expect(throws: SystemCallError.self) {
            try FileCopy.make(of: source, in: directory, as: FileName("b"), mode: 0o640)
        }
        #expect(try directory.status(of: FileName("b")) == nil)
    }

    @Test func aCopyDoesNotFollowALinkInItsPlace() throws {
        try folder.url.write("new", as: "a")
        try folder.url.write("precious", as: "target")
        try FileManager.default.createSymbolicLink(
            atPath: folder.url.path + "/b", withDestinationPath: folder.url.path + "/target")
        let source = try OpenFile(reading: FileName("a"), in: directory)
        #expect(throws: SystemCallError.self) {
            try FileCopy.make(of: source, in: directory, as: FileName("b"), mode: 0o640)
        }
        #expect(try folder.url.text(of: "target") == "precious")
    }

    @Test func aFailedWriteNamesCallAndPath() throws {
        let devices = try Directory(opening: "/dev")
        let file = try OpenFile(followingLinks: FileName("null"), in: devices)
        #expect(try file.bytes(at: 0, count: 10) == [])
        let error = #expect(throws: SystemCallError.self) { try file.write([1]) }
        #expect(error?.call == "write")
        #expect(error?.path == "/dev/null")
    }

    @Test func readingStopsAtTheEnd() throws {
        try folder.url.write("0123456789", as: "a")
        let file = try OpenFile(reading: FileName("a"), in: directory)
        #expect(try file.bytes(at: 7, count: 100) == Array("789".utf8))
        #expect(try file.bytes(at: 10, count: 1) == [])
        #expect(try file.bytes(at: 0, count: 0) == [])
        #expect(try file.bytes(at: 99, count: 5) == [])
    }

    @Test func aNewFileIsExclusiveWhereThatIsAsked() throws {
        try folder.url.write("here", as: "a")
        let error = #expect(throws: SystemCallError.self) {
            _ = try OpenFile(creating: FileName("a"), in: directory, .exclusive(mode: 0o600))
        }
        #expect(error?.errno == .fileExists)
        #expect(try folder.url.text(of: "a") == "here")
    }

    @Test func theLongestNameLeavesRoomForASidecar() {
        for count in [1, 200, 242, 243, 244, 255] {
            let name = FileName(bytes: Array(repeating: UInt8(ascii: "n"), count: count))
            #expect(name.sidecar.bytes.count <= 255)
            #expect(name.sidecar.isSidecar)
            #expect(!name.isSidecar)
        }
    }
}
