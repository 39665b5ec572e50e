import Delivery
import Foundation
import Inbox
import Ledger
import Model
import Sandbox
import SystemPackage
import Testing
import TestSupport

@testable import Service

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

    /// As the kernel does at its limit of instances or watches.
    private final class Refusal: FolderWatcher {
        func watch(_ path: FilePath, _ receiver: any HintReceiver) { receiver.add(.unwatched(.tooManyOpenFiles)) }
        func forget(_ receiver: any HintReceiver) {}
    }

    /// Without the kernel's word, and where the bell's folder was removed, the service hears of it all the same.
    @Test(arguments: [true, false]) func itIsHeardOfWithoutTheBell(isWatched: Bool) async throws {
        let folder = try TemporaryFolder()
        let time = SystemTime()
        let ledger = try Ledger(state: folder.path, boot: "boot", time: time)
        let gate = PauseGate()
        let supervisor = InboxSupervisor([], once: false, time: time) { _ in }
        var watch = PauseWatch(
            ledger: ledger, state: folder.path, gate: gate, patience: Patience(time: time) { _ in }, report: { _ in })
        if !isWatched { watch.notifier = Refusal() }
        let running = Task { [watch] in await watch.run(supervisor, paused: []) }
        for name in ["erp", nil] {
            try await PauseControl.pause(name, ledger: ledger, state: folder.path)
            try await eventually("\(name ?? "everything") is paused") { await gate.holds(name ?? "bank") }
            guard isWatched else { continue }
            try FileManager.default.removeItem(at: folder.url.appendingPathComponent("control"))
            try await eventually("the folder is there again") {
                FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("control").path)
            }
        }
        try await PauseControl.resume(nil, ledger: ledger, state: folder.path)
        try await eventually("nothing is paused") { await !gate.holds("erp") }
        running.cancel()
        await running.value
    }

    // MARK: Memory

    private static let small = "limits: {memory: 16MB}"
    private static let inboxes: Stage.Inboxes = ["erp": "", "other": ""]

    /// A document of about so many bytes; of 1 MB it takes three quarters of 16 MB of memory.
    private static func account(_ reference: String, bytes: Int) -> String {
        Stage.account(reference) + String(repeating: " ", count: bytes)
    }

    /// Files of another inbox that do not fit beside what the first one holds, and one that would.
    private static func othersGoOn(_ stage: Stage) async throws {
        try stage.drop(account("OTHER-1", bytes: 500_000), as: "1.json", into: "other")
        try stage.drop(account("OTHER-2", bytes: 1000), as: "2.json", into: "other")
        for name in ["1.json", "2.json"] {
            #expect(try await stage.result(of: name, from: "other").outcome == "accepted")
        }
    }

    /// It was refused for the rate, or waits for an answer that never comes, when its inbox is paused.
    @Test(arguments: [ScriptedAnswer.retryAfter("6"), .hang])
    func whatIsPausedKeepsNoMemoryFromOthers(answer: ScriptedAnswer) async throws {
        try await Stage.prepare { stage in
            try await stage.serve(top: Self.small, Self.inboxes) {
                stage.sandbox.script([answer])
                try stage.drop(Self.account("INV-1", bytes: 1_000_000), as: "a.json", into: "erp")
                try await stage.sandbox.until { $0.scriptedAnswersLeft == 0 }
                try await Self.change(stage) { try await PauseControl.pause("erp", ledger: $0, state: $1) }
                try await eventually("the service hears of it") { Self.paused(stage) == ["erp"] }
                try await Self.othersGoOn(stage)
                #expect(!stage.filed.contains { $0.drop.inbox == "erp" })
                try await Self.change(stage) { try await PauseControl.resume("erp", ledger: $0, state: $1) }
                let result = try await stage.result(of: "a.json", from: "erp")
                #expect(result.outcome == "accepted" && result.attempts.count == 2)
                #expect(stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 && $0.mismatches == 0 })
            }
        }
    }

    /// Neither memory nor one of the places of its inbox.
    @Test func whatTheAPIProcessesKeepsNoRoomFromOthers() async throws {
        var options = SandboxOptions(requestsPerMinute: nil)
        options.faults.applyDelay = .seconds(3600) ... .seconds(3600)
        try await Stage.prepare(options: options) { stage in
            try await stage.serve(api: "confirm: completed", top: Self.small, Self.inboxes) {
                try stage.drop(Self.account("INV-1", bytes: 1_000_000), as: "a.json", into: "erp")
                try await stage.sandbox.until { $0.accepted.count == 1 }
                for number in 1...120 {
                    try stage.drop(Stage.account("MORE-\(number)"), as: "more-\(number).json", into: "erp")
                }
                try stage.drop(Self.account("OTHER", bytes: 500_000), as: "b.json", into: "other")
                try await stage.sandbox.until { $0.accepted.count == 122 }
                #expect(stage.filed.isEmpty)
            }
        }
    }
}
