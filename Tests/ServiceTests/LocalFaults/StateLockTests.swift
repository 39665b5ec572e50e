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
