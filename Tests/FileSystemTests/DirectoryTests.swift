import FileSystem
import Foundation
import Model
import SystemPackage
import Testing
import TestSupport

@Suite struct DirectoryTests {
    private let folder: TemporaryFolder
    private let directory: Directory

    init() throws {
        folder = try TemporaryFolder()
        directory = try Directory(opening: folder.path)
    }

    @Test func aMoveNeverLandsOnAnotherEntry() throws {
        try folder.url.write("new", as: "a")
        try folder.url.write("old", as: "b")
        #expect(try directory.move(FileName("a"), to: directory, as: FileName("b")) == false)
        #expect(try folder.url.text(of: "a") == "new")
        #expect(try folder.url.text(of: "b") == "old")
        #expect(try directory.move(FileName("a"), to: directory, as: FileName("c")))
        #expect(try folder.url.names == ["b", "c"])
    }

    @Test func aMoveNeverLandsOnALinkThatLeadsNowhere() throws {
        try folder.url.write("new", as: "a")
        try FileManager.default.createSymbolicLink(
            atPath: folder.url.path + "/b", withDestinationPath: "/nowhere/at/all")
        #expect(try directory.move(FileName("a"), to: directory, as: FileName("b")) == false)
        #expect(try folder.url.names == ["a", "b"])
    }

    @Test func aMoveOfWhatIsGoneSaysSo() throws {
        let error = #expect(throws: SystemCallError.self) {
            _ = try directory.move(FileName("gone"), to: directory, as: FileName("b"))
        }
        #expect(error?.errno == .noSuchFileOrDirectory)
        #expect(error?.description.contains("gone") == true)
    }

    @Test func namesAreListedAsTheirBytes() throws {
        let names = [[0xFF, 0x41], Array("a\nb".utf8), Array("Ü".utf8), Array("..a".utf8), Array(".b".utf8)]
        for name in names {
            let file = try OpenFile(creating: FileName(bytes: name), in: directory, .exclusive(mode: 0o600))
            try file.write([1, 2, 3])
        }
        #expect(Set(try directory.list().map(\.bytes)) == Set(names))
        // A second listing begins at the beginning again.
        #expect(try directory.list().count == names.count)
    }

    @Test func thousandsOfEntriesAreListedOnce() throws {
        for number in 0..<3000 { try folder.url.write("", as: "file-\(number)") }
        let names = try directory.list()
        #expect(names.count == 3000)
        #expect(Set(names).count == 3000)
    }

    @Test func aStatusIsThatOfTheLinkItself() throws {
        try folder.url.write("secret", as: "file")
        try FileManager.default.createSymbolicLink(
            at: folder.url.appendingPathComponent("link"),
            withDestinationURL: folder.url.appendingPathComponent("file"))
        #expect(try directory.status(of: FileName("link"))?.form == .link)
        #expect(try directory.status(of: FileName("file"))?.form == .regular)
        #expect(try directory.status(of: FileName("file"))?.size == 6)
        #expect(try directory.status(of: FileName("none")) == nil)
        #expect(try directory.status().form == .directory)
    }

    @Test func aLinkIsNotOpened() throws {
        try folder.url.write("secret", as: "file")
        try FileManager.default.createSymbolicLink(
            at: folder.url.appendingPathComponent("link"),
            withDestinationURL: folder.url.appendingPathComponent("file"))
        let reading = #expect(throws: SystemCallError.self) {
            _ = try OpenFile(reading: FileName("link"), in: directory)
        }
        #expect(reading?.errno == .tooManySymbolicLinkLevels)
        #expect(throws: SystemCallError.self) {
            _ = try OpenFile(creating: FileName("link"), in: directory, .overwriting(mode: 0o600))
        }
        #expect(throws: SystemCallError.self) { _ = try directory.subdirectory(FileName("link"), makingWith: 0o700) }
        #expect(try folder.url.text(of: "file") == "secret")
        let followed = try OpenFile(followingLinks: FileName("link"), in: directory)
        #expect(try followed.bytes(at: 0, count: 100) == Array("secret".utf8))
    }

    @Test(.timeLimit(.minutes(1))) func aPipeDoesNotBlock() throws {
        #expect(mkfifo(folder.url.path + "/pipe", 0o600) == 0)
        let pipe = try OpenFile(reading: FileName("pipe"), in: directory)
        #expect(try pipe.status().form == .other)
    }

    @Test func aSubfolderIsMadeOnceWithItsMode() throws {
        let made = try directory.subdirectory(FileName("work"), makingWith: 0o700)
        #expect(try made.status().mode == 0o700)
        try folder.url.appendingPathComponent("work").write("x", as: "kept")
        #expect(try directory.subdirectory(FileName("work"), makingWith: 0o755).list() == [FileName("kept")])
        #expect(try directory.removeDirectory(FileName("work")) == false)
        try made.remove(FileName("kept"))
        #expect(try directory.removeDirectory(FileName("work")))
        #expect(try directory.removeDirectory(FileName("work")) == false)
    }

    @Test func anOpenDirectoryStaysTheSameWhereverItsPathLeads() throws {
        let old = try Directory(opening: FilePath(folder.subfolder("in").path))
        try FileManager.default.moveItem(
            atPath: folder.url.path + "/in", toPath: folder.url.path + "/moved")
        let new = try folder.subfolder("in")
        try new.write("x", as: "not here")
        #expect(try old.list().isEmpty)
    }

    @Test func whatIsNoFolderIsNotOpened() throws {
        try folder.url.write("x", as: "file")
        let error = #expect(throws: SystemCallError.self) {
            _ = try Directory(opening: folder.path.appending("file"))
        }
        #expect(error?.errno == .notDirectory)
    }
}
