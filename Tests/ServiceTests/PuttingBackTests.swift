import Foundation
import Ledger
import Model
import Sandbox
import Service
import SystemPackage
import Testing
import TestSupport

/// A drop on its way back from `failed` is in one place whenever the service is stopped.
@Suite(.timeLimit(.minutes(5))) struct PuttingBackTests {
    /// Where a stop may come between the steps of a move back.
    enum Cut: CaseIterable {
        case intended, moved, movedWithoutSidecar
    }

    @Test(arguments: Cut.allCases) func aStopOnTheWayBackLosesNothing(cut: Cut) async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration()
            sandbox.script([.status(500), .closeAfterApply, .status(503)])
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "a.json")
                _ = try await stage.result(of: "a.json")
                try await stage.waitForFiled(1)
            }
            // What the service does, up to the cut.
            do {
                let ledger = try Ledger(
                    state: FilePath(stage.folder.url.appendingPathComponent("state").path), boot: "test",
                    time: stage.time)
                let requeue = try #require(try await ledger.requeues().first)
                #expect(requeue.target == nil)
                try await ledger.beginReturn(of: requeue.drop.id, to: WorkName(name: FileName("a.json")))
            }
            let files = FileManager.default
            if cut != .intended {
                try files.moveItem(
                    at: stage.failed.appendingPathComponent("a.json"), to: stage.work.appendingPathComponent("a.json"))
            }
            if cut == .movedWithoutSidecar {
                try files.removeItem(at: stage.failed.appendingPathComponent("a.json.result.json"))
            }
            try await stage.whileServing {
                try await stage.waitForFiled(2)
            }
            #expect(stage.filed.map(\.outcome) == [.failed, .accepted])
            #expect(Set(stage.filed.map(\.drop.id)).count == 1)
            #expect(try Stage.names(in: stage.failed).isEmpty)
            #expect(try Stage.names(in: stage.work).isEmpty)
            #expect(try Stage.names(in: stage.done) == ["a.json", "a.json.result.json"])
            #expect(sandbox.accepted.map(\.acceptances) == [1])
        }
    }

    /// The file is in `.work` again, and something of the rest is in the way.
    @Test func whatFailsOnTheWayBackIsTriedAgain() async throws {
        try await Stage.run { stage in
            try await stage.failForTheAPIsSake("a.json")
            try await stage.waitForFiled(1)
            let sidecar = stage.failed.appendingPathComponent("a.json.result.json")
            try FileManager.default.removeItem(at: sidecar)
            try FileManager.default.createDirectory(at: sidecar, withIntermediateDirectories: false)
            try stage.drop(Stage.account("INV-2"), as: "b.json")
            try await eventually("it is in the way") {
                stage.allEvents.contains { if case .fault = $0 { true } else { false } }
            }
            try FileManager.default.removeItem(at: sidecar)
            try await stage.waitForFiled(3)
            #expect(stage.filed.map(\.outcome) == [.failed, .accepted, .accepted])
            #expect(stage.filed[0].drop.id == stage.filed[2].drop.id)
            #expect(try Stage.names(in: stage.failed).isEmpty)
            #expect(try Stage.names(in: stage.work).isEmpty)
        }
    }

    @Test func whatAnAdminTookFromFailedIsLeftAlone() async throws {
        try await Stage.run { stage in
            try await stage.failForTheAPIsSake("a.json")
            try await stage.waitForFiled(1)
            // By hand, as the contract allows.
            try FileManager.default.moveItem(
                at: stage.failed.appendingPathComponent("a.json"), to: stage.inbox.appendingPathComponent("a.json"))
            try await eventually("it is accepted") { stage.filed.count == 2 }
            try stage.drop(Stage.account("INV-2"), as: "b.json")
            try await stage.waitForFiled(3)
            #expect(stage.filed.map(\.outcome) == [.failed, .accepted, .accepted])
            #expect(Set(stage.filed.map(\.drop.id)).count == 3)
            #expect(stage.sandbox.accepted.count == 2)
        }
    }

    @Test func aDropWhoseContentWasAcceptedMeanwhileIsADuplicate() async throws {
        let top = "retry: {base: 10ms, cap: 20ms, requeueAfterOutage: true}\nbreaker: {failures: 1000}"
        try await Stage.run(top: top) { stage in
            try await stage.failForTheAPIsSake("a.json")
            // Its sender does not wait and drops it again.
            try stage.drop(Stage.account("INV-1"), as: "again.json")
            try await eventually("both are done") { try Stage.names(in: stage.done).count == 4 }
            try await stage.waitForFiled(3)
            #expect(stage.filed.map(\.outcome) == [.failed, .accepted, .duplicate])
            #expect(stage.sandbox.accepted.map(\.acceptances) == [1])
            #expect(stage.sandbox.accepted.map(\.repeats) == [0])
        }
    }

    @Test func theNameInWorkMayBeTaken() async throws {
        try await Stage.run { stage in
            try await stage.failForTheAPIsSake("a.json")
            try await stage.waitForFiled(1)
            // Another drop of that name is under way while the first one comes back.
            stage.sandbox.script([.ok, .delay(.milliseconds(300))])
            try stage.drop(Stage.account("INV-2"), as: "b.json")
            try stage.drop(Stage.account("INV-3"), as: "a.json")
            try await stage.waitForFiled(4)
            #expect(stage.filed.filter { $0.outcome == .accepted }.count == 3)
            #expect(stage.sandbox.books.accounts.count == 3)
            #expect(try Stage.names(in: stage.work).isEmpty)
        }
    }
}

extension Stage {
    /// Drops a document that fails and is to be put back.
    fileprivate func failForTheAPIsSake(_ name: String) async throws {
        sandbox.script([.status(500), .status(500), .status(500)])
        try drop(Stage.account("INV-1"), as: name)
        _ = try await result(of: name)
    }
}
