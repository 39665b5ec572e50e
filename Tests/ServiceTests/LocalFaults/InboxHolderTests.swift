import Foundation
import SystemPackage
import Testing
import TestSupport

@testable import Service

/// Who has an inbox, by the note in its work folder.
@Suite struct InboxHolderTests {
    private static let me = InboxHolder(
        service: "A", state: "/a", process: 10, started: 100, boot: "boot", processes: "pid:[1]", host: "host")

    private static func other(_ change: (inout InboxHolder) -> Void) -> InboxHolder {
        var other = InboxHolder(
            service: "B", state: "/b", process: 20, started: 200, boot: "boot", processes: "pid:[1]", host: "host")
        change(&other)
        return other
    }

    private func isFree(_ holder: InboxHolder, isAlive: Bool) -> Bool {
        holder.verdict(for: Self.me, note: "/x/.holder") { _, _ in isAlive } == .free
    }

    @Test func aLivingProcessHoldsItAndADeadOneDoesNot() {
        #expect(!isFree(Self.other { _ in }, isAlive: true))
        #expect(isFree(Self.other { _ in }, isAlive: false))
        #expect(isFree(Self.me, isAlive: true))
    }

    /// A copied state folder has the same identifier, and is another service while its process lives.
    @Test func anotherProcessWithTheSameStateHoldsItWhileItLives() {
        #expect(!isFree(Self.other { $0.service = "A" }, isAlive: true))
        #expect(isFree(Self.other { $0.service = "A" }, isAlive: false))
    }

    @Test func aMachineThatWasStartedAgainHoldsNothing() {
        #expect(isFree(Self.other { $0.boot = "before" }, isAlive: true))
    }

    @Test func aProcessThatCannotBeSeenIsBelievedUnlessItsStateIsOurs() {
        #expect(!isFree(Self.other { $0.processes = "pid:[2]" }, isAlive: false))
        #expect(!isFree(Self.other { ($0.boot, $0.host) = ("else", "elsewhere") }, isAlive: false))
        #expect(isFree(Self.other { ($0.processes, $0.service) = ("pid:[2]", "A") }, isAlive: true))
        let verdict = Self.other { $0.processes = "pid:[2]" }.verdict(for: Self.me, note: "/x/.holder") { _, _ in false
        }
        guard case .held(let words) = verdict else { return #expect(Bool(false), "it is held") }
        #expect(words.contains("process 20 on host") && words.contains("remove /x/.holder"))
    }

    @Test func oneOfTwoInOneProcessHasIt() throws {
        let folder = try TemporaryFolder()
        let first = try InboxClaims(service: "A", state: "/a", boot: "boot")
        let second = try InboxClaims(service: "B", state: "/b", boot: "boot")
        #expect(try first.hold(folder.path) == nil && first.hold(folder.path) == nil)
        #expect(try second.hold(folder.path)?.contains("process \(getpid()) with the state folder /a") == true)
        #expect(second.holder(of: folder.path) != nil && first.holder(of: folder.path) == nil)
        try second.letGo(folder.path)
        #expect(try second.hold(folder.path) != nil)
        try first.letGo(folder.path)
        #expect(try second.hold(folder.path) == nil)
    }

    @Test(arguments: ["", "{", "{\"process\": 1}"]) func aNoteThatSaysNothingHoldsNothing(text: String) throws {
        let folder = try TemporaryFolder()
        try folder.url.write(text, as: ".holder")
        #expect(try InboxClaims(service: "A", state: "/a", boot: "boot").hold(folder.path) == nil)
    }
}
