import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Service

struct StateLockTests {
    @Test func whoeverOnlyAsksForTheHolderKeepsNoServiceFromStarting() async throws {
        let folder = try TemporaryFolder()
        let state = folder.path.appending("state")
        _ = try StateLock(state: state)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    while !Task.isCancelled {
                        _ = StateLock.holder(of: state)
                        await Task.yield()
                    }
                }
            }
            for _ in 0..<500 { _ = try StateLock(state: state) }
            group.cancelAll()
        }
    }

    /// A power loss or a full disk may come at any instant.
    @Test func theServicesNameIsThereHoweverOftenItStarts() async throws {
        let folder = try TemporaryFolder()
        let state = folder.path.appending("state")
        let service = try StateLock(state: state).service
        let file = folder.url.appendingPathComponent("state/lock")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    let text = try String(contentsOf: file, encoding: .utf8)
                    #expect(text.hasSuffix("\n\(service)\n"))
                    await Task.yield()
                }
            }
            for _ in 0..<2000 { #expect(try StateLock(state: state).service == service) }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test func aNameThatAnEarlierVersionWroteStays() throws {
        let folder = try TemporaryFolder()
        let state = folder.path.appending("state")
        try folder.subfolder("state").write("7\nA2F1C2B0-0000-4000-8000-000000000000\n", as: "lock")
        for _ in 1...2 {
            let lock = try StateLock(state: state)
            #expect(lock.service == "A2F1C2B0-0000-4000-8000-000000000000")
            #expect(StateLock.holder(of: state) == "\(getpid())")
        }
    }

    /// Else it would note a name on inboxes that nobody knows at the next start.
    @Test(.enabled(if: SmallDisk.canMount, "needs root")) func withoutANameOnTheDiskNothingStarts() throws {
        let folder = try TemporaryFolder()
        let disk = try SmallDisk(at: folder.url.appendingPathComponent("state"), bytes: 65536)
        try disk.fill()
        let error = #expect(throws: CannotStart.self) { try StateLock(state: folder.path.appending("state")) }
        #expect(error?.description.contains("cannot be written to: pwrite") == true)
    }

    @Test func aServiceThatHasItIsNamedHoweverManyAsk() throws {
        let folder = try TemporaryFolder()
        let state = folder.path.appending("state")
        let lock = try StateLock(state: state)
        for _ in 0..<20 { #expect(StateLock.holder(of: state) == "\(getpid())") }
        let error = #expect(throws: CannotStart.self) { try StateLock(state: state) }
        #expect(error?.description == "another service (process \(getpid())) uses the state folder \(state)")
        withExtendedLifetime(lock) {}
    }
}
