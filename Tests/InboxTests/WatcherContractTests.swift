import FileSystem
import Foundation
import Inbox
import Model
import Synchronization
import SystemPackage
import Testing
import TestSupport

/// What every watcher has to make possible, whichever way it notices. Real folders; `rescan` is far away, so that a
/// watcher that tells nothing brings nothing.
@Suite(.timeLimit(.minutes(5)), .serialized) struct WatcherContractTests {
    @Test(arguments: Watching.both) func whatWasThereAtTheStartIsTaken(watching: Watching) async throws {
        let stage = try InboxStage(settle: .milliseconds(50), watching: watching)
        try stage.inbox.write("{}", as: "a.json")
        try stage.inbox.write("{}", as: "b.json")
        #expect(Set(try await stage.next(2)) == ["a.json", "b.json"])
    }

    @Test(arguments: Watching.both) func whatIsRenamedInIsTaken(watching: Watching) async throws {
        let stage = try InboxStage(settle: .milliseconds(50), watching: watching)
        try await stage.watched()
        try stage.moveIn("a.json", "{\"a\":1}")
        #expect(try stage.text(of: await stage.next()) == "{\"a\":1}")
    }

    @Test(arguments: Watching.both) func aTemporaryNameIsTakenUnderItsFinalOne(watching: Watching) async throws {
        let stage = try InboxStage(settle: .milliseconds(50), watching: watching)
        try await stage.watched()
        try stage.inbox.write("{\"a\":", as: "a.json.filepart")
        try await Task.sleep(for: .milliseconds(200))
        try stage.inbox.write("{\"a\":1}", as: "a.json.filepart")
        try FileManager.default.moveItem(
            atPath: stage.inbox.path + "/a.json.filepart", toPath: stage.inbox.path + "/a.json")
        #expect(try stage.text(of: await stage.next()) == "{\"a\":1}")
    }

    @Test(arguments: Watching.both) func whatIsOverwrittenBeforeItIsTakenSettlesAnew(watching: Watching) async throws {
        let stage = try InboxStage(settle: .seconds(2), watching: watching)
        let drop = Task { try await stage.next() }
        for number in 0..<5 {
            try Data("{\"round\":\(number)}".utf8).write(to: stage.inbox.appendingPathComponent("a.json"))
            try await Task.sleep(for: .milliseconds(200))
        }
        #expect(try stage.text(of: await drop.value) == "{\"round\":4}")
    }

    @Test(arguments: Watching.both) func everyFileIsTakenOnce(watching: Watching) async throws {
        let stage = try InboxStage(settle: .milliseconds(30), watching: watching)
        let count = 600
        let writer = Task {
            for number in 0..<count {
                if number.isMultiple(of: 2) {
                    try stage.moveIn("\(number).json")
                } else {
                    try stage.inbox.write("{}", as: "\(number).json")
                }
            }
        }
        let names = try await stage.next(count)
        try await writer.value
        #expect(Set(names).count == count)
        #expect(try stage.inbox.names.isEmpty)
    }

    @Test(arguments: Watching.both) func theRestOfAnInterruptedUploadIsWaitedFor(watching: Watching) async throws {
        let stage = try InboxStage(settle: .milliseconds(50), grace: .seconds(600), watching: watching)
        for (name, part) in [("a.json", "{\"a\":"), ("a.xml", "<a><b>1"), ("a.pdf", "%PDF-1.4 1 0 obj")] {
            try stage.inbox.write(part, as: name)
        }
        try stage.inbox.write("", as: "empty.json")
        try await stage.watched()
        let whole = [
            "a.json": "{\"a\":1}", "a.xml": "<a><b>1</b></a>", "a.pdf": "%PDF-1.4 1 %%EOF", "empty.json": "[]",
        ]
        for (name, text) in whole {
            try stage.inbox.write(text, as: name)
            let drop = try await stage.next()
            #expect(drop.name == FileName(name))
            #expect(drop.condition == .whole)
            #expect(try stage.text(of: drop) == text)
        }
    }

    @Test(arguments: Watching.both) func whatNeverComesIsUnfinishedInTheEnd(watching: Watching) async throws {
        let stage = try InboxStage(settle: .milliseconds(50), grace: .milliseconds(400), watching: watching)
        try stage.inbox.write("<accounts><account>", as: "cut.xml")
        try stage.inbox.write("", as: "empty.json")
        for _ in 0..<2 { #expect(try await stage.next().condition == .unfinished) }
    }

    @Test(arguments: Watching.both, ["first", "last"])
    func aDropIsTakenWithItsMarkerOnly(watching: Watching, marker: String) async throws {
        let stage = try InboxStage(settle: .milliseconds(50), watching: watching, ready: "{name}.ready")
        try stage.inbox.write("{}", as: "unmarked.json")
        try stage.inbox.write("", as: "alone.json.ready")
        for round in 0..<3 {
            if marker == "first" { try stage.inbox.write("", as: "\(round).json.ready") }
            try stage.moveIn("\(round).json")
            try await Task.sleep(for: .milliseconds(150))
            if marker == "last" { try stage.inbox.write("", as: "\(round).json.ready") }
            #expect(try await stage.next(1) == ["\(round).json"])
        }
        #expect(try stage.inbox.names == ["alone.json.ready", "unmarked.json"])
        try stage.inbox.write("", as: "unmarked.json.ready")
        #expect(try await stage.next(1) == ["unmarked.json"])
        #expect(try stage.inbox.names == ["alone.json.ready"])
    }

    @Test(arguments: Watching.both) func anInboxThatWasRemovedAndMadeAnewGoesOn(watching: Watching) async throws {
        let stage = try InboxStage(settle: .milliseconds(20), watching: watching)
        try await stage.watched()
        for round in 0..<3 {
            async let drop = stage.next()
            try FileManager.default.removeItem(at: stage.inbox)
            try await eventually("the inbox is missed") { stage.said.count { $0 == "unavailable" } == round + 1 }
            _ = try stage.folder.subfolder("inbox")
            try stage.moveIn("\(round).json")
            #expect(try await drop.name == FileName("\(round).json"))
            #expect(stage.said.count { $0 == "available" } == round + 1)
        }
    }

    @Test(arguments: Watching.both) func anInboxThatWasReplacedAtOnceGoesOn(watching: Watching) async throws {
        let stage = try InboxStage(settle: .milliseconds(20), watching: watching)
        try await stage.watched()
        for round in 0..<3 {
            async let drop = stage.next()
            let away = stage.folder.url.appendingPathComponent("away-\(round)")
            try FileManager.default.moveItem(at: stage.inbox, to: away)
            _ = try stage.folder.subfolder("inbox")
            try stage.moveIn("\(round).json")
            #expect(try await drop.name == FileName("\(round).json"))
            // What happens in the folder that was moved away is nobody's drop.
            try away.write("{}", as: "elsewhere.json")
            try stage.inbox.write("{}", as: "more.json")
            #expect(try await stage.next(1) == ["more.json"])
        }
    }

    @Test(arguments: Watching.both) func aFolderIsSaidOnceAndLeftAlone(watching: Watching) async throws {
        let stage = try InboxStage(settle: .milliseconds(50), watching: watching)
        try await stage.watched()
        let outside = try stage.folder.subfolder("outside/batch.json")
        try outside.write("{}", as: "inner.json")
        try FileManager.default.moveItem(at: outside, to: stage.inbox.appendingPathComponent("batch.json"))
        for round in 0..<3 {
            try stage.moveIn("\(round).json")
            #expect(try await stage.next(1) == ["\(round).json"])
        }
        #expect(stage.said == ["folderLeftAlone"])
        #expect(try stage.inbox.appendingPathComponent("batch.json").names == ["inner.json"])
    }

    @Test(arguments: Watching.both) func stopEndsIt(watching: Watching) async throws {
        let stage = try InboxStage(watching: watching)
        try await stage.watched()
        let waiting = Task { await stage.drops.next() }
        try await Task.sleep(for: .milliseconds(50))
        await stage.drops.stop()
        #expect(await waiting.value == nil)
    }
}

/// Which watcher an inbox gets.
@Suite(.timeLimit(.minutes(5))) struct WatchRuleTests {
    private static let nfs = FileSystemType(magic: 0x6969)

    @Test func aFolderOfThisMachineIsWatched() async throws {
        let stage = try InboxStage(settle: .milliseconds(20))
        try await stage.watched()
        try stage.moveIn("a.json")
        #expect(try await stage.next(1) == ["a.json"])
        #expect(stage.said.isEmpty)
    }

    @Test func aFolderThatOtherHostsWriteToIsPolledAndThatIsSaidOnce() async throws {
        let stage = try InboxStage(settle: .milliseconds(20), fileSystem: WatchRuleTests.nfs)
        try await stage.watched()
        for round in 0..<3 {
            try stage.moveIn("\(round).json")
            #expect(try await stage.next(1) == ["\(round).json"])
        }
        let types = stage.events.withLock { $0.compactMap { if case .polled(let type) = $0 { type } else { nil } } }
        #expect(types == [WatchRuleTests.nfs])
        #expect(types.map(\.description) == ["NFS"])
    }

    /// The other host's clock says nothing here: a file is as old as it has been known.
    @Test func aPolledFileIsAsOldAsItHasBeenKnown() async throws {
        let stage = try InboxStage(settle: .milliseconds(600), fileSystem: WatchRuleTests.nfs)
        try stage.inbox.write("{}", as: "old.json")
        try await Task.sleep(for: .milliseconds(700))
        let started = ContinuousClock.now
        #expect(try await stage.next(1) == ["old.json"])
        #expect(ContinuousClock.now - started >= .milliseconds(600))
    }

    /// Whatever order the folder gives them in.
    @Test func whatAPolledFolderHoldsIsTakenInTheOrderOfItsChanges() async throws {
        let stage = try InboxStage(settle: .milliseconds(20), fileSystem: WatchRuleTests.nfs)
        let names = (0..<12).map { "\($0 * 7 % 12).json" }
        for name in names {
            try stage.inbox.write("{}", as: name)
            usleep(10_000)
        }
        #expect(try await stage.next(names.count) == names)
    }

    @Test func inotifyCanBeForced() async throws {
        let stage = try InboxStage(settle: .milliseconds(20), watching: .inotify, fileSystem: WatchRuleTests.nfs)
        try await stage.watched()
        #expect(stage.said.isEmpty)
    }

    /// As the kernel does at its limit of watches.
    private final class Refusal: FolderWatcher {
        func watch(_ path: FilePath, _ receiver: any HintReceiver) { receiver.add(.unwatched(.noSpace)) }
        func forget(_ receiver: any HintReceiver) {}
    }

    @Test func anInboxThatTheKernelDoesNotWatchIsPolledAndThatIsSaidOnce() async throws {
        let stage = try InboxStage(settle: .milliseconds(20), notifier: Refusal())
        try await stage.watched()
        for round in 0..<3 {
            try stage.moveIn("\(round).json")
            #expect(try await stage.next(1) == ["\(round).json"])
            try FileManager.default.removeItem(at: stage.inbox)
            _ = try stage.folder.subfolder("inbox")
        }
        #expect(stage.said.count { $0 == "notWatched" } == 1)
    }

    private static let canMountFUSE =
        geteuid() == 0 && FileManager.default.fileExists(atPath: "/dev/fuse")
        && FileManager.default.isExecutableFile(atPath: "/usr/bin/bindfs")

    /// What is written below the mount is another host's doing: no event comes, and the type is FUSE.
    @Test(.enabled(if: canMountFUSE, "needs root, /dev/fuse and Debian's bindfs"))
    func aRealFUSEMountIsPolledByItself() async throws {
        let below = try TemporaryFolder()
        let mount = try TemporaryFolder()
        // In the foreground: it ends with the mount.
        _ = try Process.run(
            URL(fileURLWithPath: "/usr/bin/bindfs"), arguments: ["-f", below.url.path, mount.url.path])
        defer { _ = umount2(mount.url.path, CInt(MNT_DETACH)) }
        try await eventually("it is mounted") { try Directory(opening: mount.path).fileSystemType().isShared }
        let stage = try InboxStage(settle: .milliseconds(50), home: mount)
        let inbox = below.url.appendingPathComponent("inbox")
        try inbox.write("{}", as: "waiting.json")
        #expect(try await stage.next(1) == ["waiting.json"])
        let next = Task { try await stage.next(1) }
        try await Task.sleep(for: .milliseconds(300))
        try inbox.write("{}", as: "later.json")
        #expect(try await next.value == ["later.json"])
        #expect(stage.said == ["polled"])
        await stage.drops.stop()
    }

    @Test func networkFileSystemsAreKnownByTheirNumbers() throws {
        for magic: UInt32 in [0x6969, 0x517B, 0xFE53_4D42, 0xFF53_4D42, 0x6573_5546] {
            #expect(FileSystemType(magic: magic).isShared)
        }
        for magic: UInt32 in [0xEF53, 0x9123_683E, 0x0102_1994, 0x5846_5342, 0x794C_7630] {
            #expect(!FileSystemType(magic: magic).isShared)
        }
        let folder = try TemporaryFolder()
        #expect(try !Directory(opening: folder.path).fileSystemType().isShared)
    }
}
