import FileSystem
import Foundation
import Inbox
import Model
import Testing
import TestSupport

/// An inbox that is renamed away, removed, unmounted, and comes back. No listing for ten minutes: what brings it back is
/// the kernel's word, or a look every second where the kernel has none.
@Suite(.timeLimit(.minutes(5)), .serialized) struct FolderLossTests {
    private func away(_ stage: InboxStage) -> URL { stage.folder.url.appendingPathComponent("away") }

    private func isMissed(_ stage: InboxStage, times: Int = 1) async throws {
        try await eventually("the inbox is missed") { stage.said.count { $0 == "unavailable" } == times }
    }

    @Test func anInboxThatWasRenamedAwayIsTakenUpWhenItIsBack() async throws {
        let stage = try InboxStage(settle: .milliseconds(20))
        try await stage.watched()
        let waiting = Task { try await stage.next() }
        try FileManager.default.moveItem(at: stage.inbox, to: away(stage))
        try await isMissed(stage)
        try away(stage).write("{}", as: "waited.json")
        try FileManager.default.moveItem(at: away(stage), to: stage.inbox)
        #expect(try await waiting.value.name == FileName("waited.json"))
        #expect(stage.said == ["unavailable", "available"])
        // It is watched again.
        try stage.moveIn("more.json")
        #expect(try await stage.next(1) == ["more.json"])
    }

    /// No time passes, so that no timer helps: the parent folder's event alone tells that it is back.
    @Test(arguments: ["renamed away", "removed"])
    func theParentTellsThatAnInboxIsBack(loss: String) async throws {
        let stage = try InboxStage(settle: .zero, time: ManualTime())
        try await stage.watched()
        let waiting = Task { try await stage.next() }
        if loss == "removed" {
            try FileManager.default.removeItem(at: stage.inbox)
        } else {
            try FileManager.default.moveItem(at: stage.inbox, to: away(stage))
        }
        try await isMissed(stage)
        try stage.outside.write("{}", as: "a.json")
        // Whole when it appears, with its file in it.
        try FileManager.default.moveItem(at: stage.outside, to: stage.inbox)
        #expect(try await waiting.value.name == FileName("a.json"))
    }

    @Test func otherInboxesGoOn() async throws {
        let alarms = Alarms(time: SystemTime())
        let lost = try InboxStage(settle: .milliseconds(20), alarms: alarms)
        let other = try InboxStage(settle: .milliseconds(20), alarms: alarms)
        try await lost.watched()
        try await other.watched()
        let waiting = Task { await lost.drops.next() }
        try FileManager.default.removeItem(at: lost.inbox)
        try await isMissed(lost)
        for round in 0..<20 {
            try other.moveIn("\(round).json")
            #expect(try await other.next(1) == ["\(round).json"])
        }
        #expect(other.said.isEmpty)
        await lost.drops.stop()
        #expect(await waiting.value == nil)
    }

    /// The whole partner folder: the inbox's parent goes with it.
    @Test func aParentThatGoesAndComesBackBringsItsInboxBack() async throws {
        let stage = try InboxStage(settle: .milliseconds(20))
        try await stage.watched()
        let waiting = Task { try await stage.next() }
        let home = stage.folder.url
        let elsewhere = home.deletingLastPathComponent().appendingPathComponent("\(home.lastPathComponent)-away")
        try FileManager.default.moveItem(at: home, to: elsewhere)
        try await isMissed(stage)
        try elsewhere.appendingPathComponent("inbox").write("{}", as: "waited.json")
        try FileManager.default.moveItem(at: elsewhere, to: home)
        #expect(try await waiting.value.name == FileName("waited.json"))
        try stage.moveIn("more.json")
        #expect(try await stage.next(1) == ["more.json"])
    }

    @Test func anIdleInboxHoldsNoDescriptor() async throws {
        let stage = try InboxStage(settle: .milliseconds(20))
        try await stage.watched()
        let waiting = Task { await stage.drops.next() }
        func open() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
            }.filter { $0.hasPrefix(stage.folder.url.path) }
        }
        try await eventually("nothing is open") { try open().isEmpty }
        await stage.drops.stop()
        #expect(await waiting.value == nil)
    }

    private static let canMount = geteuid() == 0

    private func mount(_ url: URL) throws {
        let process = try Process.run(
            URL(fileURLWithPath: "/bin/mount"), arguments: ["-t", "tmpfs", "-o", "size=4m", "tmpfs", url.path])
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    /// Tried a few times: a look at the folder may be under way.
    private func unmount(_ url: URL) async throws {
        try await eventually("it is unmounted") { umount2(url.path, 0) == 0 }
    }

    /// The folder with inbox and `.work` is a file system of its own, as a data disk is.
    @Test(.enabled(if: canMount, "only root can mount"))
    func anInboxOnADiskThatIsUnmountedAndMountedAgainGoesOn() async throws {
        let disk = try TemporaryFolder()
        try mount(disk.url)
        defer { _ = umount2(disk.url.path, CInt(MNT_DETACH)) }
        try FileManager.default.createDirectory(
            at: disk.url.appendingPathComponent("inbox"), withIntermediateDirectories: true)
        let stage = try InboxStage(settle: .milliseconds(20), home: disk)
        try await stage.watched()
        let waiting = Task { try await stage.next() }
        try await unmount(disk.url)
        try await isMissed(stage)
        try mount(disk.url)
        try FileManager.default.createDirectory(at: stage.inbox, withIntermediateDirectories: true)
        try stage.inbox.write("{}", as: "a.json")
        #expect(try await waiting.value.name == FileName("a.json"))
        try stage.inbox.write("{}", as: "more.json")
        #expect(try await stage.next(1) == ["more.json"])
        #expect(stage.said.contains("available"))
        await stage.drops.stop()
    }

    /// The empty folder below a mount point is not the inbox: what somebody puts there meanwhile is not for us.
    @Test(.enabled(if: canMount, "only root can mount"))
    func anInboxThatIsItselfAMountIsMissedWhileItIsNotMounted() async throws {
        let stage = try InboxStage(settle: .milliseconds(20))
        try mount(stage.inbox)
        defer { _ = umount2(stage.inbox.path, CInt(MNT_DETACH)) }
        try await stage.watched()
        let waiting = Task { try await stage.next() }
        try await unmount(stage.inbox)
        try await eventually("the inbox is missed") { stage.said.contains("unsuitable") }
        try stage.inbox.write("{}", as: "below.json")
        try await Task.sleep(for: .milliseconds(1500))
        try mount(stage.inbox)
        try stage.inbox.write("{}", as: "a.json")
        #expect(try await waiting.value.name == FileName("a.json"))
        #expect(stage.said == ["unsuitable", "available"])
        await stage.drops.stop()
    }
}
