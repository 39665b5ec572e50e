import FileSystem
import Foundation
import Inbox
import Model
import Synchronization
import SystemPackage
import Testing
import TestSupport

@Suite struct WorkFolderTests {
    private let folder: TemporaryFolder
    private let inboxURL: URL
    private let inbox: Directory
    private let work: WorkFolder
    private let drop = DropID(text: "01J00000000000000000000000")
    private var workURL: URL { folder.url.appendingPathComponent(".work") }

    init() throws {
        folder = try TemporaryFolder()
        inboxURL = try folder.subfolder("inbox")
        inbox = try Directory(opening: folder.path.appending("inbox"))
        work = try WorkFolder(at: folder.path.appending(".work"))
    }

    private func claim(_ name: String, _ text: String = "{}") throws -> WorkName {
        try inboxURL.write(text, as: name)
        return try work.take(FileName(name), from: inbox)
    }

    @Test func itIsTheServicesOwn() throws {
        #expect(try work.directory.status().mode == 0o700)
    }

    @Test func aDropMayBeCalledLikeAShelf() throws {
        let numbers = try ["1", "2", "1", "1", "2"].map { try claim($0, "number") }
        let others = try (0..<4).map { try claim("same.json", "\($0)") }
        #expect(Set(numbers + others).count == 9)
        #expect(Set(try work.contents().map(\.name)) == Set(numbers + others))
    }

    @Test func aLinkCalledLikeAShelfIsNotFollowed() throws {
        try FileManager.default.createSymbolicLink(
            atPath: inboxURL.path + "/1", withDestinationPath: inboxURL.path)
        #expect(try work.take(FileName("1"), from: inbox) == WorkName(name: FileName("1")))
        #expect(try claim("a.json").shelf == nil)
        #expect(try claim("a.json").shelf == 2)
        #expect(try inboxURL.names.isEmpty)
    }

    @Test func whatIsGoneCannotBeTaken() {
        let error = #expect(throws: SystemCallError.self) { _ = try work.take(FileName("gone"), from: inbox) }
        #expect(error?.errno == .noSuchFileOrDirectory)
    }

    @Test func contentsAreInTheOrderOfTheirChange() throws {
        let names = try ["c", "a", "b"].map { name in
            defer { usleep(20_000) }
            return try claim(name)
        }
        #expect(try work.contents().map(\.name) == names)
    }

    @Test func aShelfGoesWithItsLastEntry() throws {
        _ = try claim("a.json", "1")
        let second = try claim("a.json", "2")
        #expect(try workURL.names == ["1", "a.json"])
        #expect(try work.giveBack(second, to: inbox))
        #expect(try workURL.names == ["a.json"])
        #expect(try inboxURL.text(of: "a.json") == "2")
    }

    /// Its name is taken in the folder, and when there is a shelf for it, it is gone.
    @Test(.timeLimit(.minutes(2))) func aNameThatGoesWhileItIsTakenLeavesNoShelf() throws {
        final class Flag: Sendable {
            let isSet = Atomic(false)
        }
        _ = try claim("a.json")
        let path = inboxURL.path + "/a.json"
        let isOver = Flag()
        let hasEnded = DispatchSemaphore(value: 0)
        Thread {
            while !isOver.isSet.load(ordering: .relaxed) {
                close(open(path, O_CREAT | O_WRONLY, 0o644))
                unlink(path)
            }
            hasEnded.signal()
        }.start()
        defer {
            isOver.isSet.store(true, ordering: .relaxed)
            hasEnded.wait()
        }
        var (taken, gone) = (0, 0)
        while taken < 500 || gone < 5000 {
            do throws(SystemCallError) {
                let place = try work.take(FileName("a.json"), from: inbox)
                taken += 1
                unlink(workURL.path + "/\(place)")
                try work.clear(place)
            } catch {
                #expect(error.errno == .noSuchFileOrDirectory)
                gone += 1
            }
            let names = try workURL.names
            try #require(names == ["a.json"], "after \(taken) taken, \(gone) gone")
        }
    }

    @Test func anEmptyShelfThatAStopLeftGoes() throws {
        try FileManager.default.createDirectory(
            at: workURL.appendingPathComponent("3"), withIntermediateDirectories: true)
        #expect(try work.contents().isEmpty)
        #expect(try workURL.names.isEmpty)
    }

    @Test func aCopyThatAStopCutOffIsNoDrop() throws {
        _ = try claim("a.json", "1")
        let second = try claim("a.json", "2")
        try workURL.write("half", as: ".copy-17")
        try workURL.appendingPathComponent("1").write("half", as: ".copy-18")
        #expect(try work.contents().map(\.name) == [WorkName(name: FileName("a.json")), second])
        #expect(try workURL.names == ["1", "a.json"])
        #expect(try workURL.appendingPathComponent("1").names == ["a.json"])
    }

    @Test func aHiddenFolderStopsNobody() throws {
        try FileManager.default.createDirectory(
            at: workURL.appendingPathComponent(".snapshot"), withIntermediateDirectories: true)
        let name = try claim("a.json")
        #expect(try work.contents().map(\.name) == [name])
    }

    @Test func anAdoptedFileIsTheServicesOwn() throws {
        try inboxURL.write("{\"amount\":1}", as: "a.json")
        let path = inboxURL.path + "/a.json"
        // The sender holds it open, and is somebody else where the tests run as root.
        let sender = try #require(FileHandle(forUpdatingAtPath: path))
        if geteuid() == 0 { #expect(chown(path, 12345, 12345) == 0) }
        let name = try work.take(FileName("a.json"), from: inbox)
        let before = try #require(try work.directory.status(of: name.name))
        #expect(try work.adopt(name, for: drop))
        let after = try #require(try work.directory.status(of: name.name))
        #expect(after.inode != before.inode)
        #expect(after.owner == geteuid())
        #expect(after.mode & 0o022 == 0)
        try sender.write(contentsOf: Data("{\"amount\":9}".utf8))
        try sender.close()
        #expect(try workURL.text(of: "a.json") == "{\"amount\":1}")
        #expect(try workURL.names == ["a.json"])
    }

    @Test func aFileOnAShelfIsAdoptedThere() throws {
        _ = try claim("a.json", "1")
        let second = try claim("a.json", "2")
        #expect(try work.adopt(second, for: drop))
        #expect(try workURL.text(of: "a.json") == "1")
        #expect(try workURL.appendingPathComponent("1").text(of: "a.json") == "2")
        #expect(try workURL.appendingPathComponent("1").names == ["a.json"])
    }

    @Test func aLinkIsNotAdopted() throws {
        try FileManager.default.createSymbolicLink(
            atPath: inboxURL.path + "/a.json", withDestinationPath: "/etc/hostname")
        let name = try work.take(FileName("a.json"), from: inbox)
        #expect(throws: SystemCallError.self) { _ = try work.adopt(name, for: drop) }
    }

    /// The budget knows of the size that it had at its claim.
    @Test func aFileThatGrewAfterItsClaimIsNotCopied() throws {
        let name = try claim("a.json", "{}")
        let sender = try #require(FileHandle(forUpdatingAtPath: workURL.path + "/a.json"))
        try sender.truncate(atOffset: 1 << 40)
        #expect(try work.copy(name, for: drop, ofSize: 2) == nil)
        try sender.truncate(atOffset: 2)
        #expect(try work.copy(name, for: drop, ofSize: 2)?.isWhole == true)
        #expect(try work.placeCopy(of: name, for: drop))
        #expect(try workURL.names == ["a.json"])
    }

    @Test func aCopyThatIsNotWantedGoesAndItsOriginalIsWhatItWas() throws {
        _ = try claim("a.json", "1")
        let second = try claim("a.json", "2")
        let before = try work.folder(of: second).status(of: second.name)
        let copy = try #require(try work.copy(second, for: drop))
        #expect(try workURL.appendingPathComponent("1").names == [copy.name.description, "a.json"])
        #expect(try work.giveBack(second, to: inbox))
        try work.removeCopy(of: second, for: drop)
        #expect(try workURL.names == ["a.json"])
        #expect(try inbox.status(of: second.name)?.inode == before?.inode)
    }

    @Test func noCopyTakesThePlaceOfWhatIsGone() throws {
        let name = try claim("a.json")
        _ = try work.copy(name, for: drop)
        try work.directory.remove(name.name)
        #expect(try !work.placeCopy(of: name, for: drop))
        #expect(try workURL.names.isEmpty)
    }
}
