import Crypto
import FileSystem
import Filing
import Foundation
import Model
import SystemPackage
import Testing
import TestSupport

/// What is looked at before a filed drop is removed.
@Suite struct RetentionTests {
    private let folder: TemporaryFolder
    private let done: FilingFolder
    private var doneURL: URL { folder.url.appendingPathComponent("done") }
    private let id = DropID(text: "01J00000000000000000000000")
    private let name = FiledName(FileName("a.json"))
    private static let content = "some bytes"
    private static let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))

    init() throws {
        folder = try TemporaryFolder()
        done = try FilingFolder(at: folder.path.appending("done"))
        try doneURL.write(Self.content, as: "a.json")
        try doneURL.write(#"{"drop": {"id": "\#(id)"}}"#, as: "a.json.result.json")
    }

    private func remains(
        bytes: Int? = nil, sha256: [UInt8]? = Array(SHA256.hash(data: Data(content.utf8))), filedAt: Timestamp = now
    ) throws -> FilingFolder.Remains {
        let drop = Drop(
            id: id, arrival: 1, inbox: "erp", name: name.drop, workName: WorkName(name: name.drop),
            bytes: Int64(bytes ?? Self.content.utf8.count), receivedAt: filedAt)
        return try done.remains(of: drop, name, sha256: sha256, filedAt: filedAt)
    }

    @Test func whatIsAsItWasFiledMayGo() throws {
        #expect(try remains() == .unchanged)
        try FileManager.default.removeItem(at: doneURL.appendingPathComponent("a.json.result.json"))
        #expect(try remains() == .unchanged)
    }

    @Test func whatIsNotThereIsGone() throws {
        try FileManager.default.removeItem(at: doneURL.appendingPathComponent("a.json"))
        #expect(try remains() == .gone)
    }

    @Test func whatWasChangedStays() throws {
        try doneURL.write("other byte", as: "a.json")
        #expect(try remains() == .foreign("its content is another than what was judged"))
        try doneURL.write("other bytes", as: "a.json")
        #expect(try remains() == .foreign("it has 11 bytes; it had 10"))
    }

    @Test func whatIsNoFileStays() throws {
        try FileManager.default.removeItem(at: doneURL.appendingPathComponent("a.json"))
        try FileManager.default.createSymbolicLink(
            atPath: doneURL.path + "/a.json", withDestinationPath: doneURL.path + "/a.json.result.json")
        #expect(try remains() == .foreign("it is no regular file"))
    }

    @Test(arguments: ["{}", #"{"drop": {"id": "another"}}"#, "a note of an admin's", "[]"])
    func whatHasAnothersResultStays(text: String) throws {
        try doneURL.write(text, as: "a.json.result.json")
        #expect(try remains() == .foreign("its result is not its own"))
    }

    @Test func whatWasNeverHashedGoesWhereItDidNotChangeSince() throws {
        #expect(try remains(sha256: nil) == .unchanged)
        let longAgo = Timestamp(milliseconds: Self.now.milliseconds - 120_000)
        #expect(
            try remains(sha256: nil, filedAt: longAgo)
                == .foreign("it was never read, and may have changed since it was filed"))
    }

    @Test func dropAndResultGoAndNothingElse() throws {
        try doneURL.write("x", as: "a.2.json")
        try done.remove(name, of: id)
        #expect(try doneURL.names == ["a.2.json"])
        try done.remove(name, of: id)
        try doneURL.write(#"{"drop": {"id": "another"}}"#, as: "a.json.result.json")
        try done.remove(name, of: id)
        #expect(try doneURL.names == ["a.2.json", "a.json.result.json"])
    }

    @Test func aNameThatIsHeldIsGivenToNobody() throws {
        #expect(done.holdForRemoval(name))
        #expect(!done.holdForRemoval(name))
        try done.remove(name, of: id)
        #expect(try done.reserve(FileName("a.json")).drop == FileName("a.2.json"))
        done.release(name)
        #expect(try done.reserve(FileName("a.json")).drop == FileName("a.json"))
        #expect(!done.holdForRemoval(name))
    }
}
