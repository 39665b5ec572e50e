import FileSystem
import Foundation
import Inbox
import Model
import Synchronization
import SystemPackage
import Testing
import TestSupport

/// Entries of an inbox that are no plain files with a plain name.
@Suite(.timeLimit(.minutes(5))) struct OddEntryTests {
    @Test func aLinkIsClaimedAndNeverFollowed() async throws {
        let stage = try InboxStage()
        try stage.outside.write("secret", as: "secret.json")
        try FileManager.default.createSymbolicLink(
            atPath: stage.inbox.path + "/link.json", withDestinationPath: stage.outside.path + "/secret.json")
        let drop = try await stage.next()
        #expect(drop.condition == .notRegular)
        #expect(drop.status.form == .link)
        #expect(try stage.outside.text(of: "secret.json") == "secret")
    }

    @Test func aPipeIsClaimedAndNeverOpened() async throws {
        let stage = try InboxStage()
        #expect(mkfifo(stage.inbox.path + "/pipe.json", 0o600) == 0)
        try stage.moveIn("after.json")
        var conditions: [String: Settling.Condition] = [:]
        for _ in 0..<2 {
            let drop = try await stage.next()
            conditions[drop.name.description] = drop.condition
        }
        #expect(conditions == ["pipe.json": .notRegular, "after.json": .whole])
    }

    @Test func aFileWithASecondNameIsRefused() async throws {
        let stage = try InboxStage()
        try stage.outside.write("{}", as: "other-name")
        try FileManager.default.linkItem(
            atPath: stage.outside.path + "/other-name", toPath: stage.inbox.path + "/a.json")
        #expect(try await stage.next().condition == .notRegular)
    }

    /// As OpenSSH renames: by a link and an unlink.
    @Test func aRenameByLinkAndUnlinkIsOneWholeDrop() async throws {
        let stage = try InboxStage(settle: .milliseconds(50))
        try stage.inbox.write("{}", as: "first.json")
        #expect(try await stage.next(1) == ["first.json"])
        try stage.inbox.write("{\"a\":1}", as: "a.json.part")
        try FileManager.default.linkItem(
            atPath: stage.inbox.path + "/a.json.part", toPath: stage.inbox.path + "/a.json")
        try FileManager.default.removeItem(atPath: stage.inbox.path + "/a.json.part")
        let drop = try await stage.next()
        #expect(drop.name == FileName("a.json"))
        #expect(drop.condition == .whole)
        #expect(try stage.inbox.names.isEmpty)
    }

    @Test func aFolderIsLeftAloneAndSaidSoOnce() async throws {
        let stage = try InboxStage()
        let folder = stage.inbox.appendingPathComponent("folder.json")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try folder.write("{}", as: "inner.json")
        for number in 0..<3 {
            try stage.moveIn("\(number).json")
            #expect(try await stage.next(1) == ["\(number).json"])
        }
        #expect(try stage.inbox.names == ["folder.json"])
        let said = stage.events.withLock {
            $0.filter { if case .folderLeftAlone(FileName("folder.json")) = $0 { true } else { false } }
        }
        #expect(said.count == 1)
    }

    @Test func namesOfAnyBytesAreClaimed() async throws {
        let stage = try InboxStage()
        let texts = [
            "a\nb.json", "Ü 📎.json", "-rf", "--help.json", "Case.json", "case.json", "CASE.JSON", "a\"b'c`$(d).json",
            "\u{1}\u{7F}\u{9B}.json", "%s%n.json", " ", "\\", String(repeating: "n", count: 255),
            String(repeating: "ü", count: 127) + "x",
        ]
        let names = [[0xFF, 0xFE] + Array(".json".utf8), [0xC3]] + texts.map { Array($0.utf8) }
        let inbox = try Directory(opening: FilePath(stage.inbox.path))
        for name in names {
            let file = try OpenFile(creating: FileName(bytes: name), in: inbox, .exclusive(mode: 0o640))
            try file.write(Array("{}".utf8))
        }
        var claimed: Set<[UInt8]> = []
        for _ in names {
            let drop = try await stage.next()
            #expect(try stage.text(of: drop) == "{}")
            claimed.insert(drop.name.bytes)
        }
        #expect(claimed == Set(names))
    }

    @Test func aNameOf255BytesIsClaimed() async throws {
        let stage = try InboxStage()
        let name = String(repeating: "n", count: 250) + ".json"
        try stage.moveIn(name)
        #expect(try await stage.next(1) == [name])
    }
}
