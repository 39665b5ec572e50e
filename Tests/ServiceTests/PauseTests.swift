import Foundation
import Ledger
import Model
import Sandbox
import Service
import SystemPackage
import Testing
import TestSupport

/// `sluice pause` and `sluice resume`, as the service sees them.
@Suite(.timeLimit(.minutes(5))) struct PauseTests {
    private static func state(_ stage: Stage) -> FilePath {
        FilePath(stage.folder.url.appendingPathComponent("state").path)
    }

    /// What the commands do, from another process's side: a ledger of their own.
    private static func change(_ stage: Stage, _ body: (Ledger, FilePath) async throws -> Void) async throws {
        let ledger = try Ledger(state: state(stage), boot: "test", time: stage.time)
        try await body(ledger, state(stage))
    }

    private static func paused(_ stage: Stage) -> Set<String>? {
        stage.allEvents.reduce(nil) { last, event in
            if case .paused(let names) = event { names } else { last }
        }
    }

    @Test(arguments: [nil, "erp"]) func whatIsPausedIsNeitherTakenNorSent(inbox: String?) async throws {
        try await Stage.run { stage in
            try stage.drop(Stage.account("INV-1"), as: "a.json")
            try await stage.waitForFiled(1)
            try await Self.change(stage) { try await PauseControl.pause(inbox, ledger: $0, state: $1) }
            try await eventually("the service hears of it") { Self.paused(stage) == [inbox ?? ""] }
            let requests = stage.sandbox.requestCount
            try stage.drop(Stage.account("INV-2"), as: "b.json")
            try await Task.sleep(for: .seconds(1))
            #expect(try Stage.names(in: stage.inbox) == ["b.json"])
            #expect(stage.sandbox.requestCount == requests)
            try await Self.change(stage) { try await PauseControl.resume(inbox, ledger: $0, state: $1) }
            try await stage.waitForFiled(2)
            #expect(Self.paused(stage) == [])
        }
    }

    @Test func aPauseOutlivesTheService() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration()
            try FileManager.default.createDirectory(
                at: stage.folder.url.appendingPathComponent("state"), withIntermediateDirectories: true)
            try await Self.change(stage) { try await PauseControl.pause(nil, ledger: $0, state: $1) }
            try stage.drop(Stage.account("INV-1"), as: "a.json")
            for _ in 0..<2 {
                try await stage.whileServing { try await Task.sleep(for: .milliseconds(500)) }
                #expect(try Stage.names(in: stage.inbox) == ["a.json"])
            }
            // With `once` there is nothing to wait for.
            try await stage.makeService(once: true).run()
            #expect(sandbox.requestCount == 0)
            try await stage.whileServing {
                try await Self.change(stage) { try await PauseControl.resume(nil, ledger: $0, state: $1) }
                try await stage.waitForFiled(1)
            }
        }
    }

    @Test func anotherInboxsPauseStopsNobody() async throws {
        try await Stage.run { stage in
            try await Self.change(stage) { try await PauseControl.pause("other", ledger: $0, state: $1) }
            try await eventually("the service hears of it") { Self.paused(stage) == ["other"] }
            try stage.drop(Stage.account("INV-1"), as: "a.json")
            try await stage.waitForFiled(1)
        }
    }

    @Test(arguments: [nil, "erp"]) func whatWaitsForItsNextAttemptWaitsOn(inbox: String?) async throws {
        try await Stage.run(top: "retry: {base: 1s, cap: 2s}") { stage in
            stage.sandbox.script([.retryAfter("1")])
            try stage.drop(Stage.account("INV-1"), as: "a.json")
            try await stage.sandbox.until { $0.requests.contains { $0.status == 429 } }
            try await Self.change(stage) { try await PauseControl.pause(inbox, ledger: $0, state: $1) }
            try await eventually("the service hears of it") { Self.paused(stage) == [inbox ?? ""] }
            let requests = stage.sandbox.requestCount
            try await Task.sleep(for: .seconds(3))
            #expect(stage.sandbox.requestCount == requests)
            try await Self.change(stage) { try await PauseControl.resume(inbox, ledger: $0, state: $1) }
            try await stage.waitForFiled(1)
            #expect(stage.filed.first?.outcome == .accepted)
        }
    }
}
