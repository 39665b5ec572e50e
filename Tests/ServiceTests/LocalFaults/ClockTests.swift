import Delivery
import Foundation
import Model
import Sandbox
import Service
import Testing
import TestSupport

/// The clock on the wall is set by a day, in either direction, while drops flow and over a restart.
@Suite(.timeLimit(.minutes(10))) struct ClockTests {
    private static let day = Duration.seconds(24 * 3600)
    private static let pdf = "%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"

    @Test(arguments: [day, .zero - day]) func nothingFailsEarlyAndNothingWaitsForADay(step: Duration) async throws {
        let time = SteppedTime()
        try await Stage.run(
            inbox: "settle: 300ms\npartialGrace: 4s\nrescan: 500ms\nattachments: {wait: 1h}", time: time
        ) { stage in
            let started = ContinuousClock.now
            // An attachment waits for its account, an unfinished upload for its rest, a document for its next attempt.
            try stage.inbox.write(Self.pdf, as: "INV-1.pdf")
            try await eventually("the attachment waits") {
                stage.allEvents.contains { if case .waitsForAccount = $0 { true } else { false } }
            }
            stage.sandbox.script([.retryAfter("2")])
            try stage.drop(Stage.account("INV-0"), as: "again.json")
            try await eventually("it was told to wait") { stage.reports.contains { $0.status == 429 } }
            let upload = Stage.account("INV-2")
            try stage.inbox.write(String(upload.prefix(40)), as: "upload.json")
            try await Task.sleep(for: .milliseconds(600))
            time.step(by: step)
            try await Task.sleep(for: .milliseconds(600))
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted }, "nothing fails early")
            #expect(try Stage.names(in: stage.inbox) == ["upload.json"])
            // Its rest comes in time, and the account, too.
            let handle = try FileHandle(forWritingTo: stage.inbox.appendingPathComponent("upload.json"))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(upload.dropFirst(40).utf8))
            try handle.close()
            try stage.drop(Stage.account("INV-1"), as: "account.json")
            try stage.drop("{\"accounts\": [", as: "cut.json")
            try await stage.waitForFiled(5)
            #expect(
                Set(stage.filed.filter { $0.outcome == .accepted }.map { "\($0.drop.name)" })
                    == ["INV-1.pdf", "again.json", "upload.json", "account.json"])
            // What stays unfinished has the grace that it has by any clock.
            #expect(try await stage.result(of: "cut.json").code?.hasPrefix("read.incomplete") == true)
            #expect(ContinuousClock.now - started < .seconds(50))
        }
    }

    /// The API never says that the first is processed: the second waits as long as it has to, and no longer.
    @Test(arguments: [day, .zero - day]) func aLaterDocumentNeitherLeavesEarlyNorWaitsForADay(
        step: Duration
    ) async throws {
        let time = SteppedTime()
        var faults = FaultPlan()
        faults.applyDelay = .seconds(3600) ... .seconds(3600)
        try await Stage.prepare(options: SandboxOptions(requestsPerMinute: nil, faults: faults), time: time) { stage in
            try await stage.serve(orderWait: "3s") {
                try stage.drop(Stage.account("INV-1", amount: "1"), as: "1.json")
                let earlier = try #require(try await stage.result(of: "1.json").reference)
                try stage.drop(Stage.account("INV-1", amount: "2"), as: "2.json")
                try await eventually("it is taken") { try Stage.names(in: stage.work).contains("2.json") }
                let sent = try #require(stage.times(of: earlier).first)
                let stepped = ContinuousClock.now
                time.step(by: step)
                let later = try #require(try await stage.result(of: "2.json").reference)
                let answered = try #require(stage.times(of: later).first)
                // The sandbox's clock is not set. It sees a request before it ends.
                #expect(answered.timeIntervalSince(sent) >= 2)
                #expect(ContinuousClock.now - stepped < .seconds(40))
            }
        }
    }

    @Test(arguments: [day, .zero - day]) func aClockThatWasSetWhileTheServiceWasDownHoldsUpNothing(
        step: Duration
    ) async throws {
        let time = SteppedTime()
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address, time: time)
            try stage.writeConfiguration(top: "retry: {base: 10ms, cap: 20ms}\nlimits: {requestsPerMinute: 600}")
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-0"), as: "first.json")
                try await stage.waitForFiled(1)
                try stage.inbox.write(Self.pdf, as: "INV-1.pdf")
                try await eventually("the attachment waits") {
                    stage.allEvents.contains { if case .waitsForAccount = $0 { true } else { false } }
                }
            }
            time.step(by: step)
            try stage.drop(Stage.account("INV-0", amount: "11"), as: "second.json")
            let restarted = ContinuousClock.now
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "account.json")
                try await stage.waitForFiled(4)
            }
            #expect(ContinuousClock.now - restarted < .seconds(40))
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted })
            #expect(sandbox.accepted.allSatisfy { $0.acceptances == 1 })
        }
    }
}
