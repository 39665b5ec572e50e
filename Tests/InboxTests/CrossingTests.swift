import FileSystem
import Foundation
import Inbox
import Model
import SystemPackage
import Testing
import TestSupport

/// `.work` on another file system than the inbox: `/dev/shm` is one of its own on every Linux.
@Suite(
    .enabled(if: FarStage.isPossible, "needs a second file system in /dev/shm"),
    .timeLimit(.minutes(5)))
struct CrossingTests {
    private let far: FarStage
    private var stage: InboxStage { far.stage }
    private var work: WorkFolder { far.work }
    private var inbox: Directory { far.inbox }
    private var passage: URL { far.passage }

    init() throws {
        far = try FarStage()
    }

    @Test func dropsAreClaimedByACopyAndTheirOriginalsGo() async throws {
        for round in 0..<3 {
            try stage.moveIn("same.json", "{\"round\":\(round)}")
            let drop = try await stage.next()
            #expect(try stage.text(of: drop) == "{\"round\":\(round)}")
            #expect(drop.condition == .whole)
        }
        #expect(try stage.inbox.names.isEmpty)
        #expect(try stage.work.names == ["1", "2", "same.json"])
        #expect(stage.said.isEmpty)
    }

    @Test func aDropThatCannotGoBackLeavesNoMarker() async throws {
        let far = try FarStage(ready: "{name}.ready")
        try far.stage.moveIn("a.json", "{\"a\":1}")
        try far.stage.moveIn("a.json.ready", "")
        let drop = try await far.stage.next()
        #expect(await far.stage.drops.takeBack(drop) == false)
        #expect(try far.stage.inbox.names.isEmpty)
    }

    /// The copy takes a while, and the sender does not wait for it.
    @Test func theMarkerOfTheNextUploadOfItsNameStays() async throws {
        let far = try FarStage(ready: "{name}.ready")
        let (stage, passage) = (far.stage, far.passage.appendingPathComponent("a.json").path)
        let large = "[\(String(repeating: " ", count: 2_000_000))]"
        var isInTime = false
        while !isInTime {
            try stage.moveIn("a.json", large)
            try stage.moveIn("a.json.ready", "")
            let sender = Task {
                let files = FileManager.default
                while !files.fileExists(atPath: passage), try !stage.work.names.contains("a.json") {
                    await Task.yield()
                }
                try stage.moveIn("a.json", "[2]")
                try stage.inbox.write("again", as: "a.json.ready")
                return files.fileExists(atPath: passage)
            }
            let first = try await stage.next()
            isInTime = try await sender.value
            #expect(first.status.size == large.utf8.count)
            try #require(try stage.inbox.names == ["a.json", "a.json.ready"])
            #expect(try stage.text(of: try await stage.next()) == "[2]")
            for name in try stage.work.names {
                try FileManager.default.removeItem(at: stage.work.appendingPathComponent(name))
            }
        }
    }

    /// It would vouch for the next upload, which had not come to its end.
    @Test func aMarkerThatIsWrittenWhileItsFileIsCopiedGoesWithIt() async throws {
        let far = try FarStage(ready: "{name}.ready")
        let (stage, passage) = (far.stage, far.passage.appendingPathComponent("a.json").path)
        let large = "[\(String(repeating: " ", count: 2_000_000))]"
        var isInTime = false
        while !isInTime {
            try stage.moveIn("a.json", large)
            try stage.inbox.write("", as: "a.json.ready")
            let marker = try #require(FileHandle(forWritingAtPath: stage.inbox.path + "/a.json.ready"))
            let sender = Task {
                let files = FileManager.default
                while !files.fileExists(atPath: passage), try !stage.work.names.contains("a.json") {
                    await Task.yield()
                }
                try marker.write(contentsOf: Data("ok".utf8))
                return files.fileExists(atPath: passage)
            }
            let drop = try await stage.next()
            isInTime = try await sender.value
            #expect(drop.status.size == large.utf8.count)
            try #require(try stage.inbox.names.isEmpty)
            try FileManager.default.removeItem(at: stage.work.appendingPathComponent("a.json"))
        }
        #expect(stage.said.isEmpty)
    }

    @Test func aCopyBelongsToTheServiceAlone() async throws {
        try stage.moveIn("a.json", "{\"a\":1}")
        let sender = try #require(FileHandle(forUpdatingAtPath: stage.inbox.path + "/a.json"))
        let drop = try await stage.next()
        try sender.write(contentsOf: Data("changed".utf8))
        #expect(try stage.text(of: drop) == "{\"a\":1}")
    }

    @Test func whatIsNoFileIsMadeAnew() async throws {
        symlink("/etc/hostname", stage.inbox.path + "/link.json")
        mkfifo(stage.inbox.path + "/pipe.json", 0o600)
        var forms: [FileName: FileStatus.Form] = [:]
        for _ in 0..<2 {
            let drop = try await stage.next()
            #expect(drop.condition == .notRegular)
            forms[drop.name] = drop.status.form
        }
        #expect(forms == [FileName("link.json"): .link, FileName("pipe.json"): .other])
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: stage.work.path + "/link.json") == "/etc/hostname"
        )
        #expect(try stage.inbox.names.isEmpty)
    }

    @Test func anotherDropOfTheNameIsNotTouched() throws {
        try stage.inbox.write("first", as: "a.json")
        let first = try work.take(FileName("a.json"), from: inbox)
        try stage.inbox.write("second", as: "a.json")
        #expect(try stage.work.text(of: "a.json") == "first")
        #expect(try stage.inbox.text(of: "a.json") == "second")
        #expect(throws: SystemCallError("renameat2", "", .improperLink)) {
            do throws(SystemCallError) {
                _ = try work.giveBack(first, to: inbox)
            } catch {
                throw SystemCallError(error.call, "", error.errno)
            }
        }
    }

    /// Stopped after the first rename: nothing is in `.work` so far.
    @Test func aStopBeforeTheCopyLosesNothing() throws {
        try FileManager.default.createDirectory(at: passage, withIntermediateDirectories: true)
        try passage.write("{\"a\":1}", as: "a.json")
        try stage.work.write("half of {\"a\":", as: ".copy-1")
        try work.finishCrossings(from: inbox)
        #expect(try work.contents().map(\.name) == [WorkName(name: FileName("a.json"))])
        #expect(try stage.work.text(of: "a.json") == "{\"a\":1}")
        #expect(try stage.inbox.names.isEmpty)
    }

    /// Stopped after the copy: the original is all that is left to be removed.
    @Test(arguments: [nil, 3]) func aStopAfterTheCopyDoublesNothing(shelf: Int?) throws {
        try FileManager.default.createDirectory(at: passage, withIntermediateDirectories: true)
        try passage.write("{\"a\":1}", as: "a.json")
        let place = shelf.map { stage.work.appendingPathComponent("\($0)") } ?? stage.work
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        if shelf != nil { try stage.work.write("another", as: "a.json") }
        try place.write("{\"a\":1}", as: "a.json")
        try work.finishCrossings(from: inbox)
        #expect(try work.contents().count == (shelf == nil ? 1 : 2))
        #expect(try stage.inbox.names.isEmpty)
    }

    /// Whoever looks next hands it on.
    @Test func whatIsFoundInThePassageIsADropLikeAnyOther() async throws {
        try FileManager.default.createDirectory(at: passage, withIntermediateDirectories: true)
        try passage.write("{\"a\":1}", as: "a.json")
        try stage.moveIn("b.json")
        #expect(try await stage.next(2) == ["a.json", "b.json"])
        #expect(try stage.work.names == ["a.json", "b.json"])
        #expect(try stage.inbox.names.isEmpty)
    }

    /// It could not go back, for its sender had put another file under its name.
    @Test func anotherFileOfItsNameComesBehindIt() async throws {
        try FileManager.default.createDirectory(at: passage, withIntermediateDirectories: true)
        try passage.write("{\"a\":1}", as: "a.json")
        try stage.moveIn("a.json", "{\"a\":2}")
        #expect(try stage.text(of: try await stage.next()) == "{\"a\":1}")
        #expect(try stage.text(of: try await stage.next()) == "{\"a\":2}")
        #expect(try stage.inbox.names.isEmpty)
    }

    @Test func aFileThatCannotCrossGoesBackAndStopsNoOther() async throws {
        try stage.moveIn("a.json", "{\"a\":1}")
        let obstacle = try obstruct(stage.inbox.appendingPathComponent("a.json"))
        for name in ["b.json", "c.json"] {
            try stage.moveIn(name)
            #expect(try await stage.next(1) == [name])
            #expect(try stage.inbox.names == ["a.json"])
        }
        #expect(stage.said == ["cannotClaim"])
        try FileManager.default.removeItem(at: obstacle)
        #expect(try await stage.next(1) == ["a.json"])
        #expect(stage.said == ["cannotClaim", "claimsAgain"])
    }

    @Test func aStartIsNotStoppedByAFileThatCannotCross() throws {
        try FileManager.default.createDirectory(at: passage, withIntermediateDirectories: true)
        try passage.write("{\"a\":1}", as: "a.json")
        try passage.write("{\"b\":1}", as: "b.json")
        let obstacle = try obstruct(passage.appendingPathComponent("a.json"))
        try work.finishCrossings(from: inbox)
        #expect(try stage.inbox.names == ["a.json"])
        try FileManager.default.removeItem(at: obstacle)
        #expect(try work.contents().map(\.name) == [WorkName(name: FileName("b.json"))])
    }

    /// Takes the place of a file's copy.
    private func obstruct(_ file: URL) throws -> URL {
        let folder = try Directory(opening: FilePath(file.deletingLastPathComponent().path))
        let status = try #require(try folder.status(of: FileName(file.lastPathComponent)))
        let obstacle = stage.work.appendingPathComponent(".copy-\(status.inode)")
        try FileManager.default.createDirectory(at: obstacle, withIntermediateDirectories: true)
        return obstacle
    }
}
