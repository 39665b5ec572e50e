import FileSystem
import Foundation
import Inbox
import Model
import SystemPackage
import Testing
import TestSupport

/// Entries that are meant to do harm where `.work` is on another file system, so that a claim is a copy.
@Suite(
    .enabled(if: FarStage.isPossible, "needs a second file system in /dev/shm"),
    .timeLimit(.minutes(5)))
struct HostileCrossingTests {
    private let far: FarStage
    private var stage: InboxStage { far.stage }
    private var work: WorkFolder { far.work }
    private var inbox: Directory { far.inbox }
    private var passage: URL { far.passage }

    init() throws {
        far = try FarStage()
    }

    private func linkSecret(as name: String) throws {
        try stage.outside.write("{\"secret\":1}", as: "secret.json")
        try FileManager.default.linkItem(
            atPath: stage.outside.path + "/secret.json", toPath: stage.inbox.path + "/" + name)
    }

    /// The copy has one name, and must not pass for a drop: a sender may link what he cannot read.
    @Test func aCopyOfAFileWithOtherNamesIsNoDropAndForNobodysEyes() async throws {
        try linkSecret(as: "a.json")
        let drop = try await stage.next()
        #expect(drop.condition == .notRegular)
        let status = try #require(try work.directory.status(of: FileName("a.json")))
        #expect(status.mode & 0o077 == 0)
        #expect(try stage.outside.text(of: "secret.json") == "{\"secret\":1}")
        #expect(try stage.inbox.names.isEmpty)
    }

    /// A link that was made between the look and the claim, and a stop of the service behind it.
    @Test func suchACopyIsNoDropAfterAStopEither() throws {
        try linkSecret(as: "a.json")
        let name = try work.take(FileName("a.json"), from: inbox)
        let (_, status) = try #require(try work.contents().first)
        #expect(ClaimedDrop(leftBehind: name, status).condition == .notRegular)
    }

    /// One that took a file's name between the look and the claim.
    @Test func aFolderInThePassageStopsNoOtherClaim() async throws {
        try FileManager.default.createDirectory(
            at: passage.appendingPathComponent("a.json"), withIntermediateDirectories: true)
        try passage.appendingPathComponent("a.json").write("{}", as: "inner.json")
        try stage.moveIn("b.json")
        #expect(try await stage.next(1) == ["b.json"])
        #expect(try stage.inbox.names == ["a.json"])
        #expect(try stage.inbox.appendingPathComponent("a.json").names == ["inner.json"])
    }

    @Test func aFolderWhoseNameIsTakenGoesBackUnderAnother() async throws {
        try FileManager.default.createDirectory(
            at: passage.appendingPathComponent("a.json"), withIntermediateDirectories: true)
        try stage.moveIn("a.json", "{\"a\":1}")
        let drop = try await stage.next()
        #expect(try stage.text(of: drop) == "{\"a\":1}")
        #expect(try stage.inbox.names == ["a.json.2"])
    }
}
