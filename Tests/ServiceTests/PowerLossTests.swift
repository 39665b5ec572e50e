import FileSystem
import Foundation
import Ledger
import Model
import Sandbox
import Service
import SystemPackage
import Testing
import TestSupport

/// The disk may have an older state of the folders than the ledger. `scripts/power-loss` takes the power away for real.
@Suite(.timeLimit(.minutes(5))) struct PowerLossTests {
    /// Where a filed drop lies again.
    enum Undone: CaseIterable {
        case filing, claim
    }

    /// The time of the ledger is ahead, so that a file that is moved by hand looks older than its filing, as it does
    /// when a power loss moves it.
    private func prepare(_ body: @escaping @Sendable (Stage) async throws -> Void) async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let time = SteppedTime()
            time.step(by: .seconds(3600))
            let stage = try Stage(sandbox: sandbox, address: address, time: time)
            try stage.writeConfiguration()
            try await body(stage)
        }
    }

    private static func move(_ name: String, from folder: URL, to target: URL) throws {
        try FileManager.default.moveItem(
            at: folder.appendingPathComponent(name), to: target.appendingPathComponent(name))
    }

    private static func ledger(of stage: Stage) throws -> Ledger {
        try Ledger(
            state: FilePath(stage.folder.url.appendingPathComponent("state").path), boot: "test", time: stage.time)
    }

    @Test(arguments: Undone.allCases, [true, false])
    func aFiledDropThatIsBackIsFiledAgainAndNotSent(undone: Undone, isAccepted: Bool) async throws {
        try await prepare { stage in
            if !isAccepted { stage.sandbox.script([.status(400)]) }
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "a.json")
                try await stage.waitForFiled(1)
            }
            let folder = isAccepted ? stage.done : stage.failed
            try Self.move("a.json", from: folder, to: undone == .claim ? stage.inbox : stage.work)
            try FileManager.default.removeItem(at: folder.appendingPathComponent("a.json.result.json"))
            try await stage.whileServing {
                _ = try await stage.result(of: "a.json")
                try stage.drop(Stage.account("INV-2"), as: "b.json")
                try await stage.waitForFiled(2)
            }
            #expect(stage.filed.map(\.drop.name) == [FileName("a.json"), FileName("b.json")])
            #expect(try Stage.names(in: folder).sorted().prefix(2) == ["a.json", "a.json.result.json"])
            #expect(try Stage.names(in: stage.work).isEmpty)
            #expect(stage.sandbox.requests.filter { $0.reference != nil }.count == 2)
        }
    }

    @Test func whatAnAdminPutBackWhileTheServiceWasDownIsTriedAgain() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration()
            sandbox.script([.status(400)])
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "a.json")
                try await stage.waitForFiled(1)
            }
            try Self.move("a.json", from: stage.failed, to: stage.inbox)
            try await stage.whileServing { try await stage.waitForFiled(2) }
            #expect(stage.filed.map(\.outcome) == [.failed, .accepted])
        }
    }

    /// Stopped between its move and its close.
    @Test func whatAnAdminPutBackBeforeTheLedgerKnewThatItWasFiledIsTriedAgain() async throws {
        try await Stage.prepare { stage in
            try stage.writeConfiguration()
            stage.sandbox.script([.status(400)])
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "a.json")
                try await stage.waitForFiled(1)
            }
            let id = try #require(stage.filed.first?.drop.id)
            try await Self.ledger(of: stage).reopen(id)
            try Self.move("a.json", from: stage.failed, to: stage.inbox)
            try await stage.whileServing { try await stage.waitForFiled(2) }
            #expect(stage.filed.map(\.outcome) == [.failed, .accepted])
            #expect(Set(stage.filed.map(\.drop.id)).count == 2)
            #expect(stage.missing.isEmpty)
            #expect(try LedgerReader(state: stage.state).drop(id)?.isFiled == true)
        }
    }

    /// Claimed under a filed drop's name, and not in the ledger when the service ended.
    @Test(arguments: [true, false], [true, false])
    func whatTookTheNameOfADropThatLeftItsFolderIsADropOfItsOwn(isAccepted: Bool, isSameContent: Bool) async throws {
        try await Stage.prepare { stage in
            try stage.writeConfiguration()
            if !isAccepted { stage.sandbox.script([.status(400)]) }
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "a.json")
                try await stage.waitForFiled(1)
            }
            let folder = isAccepted ? stage.done : stage.failed
            if isSameContent {
                try Self.move("a.json", from: folder, to: stage.work)
            } else {
                try FileManager.default.removeItem(at: folder.appendingPathComponent("a.json"))
                try Data(Stage.account("INV-2").utf8).write(to: stage.work.appendingPathComponent("a.json"))
            }
            try await stage.whileServing { try await stage.waitForFiled(2) }
            #expect(
                stage.filed.map(\.outcome)
                    == [isAccepted ? .accepted : .failed, isAccepted && isSameContent ? .duplicate : .accepted])
            #expect(Set(stage.filed.map(\.drop.id)).count == 2)
            #expect(
                stage.sandbox.requests.filter { $0.reference != nil }.count == (isAccepted && isSameContent ? 1 : 2))
        }
    }

    @Test func whatTookTheNameOfADropThatWasDecidedAndIsGoneIsADropOfItsOwn() async throws {
        try await Stage.prepare { stage in
            try stage.writeConfiguration()
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1", amount: "-1"), as: "a.json")
                try await stage.waitForFiled(1)
            }
            let id = try #require(stage.filed.first?.drop.id)
            try await Self.ledger(of: stage).reopen(id)
            try FileManager.default.removeItem(at: stage.failed.appendingPathComponent("a.json"))
            try Data(Stage.account("INV-1", amount: "50").utf8).write(to: stage.work.appendingPathComponent("a.json"))
            try await stage.whileServing { try await stage.waitForFiled(2) }
            #expect(stage.filed.map(\.outcome) == [.failed, .accepted])
            #expect(stage.filed.first?.drop.bytes == stage.filed.last?.drop.bytes)
        }
    }

    @Test func aStopOnTheWayBackToWorkMakesNoSecondDrop() async throws {
        try await Stage.prepare { stage in
            try stage.writeConfiguration()
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "a.json")
                try await stage.waitForFiled(1)
            }
            // What a start does with a drop whose claim was undone, up to the stop: the rename makes the file younger.
            let id = try #require(stage.filed.first?.drop.id)
            try await Self.ledger(of: stage).reopen(id)
            try Self.move("a.json", from: stage.done, to: stage.work)
            try await stage.whileServing { try await stage.waitForFiled(2) }
            #expect(stage.filed.map(\.drop.id) == [id, id])
            #expect(try Stage.names(in: stage.done).sorted() == ["a.json", "a.json.result.json"])
            #expect(stage.sandbox.requests.filter { $0.reference != nil }.count == 1)
        }
    }

    @Test(arguments: ["", "\0\0\0\0", #"{"version": 1, "outcome": "acce"#])
    func aDamagedResultIsMadeAgain(damage: String) async throws {
        try await prepare { stage in
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "a.json")
                try await stage.waitForFiled(1)
            }
            let sidecar = stage.done.appendingPathComponent("a.json.result.json")
            let whole = try Data(contentsOf: sidecar)
            try Data(damage.utf8).write(to: sidecar)
            try await stage.whileServing {
                try await eventually("the result is whole") { try Data(contentsOf: sidecar) == whole }
            }
        }
    }

    @Test func aDecidedDropThatIsFiledTakesNothingFromWork() async throws {
        try await prepare { stage in
            let bad = Stage.account("INV-1", amount: "-1")
            try await stage.whileServing {
                try stage.drop(bad, as: "a.json")
                try await stage.waitForFiled(1)
            }
            // Stopped between its move and its close, when another drop of its name had been claimed.
            do {
                let ledger = try Self.ledger(of: stage)
                let filing = try #require(try await ledger.standings(inbox: "erp").first)
                let problem = Problem(.schemaJSON, "It does not fit.")
                _ = try await ledger.conclude(filing.drop, .failed(problem), filedName: FileName("a.json"))
                try await ledger.forget(filings: filing.filings)
            }
            try Data(Stage.account("INV-2").utf8).write(to: stage.work.appendingPathComponent("a.json"))
            try await stage.whileServing { try await stage.waitForFiled(3) }
            #expect(stage.filed.map(\.outcome) == [.failed, .failed, .accepted])
            #expect(try stage.content(of: "a.json", in: stage.failed) == bad)
            #expect(try stage.content(of: "a.json", in: stage.done) == Stage.account("INV-2"))
            #expect(try Stage.names(in: stage.work).isEmpty)
        }
    }

    @Test func aMinuteLaterAFiledDropIsOnTheDiskAndOffTheList() async throws {
        try await Stage.run(time: HastyTime()) { stage in
            try stage.drop(Stage.account("INV-1"), as: "a.json")
            try await stage.waitForFiled(1)
            let ledger = try Self.ledger(of: stage)
            try await eventually("nothing is to be looked for") {
                try await ledger.standings(inbox: "erp").isEmpty
            }
        }
    }

    /// Removed from `.work`, or filed since the backup was made that is the ledger now.
    @Test func aDropWhoseFileIsGoneStopsNobodyAndIsRepeatedUnderItsReference() async throws {
        try await Stage.prepare { stage in
            try stage.writeConfiguration()
            stage.sandbox.script([.hang])
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "a.json")
                try await eventually("it has left") { stage.sandbox.requests.contains { $0.reference != nil } }
            }
            try FileManager.default.removeItem(at: stage.work.appendingPathComponent("a.json"))
            // Another drop has its name and size.
            try Data(Stage.account("INV-2").utf8).write(to: stage.work.appendingPathComponent("a.json"))
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "again.json")
                try await stage.waitForFiled(2)
            }
            #expect(stage.filed.map(\.outcome) == [.accepted, .accepted])
            #expect(
                stage.allEvents.contains {
                    if case .missing(let drop) = $0 { drop.name.description == "a.json" } else { false }
                })
            #expect(Set(stage.sandbox.requests.compactMap(\.reference)).count == 2)
            #expect(stage.sandbox.accepted.map(\.acceptances) == [1, 1])
            #expect(try stage.content(of: "a.json", in: stage.done) == Stage.account("INV-2"))
        }
    }

    @Test func aDropThatWaitsAndWhoseClaimWasUndoneKeepsItsPlaceInTheLedger() async throws {
        try await prepare { stage in
            stage.sandbox.script([.hang])
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "a.json")
                try await eventually("it has left") { stage.sandbox.requests.contains { $0.reference != nil } }
            }
            try Self.move("a.json", from: stage.work, to: stage.inbox)
            try await stage.whileServing { try await stage.waitForFiled(1) }
            #expect(stage.filed.map(\.outcome) == [.accepted])
            #expect(stage.sandbox.accepted.count == 1)
            #expect(stage.filed.first?.batches.first?.attempts.count == 2)
        }
    }
}

/// Sleeps a twentieth of what it is asked to.
private final class HastyTime: TimeSource {
    private let system = SystemTime()

    var moment: Moment { system.moment }
    var timestamp: Timestamp { system.timestamp }

    func sleep(until deadline: Moment) async throws {
        let now = system.moment
        try await system.sleep(until: now + (deadline - now) / 20)
    }
}

extension Stage {
    fileprivate func content(of name: String, in folder: URL) throws -> String {
        try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    }
}
