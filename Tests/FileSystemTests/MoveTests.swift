import Foundation
import Model
import Synchronization
import SystemPackage
import Testing
import TestSupport

@testable import FileSystem

/// Moves on file systems that do not know `RENAME_NOREPLACE`, and entries that no rename brings across.
@Suite struct MoveTests {
    private let folder: TemporaryFolder
    private let fromURL: URL
    private let toURL: URL
    private let from: Directory
    private let to: Directory
    private let old = FileName("old")
    private let new = FileName("new")

    init() throws {
        folder = try TemporaryFolder()
        fromURL = try folder.subfolder("from")
        toURL = try folder.subfolder("to")
        from = try Directory(opening: folder.path.appending("from"))
        to = try Directory(opening: folder.path.appending("to"))
    }

    enum Way: CaseIterable { case kernel, shared, look, link }

    private func move(_ way: Way) throws -> Bool {
        switch way {
        case .kernel: try from.move(old, to: to, as: new)
        case .shared: try from.move(old, toShared: to, as: new)
        case .look: try from.moveAfterALook(old, to: to, as: new)
        case .link: try from.moveByLink(old, to: to, as: new)
        }
    }

    @Test(arguments: Way.allCases) func anEntryIsMoved(way: Way) throws {
        try fromURL.write("content", as: "old")
        #expect(try move(way))
        #expect(try fromURL.names.isEmpty)
        #expect(try toURL.text(of: "new") == "content")
    }

    @Test(arguments: Way.allCases) func anotherEntryIsNeverReplaced(way: Way) throws {
        try fromURL.write("content", as: "old")
        try FileManager.default.createSymbolicLink(atPath: toURL.path + "/new", withDestinationPath: "/nowhere")
        #expect(try !move(way))
        #expect(try fromURL.text(of: "old") == "content")
        #expect(try to.status(of: new)?.form == .link)
    }

    /// What another thread does in each round, at the same time as the test.
    private final class Companion: Sendable {
        private let begun = Atomic(0)
        private let ended = Atomic(0)
        private let answer = Mutex<Result<Bool, any Error>>(.success(false))

        init(rounds: Int, _ work: @escaping @Sendable () throws -> Bool) {
            Thread.detachNewThread { [self] in
                for round in 1...rounds {
                    while begun.load(ordering: .acquiring) < round { sched_yield() }
                    let result = Result { try work() }
                    answer.withLock { $0 = result }
                    ended.store(round, ordering: .releasing)
                }
            }
        }

        func begin(_ round: Int) { begun.store(round, ordering: .releasing) }

        func answer(of round: Int) throws -> Bool {
            while ended.load(ordering: .acquiring) < round { sched_yield() }
            return try answer.withLock { try $0.get() }
        }
    }

    /// As a claim and a drop that comes back.
    @Test func ofTwoMovesToOneNameTheLaterFindsItTaken() throws {
        let other = FileName("other")
        let companion = Companion(rounds: 10_000) { try from.moveAfterALook(other, to: to, as: new) }
        defer { companion.begin(.max) }
        for round in 1...10_000 {
            for name in ["old", "other"] { try fromURL.write(name, as: name) }
            companion.begin(round)
            let isMoved = try from.moveAfterALook(old, to: to, as: new)
            try #require(try companion.answer(of: round) != isMoved)
            try #require(try toURL.text(of: "new") == (isMoved ? "old" : "other"))
            try #require(try fromURL.names == [isMoved ? "other" : "old"])
            try from.remove(isMoved ? other : old)
            try to.remove(new)
        }
    }

    /// The server of one folder hangs.
    @Test(.timeLimit(.minutes(2))) func aMoveWaitsForNoOtherFolder() async throws {
        let (gate, isHeld, isMoved) = (DispatchSemaphore(value: 0), Flag(), Flag())
        defer { gate.signal() }
        Thread.detachNewThread { [from] in
            _ = try? Directory.looks.inTurn(in: from) {
                isHeld.isSet.store(true, ordering: .relaxed)
                gate.wait()
            }
        }
        try await eventually("one folder is held") { isHeld.isSet.load(ordering: .relaxed) }
        try fromURL.write("content", as: "old")
        Thread.detachNewThread { [from, to, old, new] in
            if (try? from.moveAfterALook(old, to: to, as: new)) == true {
                isMoved.isSet.store(true, ordering: .relaxed)
            }
        }
        try await eventually("an entry is moved to another") { isMoved.isSet.load(ordering: .relaxed) }
        #expect(try toURL.text(of: "new") == "content")
    }

    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    @Test(arguments: Way.allCases) func whatIsGoneCannotBeMoved(way: Way) {
        let error = #expect(throws: SystemCallError.self) { _ = try move(way) }
        #expect(error?.errno == .noSuchFileOrDirectory)
    }

    @Test func aLinkIsMadeAnewWithItsTarget() throws {
        try FileManager.default.createSymbolicLink(
            atPath: fromURL.path + "/old", withDestinationPath: "/no where/\u{1F4CE}")
        #expect(try from.recreate(old, in: to, as: new))
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: toURL.path + "/new") == "/no where/\u{1F4CE}")
        #expect(try fromURL.names.isEmpty)
    }

    @Test func aPipeAndASocketAreMadeAnew() throws {
        #expect(mkfifo(fromURL.path + "/old", 0o600) == 0)
        #expect(try from.recreate(old, in: to, as: new))
        #expect(mknod(fromURL.path + "/old", S_IFSOCK | 0o600, 0) == 0)
        #expect(try from.recreate(old, in: to, as: FileName("socket")))
        var status = stat()
        #expect(lstat(toURL.path + "/new", &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
        #expect(lstat(toURL.path + "/socket", &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK)
        #expect(try fromURL.names.isEmpty)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can make a device")) func aDeviceKeepsItsNumbers() throws {
        #expect(mknod(fromURL.path + "/old", S_IFCHR | 0o600, 0x0103) == 0)
        #expect(try from.recreate(old, in: to, as: new))
        var status = stat()
        #expect(lstat(toURL.path + "/new", &status) == 0)
        #expect(status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0x0103)
    }

    @Test func nothingElseIsReplaced() throws {
        #expect(mkfifo(fromURL.path + "/old", 0o600) == 0)
        try toURL.write("other", as: "new")
        #expect(try !from.recreate(old, in: to, as: new))
        #expect(try toURL.text(of: "new") == "other")
        #expect(try fromURL.names == ["old"])
    }

    /// A stop between the new entry and the old one's end.
    @Test func whatIsThereAlreadyIsNotMadeTwice() throws {
        for url in [fromURL, toURL] {
            try FileManager.default.createSymbolicLink(
                atPath: url.path + (url == toURL ? "/new" : "/old"), withDestinationPath: "/same")
        }
        #expect(try from.recreate(old, in: to, as: new))
        #expect(try fromURL.names.isEmpty)
    }
}
