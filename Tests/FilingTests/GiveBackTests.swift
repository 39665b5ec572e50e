import Crypto
import FileSystem
import Filing
import Foundation
import Model
import SystemPackage
import Testing
import TestSupport

#if canImport(Glibc)
    import Glibc
#endif

/// A filed drop's way back within one file system.
@Suite(.timeLimit(.minutes(2))) struct GiveBackTests {
    private let folder: TemporaryFolder
    private let workURL: URL
    private let failedURL: URL
    private let work: Directory
    private let failed: FilingFolder
    private let content = Data(repeating: 7, count: 64 << 20)
    private let name = FiledName(FileName("a.json"))

    init() throws {
        folder = try TemporaryFolder()
        workURL = try folder.subfolder("work")
        failedURL = try folder.subfolder("failed")
        work = try Directory(opening: folder.path.appending("work"))
        failed = try FilingFolder(at: folder.path.appending("failed"))
        try content.write(to: failedURL.appendingPathComponent("a.json"))
    }

    private var hash: [UInt8] { Array(SHA256.hash(data: content)) }

    private func giveBack() throws -> FilingFolder.GivenBack {
        try failed.giveBack(name, hash: hash, to: work, as: FileName("a.json"))
    }

    /// Renames the file as soon as somebody opens it, which is while it is hashed.
    private func whileItIsHashed(renamedTo target: URL, _ body: () throws -> FilingFolder.GivenBack) throws
        -> FilingFolder.GivenBack
    {
        let source = failedURL.path + "/a.json"
        let events = inotify_init()
        let watch = inotify_add_watch(events, source, UInt32(IN_OPEN))
        try #require(watch >= 0)
        let isOver = DispatchSemaphore(value: 0)
        Thread {
            var buffer = [UInt8](repeating: 0, count: 4096)
            _ = read(events, &buffer, buffer.count)
            rename(source, target.path)
            isOver.signal()
        }.start()
        defer {
            isOver.wait()
            close(events)
        }
        return try body()
    }

    /// On NFS the answer to a rename may be lost, and the same one that is asked for again finds no file.
    @Test func aMoveThatTookEffectIsOneWhateverTheAnswerWas() throws {
        let given = try whileItIsHashed(renamedTo: workURL.appendingPathComponent("a.json"), giveBack)
        #expect(given == .moved)
        #expect(try workURL.names == ["a.json"])
    }

    @Test func whatSomebodyTookMeanwhileIsGone() throws {
        let elsewhere = folder.url.appendingPathComponent("elsewhere")
        #expect(try whileItIsHashed(renamedTo: elsewhere, giveBack) == .gone)
        #expect(try workURL.names.isEmpty)
    }

    /// It was dropped once more, and claimed.
    @Test func theSameContentAtTheNewPlaceIsAnothersWhileTheDropIsHere() throws {
        try content.write(to: workURL.appendingPathComponent("a.json"))
        #expect(try !failed.hasGivenBack(name, hash: hash, to: work, as: FileName("a.json")))
        #expect(try giveBack() == .taken)
    }
}
