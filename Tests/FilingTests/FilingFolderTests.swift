import FileSystem
import Filing
import Foundation
import Model
import SystemPackage
import Testing
import TestSupport

@Suite struct FilingFolderTests {
    private let folder: TemporaryFolder
    private let workURL: URL
    private let work: Directory
    private let done: FilingFolder
    private var doneURL: URL { folder.url.appendingPathComponent("done") }
    private let id = DropID(text: "01J00000000000000000000000")

    init() throws {
        folder = try TemporaryFolder()
        workURL = try folder.subfolder("work")
        work = try Directory(opening: folder.path.appending("work"))
        done = try FilingFolder(at: folder.path.appending("done"))
    }

    @Test func aMissingFolderIsMadeForTheServiceAndItsGroup() throws {
        #expect(try Directory(opening: done.path).status().mode & 0o027 == 0)
    }

    @Test func aTakenNameIsNumbered() throws {
        try doneURL.write("x", as: "orders.json")
        try doneURL.write("x", as: "orders.2.json.result.json")
        #expect(try done.reserve(FileName("orders.json")).drop == FileName("orders.3.json"))
        #expect(try done.reserve(FileName("orders.json")).drop == FileName("orders.4.json"))
    }

    @Test(arguments: [1, 2, 3, 7, 8, 9, 1000, 1023]) func theNextNumberIsFound(count: Int) throws {
        let orders = FileName("orders.json")
        for number in 1...count { done.hold(FiledName.candidate(orders, number: number)) }
        #expect(try done.reserve(orders) == FiledName.candidate(orders, number: count + 1))
        #expect(try done.reserve(orders) == FiledName.candidate(orders, number: count + 2))
    }

    /// As after some months of one file a minute. One by one this is a hundred million looks.
    @Test(.timeLimit(.minutes(1))) func manyNumbersAreNotTriedOneByOne() throws {
        let orders = FileName("orders.json")
        for number in 1...200_000 { done.hold(FiledName.candidate(orders, number: number)) }
        for number in 1...500 {
            #expect(try done.reserve(orders) == FiledName.candidate(orders, number: 200_000 + number))
        }
    }

    /// As retention leaves them.
    @Test func aNumberThatIsFreeAgainMayBeGivenAgain() throws {
        for number in [1, 2, 4, 5] { done.hold(FiledName.candidate(FileName("orders.json"), number: number)) }
        let given = try (0..<4).map { _ in try done.reserve(FileName("orders.json")).drop }
        #expect(Set(given).count == 4)
        for number in 1...2 { done.release(FiledName.candidate(FileName("orders.json"), number: number)) }
        #expect(try done.reserve(FileName("orders.json")).drop == FileName("orders.json"))
    }

    @Test func aLinkThatLeadsNowhereTakesItsName() throws {
        try FileManager.default.createSymbolicLink(
            atPath: doneURL.path + "/a.json", withDestinationPath: "/nowhere")
        #expect(try done.reserve(FileName("a.json")).drop == FileName("a.2.json"))
    }

    @Test func noNameIsGivenTwice() async throws {
        let names = try await withThrowingTaskGroup(of: FiledName.self) { [done] group in
            for _ in 0..<200 { group.addTask { try done.reserve(FileName("same.json")) } }
            return try await group.reduce(into: []) { $0.append($1.drop) }
        }
        #expect(Set(names).count == 200)
    }

    @Test func aNameThatIsNotUsedIsFreeAgain() throws {
        let name = try done.reserve(FileName("a.json"))
        done.release(name)
        #expect(try done.reserve(FileName("a.json")) == name)
        done.release(name)
        done.hold(name)
        #expect(try done.reserve(FileName("a.json")).drop == FileName("a.2.json"))
    }

    @Test func placingAResultAgainChangesNothing() throws {
        let name = try done.reserve(FileName("a.json"))
        #expect(try done.place(sidecar: Array("result\n".utf8), name, drop: id))
        #expect(try done.place(sidecar: Array("result\n".utf8), name, drop: id))
        #expect(try doneURL.names == ["a.json.result.json"])
        #expect(try doneURL.text(of: "a.json.result.json") == "result\n")
    }

    @Test(arguments: ["", "\0\0", #"{"version": 1, "#, #"{"drop": {"id": "01J00000000000000000000000"}}"#])
    func whatAPowerLossLeftOfAResultIsReplaced(present: String) throws {
        try doneURL.write(present, as: "a.json.result.json")
        #expect(try done.place(sidecar: Array("result\n".utf8), FiledName(FileName("a.json")), drop: id))
        #expect(try doneURL.text(of: "a.json.result.json") == "result\n")
        #expect(try doneURL.names == ["a.json.result.json"])
    }

    @Test(arguments: ["another one", "resulT\n", #"{"drop": {"id": "x"}}"#]) func aResultIsNeverWrittenOverAnother(
        present: String
    ) throws {
        try doneURL.write(present, as: "a.json.result.json")
        #expect(try done.place(sidecar: Array("result\n".utf8), FiledName(FileName("a.json")), drop: id) == false)
        #expect(try doneURL.text(of: "a.json.result.json") == present)
        #expect(try doneURL.names == ["a.json.result.json"])
    }

    @Test func aRemainderOfACutOffResultDoesNotMatter() throws {
        try doneURL.write("a much longer text than the result", as: ".\(id).tmp")
        let name = try done.reserve(FileName("a.json"))
        #expect(try done.place(sidecar: Array("result\n".utf8), name, drop: id))
        #expect(try doneURL.text(of: "a.json.result.json") == "result\n")
    }

    /// Between a drop's move back and its end another may be filed under its name.
    @Test func whatIsAnotherDropsStaysAfterAReturn() throws {
        let result = #"{"drop": {"id": "01J00000000000000000000001"}}"#
        try doneURL.write("other", as: "a.json")
        try doneURL.write(result, as: "a.json.result.json")
        try done.clearAfterReturn(FiledName(FileName("a.json")), of: id, hash: [], to: work)
        #expect(try doneURL.text(of: "a.json.result.json") == result)
        #expect(try doneURL.text(of: "a.json") == "other")
    }

    @Test(arguments: ["", "\0\0", #"{"version": 1, "#, #"{"drop": {"id": "01J00000000000000000000000"}}"#])
    func aDropsOwnResultGoesAfterItsReturn(result: String) throws {
        try doneURL.write(result, as: "a.json.result.json")
        try done.clearAfterReturn(FiledName(FileName("a.json")), of: id, hash: [], to: work)
        #expect(try doneURL.names.isEmpty)
    }

    @Test func aWithdrawnResultIsGone() throws {
        let name = try done.reserve(FileName("a.json"))
        #expect(try done.place(sidecar: Array("result\n".utf8), name, drop: id))
        try done.withdraw(name)
        try done.withdraw(name)
        #expect(try doneURL.names.isEmpty)
    }

    @Test func aDropIsMovedAndNeverOntoAnother() throws {
        try workURL.write("mine", as: "a.json")
        try doneURL.write("other", as: "a.json")
        #expect(try done.take(FileName("a.json"), from: work, as: FiledName(FileName("a.json")), drop: id) == false)
        #expect(try workURL.text(of: "a.json") == "mine")
        let name = try done.reserve(FileName("a.json"))
        #expect(try done.take(FileName("a.json"), from: work, as: name, drop: id))
        #expect(try doneURL.text(of: "a.json") == "other")
        #expect(try doneURL.text(of: "a.2.json") == "mine")
        #expect(try workURL.names.isEmpty)
    }

    @Test func aStopBetweenResultAndMoveIsMadeGood() throws {
        try workURL.write("mine", as: "a.json")
        let name = try done.reserve(FileName("a.json"))
        #expect(try done.place(sidecar: Array("result\n".utf8), name, drop: id))
        // The next run knows the name from the ledger.
        let later = try FilingFolder(at: folder.path.appending("done"))
        later.hold(name)
        #expect(try later.place(sidecar: Array("result\n".utf8), name, drop: id))
        #expect(try later.take(FileName("a.json"), from: work, as: name, drop: id))
        // And once more, after a stop before the ledger was told.
        #expect(try later.take(FileName("a.json"), from: work, as: name, drop: id))
        #expect(try doneURL.names == ["a.json", "a.json.result.json"])
        #expect(try doneURL.text(of: "a.json") == "mine")
    }

    @Test func aDropThatIsNowhereIsAnError() {
        let error = #expect(throws: SystemCallError.self) {
            _ = try done.take(FileName("gone"), from: work, as: FiledName(FileName("gone")), drop: id)
        }
        #expect(error?.errno == .noSuchFileOrDirectory)
    }

    @Test func aLinkIsMovedAsTheLinkThatItIs() throws {
        try FileManager.default.createSymbolicLink(
            atPath: workURL.path + "/a.json", withDestinationPath: "/etc/hostname")
        #expect(try done.take(FileName("a.json"), from: work, as: FiledName(FileName("a.json")), drop: id))
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: doneURL.path + "/a.json") == "/etc/hostname")
    }
}
