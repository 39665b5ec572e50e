import Foundation
import Ledger
import Model
import Sandbox
import SluiceConfiguration
import SystemPackage
import Testing
import TestSupport

@testable import Service

/// `retention`: filed drops whose time is over, with a clock that only the test moves.
@Suite(.serialized, .timeLimit(.minutes(10))) struct RetentionTests {
    private static let day = Duration.seconds(86_400)

    private static func withStage(
        _ inbox: String, _ body: @escaping @Sendable (Stage, ManualTime) async throws -> Void
    ) async throws {
        let time = ManualTime()
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil), clock: OutageTests.clock(time)) {
            sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address, time: time)
            try stage.writeConfiguration(inbox: inbox)
            try await body(stage, time)
        }
    }

    /// Lets so much time pass at once, and then the hour after which an inbox is looked at.
    private static func pass(_ time: ManualTime, _ duration: Duration, until isTrue: () throws -> Bool) async throws {
        time.advance(by: duration)
        // Each step wakes all of a service: no more of them than it takes.
        try await eventually("it came so far") {
            if try isTrue() { return true }
            time.advance(by: .seconds(1800))
            try await Task.sleep(for: .milliseconds(25))
            return false
        }
    }

    private static func removed(_ stage: Stage) -> [String] {
        stage.allEvents.compactMap {
            if case .removed(let inbox, let folder, let count) = $0 { "\(count) of \(inbox) \(folder)" } else { nil }
        }
    }

    @Test func whatIsOlderGoesWithItsResultAndItsReferenceStays() async throws {
        try await Self.withStage("retention: {done: 90d, failed: never}") { stage, time in
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "old.json")
                try stage.drop("{}", as: "bad.json")
                try await stage.waitForFiled(2)
                try await Self.pass(time, Self.day * 89) { true }
                try stage.drop(Stage.account("INV-2"), as: "new.json")
                try await stage.waitForFiled(3)
                #expect(Self.removed(stage).isEmpty)
                try await Self.pass(time, Self.day) { Self.removed(stage) == ["1 of erp done"] }
                #expect(try Stage.names(in: stage.done) == ["new.json", "new.json.result.json"])
                #expect(try Stage.names(in: stage.failed) == ["bad.json", "bad.json.result.json"])
                // What was accepted is known, and the name is free.
                try stage.drop(Stage.account("INV-1"), as: "old.json")
                try await stage.waitForFiled(4)
                #expect(stage.filed.last?.outcome == .duplicate)
                #expect(try Stage.names(in: stage.done).contains("old.json"))
            }
            let administration = try Administration(stage.configuration())
            #expect(try Audit.run(administration).isClean)
            let entries = try administration.ledger.drops()
            #expect(entries.filter { $0.removedAt != nil }.map(\.drop.name) == [FileName("old.json")])
            let old = try #require(entries.last { $0.drop.name == FileName("old.json") })
            #expect(administration.place(of: old) == nil)
            // A file that comes from nowhere is found, whatever lay there once.
            try stage.failed.write("x", as: "old.json")
            #expect(try Audit.run(administration).findings.map(\.message) == ["no drop of the ledger belongs to it"])
        }
    }

    @Test func whatWasChangedOrIsNotThereIsLeftAloneAndSaidOnce() async throws {
        try await Self.withStage("retention: {done: 1d, failed: 1d}") { stage, time in
            let reasons = {
                stage.allEvents.compactMap {
                    if case .notRemoved(let drop, _, _, let reason) = $0 { "\(drop.name): \(reason)" } else { nil }
                }.sorted()
            }
            try await stage.whileServing {
                for number in 1...3 { try stage.drop(Stage.account("INV-\(number)"), as: "\(number).json") }
                try stage.drop("{}", as: "bad.json")
                try await stage.waitForFiled(4)
                try stage.done.write("an admin's", as: "1.json")
                try stage.done.write("{}", as: "2.json.result.json")
                // Taken away, as for another try.
                try FileManager.default.removeItem(at: stage.failed.appendingPathComponent("bad.json"))
                try await Self.pass(time, Self.day) { Self.removed(stage) == ["1 of erp done"] }
            }
            #expect(
                reasons() == [
                    "1.json: it has 10 bytes; it had 96", "2.json: its result is not its own",
                ])
            try await stage.whileServing {
                try await Self.pass(time, .seconds(7200)) { true }
                try stage.drop(Stage.account("INV-9"), as: "9.json")
                try await stage.waitForFiled(5)
                try await Self.pass(time, Self.day) { Self.removed(stage).count == 2 }
            }
            #expect(reasons().count == 2)
            #expect(
                try Stage.names(in: stage.done) == [
                    "1.json", "1.json.result.json", "2.json", "2.json.result.json",
                ])
        }
    }

    @Test func aRemovedDropIsNotTriedAgain() async throws {
        try await Self.withStage("retention: {failed: 1d}") { stage, time in
            try await stage.whileServing {
                try stage.drop("{}", as: "bad.json")
                try await stage.waitForFiled(1)
                try await Self.pass(time, Self.day) { Self.removed(stage) == ["1 of erp failed"] }
            }
            let administration = try Administration(stage.configuration())
            let entry = try administration.drop("bad.json")
            let refusal = #expect(throws: Administration.Refusal.self) {
                try administration.checkRetry(of: entry, RetryTerms())
            }
            #expect(
                refusal?.description
                    == "its file was removed on 2027-01-16, for its retention was over; drop the file itself again")
            #expect(try administration.retryable().isEmpty)
        }
    }

    @Test func manyGoInSmallSteps() async throws {
        try await Self.withStage("retention: {done: 1d}\nordering: none") { stage, time in
            try await stage.whileServing {
                for number in 1...120 { try stage.drop(Stage.account("INV-\(number)"), as: "\(number).json") }
                try await stage.waitForFiled(120)
                try await Self.pass(time, Self.day) { try Stage.names(in: stage.done).isEmpty }
                try await eventually("it is written down") {
                    Self.removed(stage) == ["50 of erp done", "50 of erp done", "20 of erp done"]
                }
            }
            #expect(try Audit.run(try Administration(stage.configuration())).isClean)
        }
    }

    @Test func whereAnAdminPausedTheInboxNothingGoes() async throws {
        try await Self.withStage("retention: {done: 1d}") { stage, time in
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "1.json")
                try await stage.waitForFiled(1)
            }
            let ledger = try Ledger(state: stage.configuration().state, boot: "test", time: time)
            try await ledger.pause("erp")
            time.advance(by: Self.day * 2)
            try await stage.whileServing {
                let start = time.moment
                try await eventually("two hours pass") {
                    time.advance(by: .seconds(600))
                    try await Task.sleep(for: .milliseconds(25))
                    return time.moment - start > .seconds(7200)
                }
                #expect(Self.removed(stage).isEmpty)
                try await ledger.resume("erp")
                try await PauseControl.resume("erp", ledger: ledger, state: stage.configuration().state)
                try await Self.pass(time, .seconds(3600)) { Self.removed(stage) == ["1 of erp done"] }
            }
        }
    }
}
