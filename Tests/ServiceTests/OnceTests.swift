import Delivery
import Foundation
import Ledger
import Model
import Sandbox
import Service
import SystemPackage
import Testing
import TestSupport

/// A run with `once` comes to its end, whatever is left for the next one.
@Suite(.timeLimit(.minutes(2))) struct OnceTests {
    private static func prepare(
        _ options: SandboxOptions = SandboxOptions(requestsPerMinute: nil), inbox: String = "",
        time: any TimeSource = SystemTime(), _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await Sandbox.withServer(options) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address, time: time)
            try stage.writeConfiguration(
                top: "retry: {base: 10ms, cap: 20ms}\nbreaker: {failures: 2, probe: 30s}", inbox: inbox)
            try await body(stage)
        }
    }

    private static func runOnce(_ stage: Stage) async throws {
        try await stage.makeService(once: true).run()
    }

    @Test(arguments: ["", "ordering: strict"])
    func whatWaitsForADropThatAnOutageLeavesIsLeftWithIt(inbox: String) async throws {
        try await Self.prepare(inbox: inbox) { stage in
            stage.sandbox.script(Array(repeating: .status(503), count: 1000))
            try stage.drop(Stage.account("INV-1", amount: "1"), as: "a.json")
            try stage.drop(Stage.account("INV-1", amount: "2"), as: "b.json")
            try stage.drop(Stage.account("INV-1", amount: "3"), as: "c.json")
            try stage.drop(Stage.account("INV-2"), as: "d.json")
            try await Self.runOnce(stage)
            #expect(stage.pauses == 1)
            #expect(try Stage.names(in: stage.work).count >= 3, "one may have used up its attempts")
            stage.sandbox.reset()
            try await Self.runOnce(stage)
            #expect(try Stage.names(in: stage.work).isEmpty)
        }
    }

    /// A failed drop comes back while the next one of its name waits in the inbox.
    @Test func theMarkerOfALaterDropStaysWithIt() async throws {
        let time = SteppedTime()
        try await Self.prepare(inbox: "ready: \"{name}.ready\"", time: time) { stage in
            func drop(_ reference: String) throws {
                try stage.drop(Stage.account(reference), as: "accounts.json")
                try stage.drop("", as: "accounts.json.ready")
            }
            stage.sandbox.script([.status(503), .status(503), .status(503)])
            try drop("INV-1")
            try await Self.runOnce(stage)
            #expect(stage.filed.map(\.outcome) == [.failed])
            try drop("INV-2")
            time.step(by: .seconds(900))
            try await Self.runOnce(stage)
            #expect(try Stage.names(in: stage.inbox).isEmpty)
            #expect(stage.filed.map(\.outcome) == [.failed, .accepted, .accepted])
            #expect(stage.sandbox.accepted.count == 2)
        }
    }

    @Test func theSameAttachmentAgainWaitsForNoAccountEither() async throws {
        try await Self.prepare { stage in
            let invoice = "%PDF-1.4\nan invoice\n%%EOF\n"
            try stage.drop(invoice, as: "INV-7.pdf")
            try await Self.runOnce(stage)
            try stage.drop(invoice, as: "INV-7.pdf")
            try await Self.runOnce(stage)
            #expect(try Stage.names(in: stage.work).count == 2)
            try stage.drop(Stage.account("INV-7"), as: "a.json")
            try await Self.runOnce(stage)
            try await Self.runOnce(stage)
            #expect(stage.filed.map(\.outcome) == [.accepted, .accepted, .duplicate])
        }
    }

    @Test func withoutATokenItIsOver() async throws {
        try await Self.prepare(SandboxOptions(requestsPerMinute: nil, clientSecret: "another")) { stage in
            for number in 1...3 { try stage.drop(Stage.account("INV-\(number)"), as: "\(number).json") }
            try await Self.runOnce(stage)
            #expect(try Stage.names(in: stage.work).count == 3)
            #expect(stage.filed.isEmpty)
            let failures = stage.allEvents.count { if case .delivery(.tokenFailed) = $0 { true } else { false } }
            #expect(failures == 3, "as many as a batch has attempts")
        }
    }

    /// The ledger knows a drop that is not there, in `.work` or anywhere: another goes on in its place.
    @Test func nothingWaitsForADropThatIsGone() async throws {
        try await Self.prepare { stage in
            stage.sandbox.script(Array(repeating: .status(503), count: 1000))
            try stage.drop(Stage.account("INV-1"), as: "a.json")
            try stage.drop(Stage.account("INV-2"), as: "b.json")
            try await Self.runOnce(stage)
            stage.sandbox.reset()
            for name in try Stage.names(in: stage.work) where name == "a.json" {
                try FileManager.default.removeItem(at: stage.work.appendingPathComponent(name))
            }
            try stage.drop(Stage.account("INV-1"), as: "c.json")
            try await Self.runOnce(stage)
            #expect(Set(stage.filed.map { "\($0.drop.name)" }) == ["b.json", "c.json"])
            #expect(stage.sandbox.accepted.count == 2 && stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 })
        }
    }

    @Test func whatIsPausedOnItsWayIsLeft() async throws {
        try await Self.prepare { stage in
            stage.sandbox.script([.retryAfter("2")])
            try stage.drop(Stage.account("INV-1"), as: "a.json")
            let run = Task { try await Self.runOnce(stage) }
            try await stage.sandbox.until { $0.requests.contains { $0.status == 429 } }
            let state = FilePath(stage.folder.url.appendingPathComponent("state").path)
            let ledger = try Ledger(state: state, boot: "test", time: stage.time)
            try await PauseControl.pause("erp", ledger: ledger, state: state)
            try await run.value
            #expect(stage.filed.isEmpty)
            try await PauseControl.resume("erp", ledger: ledger, state: state)
            try await Self.runOnce(stage)
            #expect(stage.filed.map(\.outcome) == [.accepted])
        }
    }
}
