import Foundation
import Ledger
import Model
import Sandbox
import SluiceConfiguration
import SystemPackage
import Testing
import TestSupport

@testable import Service

/// A ledger that is locked, damaged or lost under a service.
@Suite(.timeLimit(.minutes(10))) struct LedgerFaultTests {
    /// Another program keeps the ledger's lock, as a careless look into it with `sqlite3` does.
    @Test func aLedgerThatIsLockedByAnotherProgramIsWaitedFor() async throws {
        try await Stage.withFaults { stage in
            try await stage.whileServing {
                try stage.prepareDrops(0)
                try stage.prepareDrops(1)
                try stage.release(0)
                try await stage.waitForFiled(10)
                let locker = Process()
                locker.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                locker.arguments = [
                    "python3", "-c",
                    """
                    import os, sqlite3, sys, time
                    ledger = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
                    ledger.execute("BEGIN EXCLUSIVE")
                    open(sys.argv[1] + ".locked", "w").close()
                    while os.path.exists(sys.argv[1] + ".locked"): time.sleep(0.02)
                    """, stage.url(of: "state/ledger.sqlite").path,
                ]
                try locker.run()
                let sign = stage.url(of: "state/ledger.sqlite.locked")
                try await eventually("it is locked") {
                    FileManager.default.fileExists(atPath: sign.path)
                }
                try stage.release(1)
                try await eventually("it is told") { stage.phases(of: .ledgerUnwritable) == [.begins] }
                #expect(stage.filed.count == 10)
                try FileManager.default.removeItem(at: sign)
                try await stage.waitForFiled(20)
            }
            #expect(stage.phases(of: .ledgerUnwritable) == [.begins, .ends])
            try stage.expectAllFiled(rounds: 2)
        }
    }

    /// The words that an admin is told at a start; `nil`: none.
    private static func words(_ stage: Stage) -> String? {
        stage.allEvents.reduce(nil) { if case .ledgerNeedsDecision(let words) = $1 { words } else { $0 } }
    }

    /// Nothing is taken, sent or filed until `sluice resume`; then everything goes its way.
    private static func expectPausedUntilResumed(_ stage: Stage, _ begin: String) async throws {
        let requests = stage.sandbox.requestCount
        let inWork = try Stage.names(in: stage.work)
        for _ in 0..<2 {
            try await stage.whileServing {
                try await eventually("it is told") { words(stage)?.hasPrefix(begin) == true }
                try await eventually("the alert is on") {
                    stage.alerts.last { $0.event == .ledgerUnwritable }?.phase == .begins
                }
                try stage.drop(Stage.account("INV-NEW"), as: "new-\(stage.allEvents.count).json")
                try await Task.sleep(for: .milliseconds(1500))
                #expect(stage.sandbox.requestCount == requests)
                #expect(try Stage.names(in: stage.work) == inWork)
            }
        }
        try await stage.makeService(once: true).run()
        #expect(stage.sandbox.requestCount == requests)
        let before = stage.filed.count
        let begun = stage.phases(of: .ledgerUnwritable).count
        try await stage.whileServing {
            try await eventually("it is told again") { stage.phases(of: .ledgerUnwritable).count > begun }
            try await stage.resume()
            try await stage.waitForFiled(before + 2)
            try await eventually("the alert is over") {
                stage.alerts.last { $0.event == .ledgerUnwritable }?.phase == .ends
            }
        }
        #expect(try Stage.names(in: stage.work) == [])
        // The next start knows nothing of it any more.
        try await stage.makeService(once: true).run()
    }

    @Test func aCorruptLedgerIsKeptAsideAndTheServiceWaitsForAnAdmin() async throws {
        try await Stage.withFaults { stage in
            try stage.prepareDrops(0)
            try await stage.whileServing {
                try stage.release(0)
                try await stage.waitForFiled(10)
            }
            let ledger = stage.url(of: "state/ledger.sqlite")
            // What it says may all be in the log still.
            for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: ledger.path + suffix) }
            try Data("this is no ledger".utf8).write(to: ledger, options: .atomic)
            try stage.work.write(Stage.account("INV-LEFT"), as: "left.json")
            let before = stage.filed.count
            try await Self.expectPausedUntilResumed(stage, "The ledger was corrupt: ")
            #expect(stage.filed.count == before + 3)
            #expect(stage.filed.allSatisfy { $0.problem == nil || $0.problem?.code == .schemaJSON })
            let aside = try #require(try stage.url(of: "state").names.first { $0.contains("sqlite.corrupt-") })
            #expect(try stage.url(of: "state").text(of: aside) == "this is no ledger")
            let report = try Administration(stage.configuration()).status(at: SystemTime().timestamp)
            #expect(report.toDecide == nil && !report.isDegraded)
        }
    }

    @Test(arguments: ["state", "state/ledger.sqlite"])
    func aLostLedgerIsNoFirstStart(lost: String) async throws {
        try await Stage.withFaults { stage in
            try stage.prepareDrops(0)
            try await stage.whileServing {
                try stage.release(0)
                try await stage.waitForFiled(10)
            }
            try FileManager.default.removeItem(at: stage.url(of: lost))
            try? FileManager.default.removeItem(at: stage.url(of: lost + "-wal"))
            try await Self.expectPausedUntilResumed(stage, "There was no ledger, and yet the service has run before: ")
        }
    }

    @Test func statusSaysWhatThereIsToDecide() async throws {
        try await Stage.withFaults { stage in
            try FileManager.default.createDirectory(at: stage.done, withIntermediateDirectories: true)
            // A result of ours, and not only files: those an admin may have put there.
            try stage.done.write(#"{"version": 1, "drop": {"id": "01J"}}"#, as: "old.json.result.json")
            try await stage.whileServing {
                let report = try Administration(stage.configuration()).status(at: SystemTime().timestamp)
                #expect(report.isDegraded && report.toDecide?.contains("holds old.json.result.json") == true)
                #expect(report.inboxes.allSatisfy { $0.isPaused })
            }
        }
    }

    @Test func aFileThatIsNoResultOfOursIsNoEvidence() async throws {
        try await Stage.withFaults { stage in
            for folder in [stage.done, stage.failed, stage.url(of: "state")] {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            }
            try stage.done.write("{}", as: "old.json")
            try stage.failed.write(#"{"version": 1}"#, as: "old.json.result.json")
            #expect(try stage.configuration().evidenceOfEarlierRuns() == nil)
            try stage.failed.write(#"{"version": 1, "drop": {"id": "01J"}}"#, as: "older.json.result.json")
            #expect(
                try stage.configuration().evidenceOfEarlierRuns()?.hasSuffix("holds older.json.result.json") == true)
        }
    }

    /// Pages go bad under a running service: it stops, and the next start keeps the ledger aside.
    @Test func aLedgerThatGoesBadUnderTheServiceStopsIt() async throws {
        try await Stage.withFaults { stage in
            try stage.prepareDrops(0)
            try stage.prepareDrops(1)
            let run = Task { try await stage.makeService().run() }
            try stage.release(0)
            try await stage.waitForFiled(10)
            let ledger = try FileHandle(forUpdating: stage.url(of: "state/ledger.sqlite"))
            let log = try FileHandle(forUpdating: stage.url(of: "state/ledger.sqlite-wal"))
            for file in [ledger, log] {
                let size = try file.seekToEnd()
                try file.seek(toOffset: 0)
                try file.write(contentsOf: Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 5) }))
            }
            try stage.release(1)
            await #expect(throws: CannotStart.self) { try await run.value }
            #expect(FileManager.default.fileExists(atPath: stage.url(of: "state/ledger.damaged").path))
            let requests = stage.sandbox.requestCount
            try await stage.whileServing {
                try await eventually("it is told") { Self.words(stage)?.hasPrefix("The ledger was corrupt: ") == true }
                try await Task.sleep(for: .seconds(1))
                #expect(stage.sandbox.requestCount == requests)
                try await stage.resume()
                try await eventually("all is filed") {
                    try Set(Stage.names(in: stage.done) + Stage.names(in: stage.failed)).filter {
                        !$0.hasSuffix(".result.json") && !$0.hasPrefix(".")
                    }.count == 20
                }
            }
            #expect(try Stage.names(in: stage.work) == [])
            // What was sent and not written down was sent again under its reference.
            #expect(stage.sandbox.accepted.count == 16)
            #expect(stage.sandbox.accepted.allSatisfy { $0.mismatches == 0 })
        }
    }

    /// It would have SQLite write the old ledger's log over the backup.
    @Test func aCommandOpensNoBackupThatAnotherLogLiesBeside() async throws {
        try await Stage.prepare { stage in
            try stage.writeConfiguration()
            let copy = stage.url(of: "copy")
            let (ledger, log) = (stage.url(of: "state/ledger.sqlite"), stage.url(of: "state/ledger.sqlite-wal"))
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "a.json")
                try await stage.waitForFiled(1)
                try LedgerReader(state: stage.state).backup(to: FilePath(copy.path), at: SystemTime().timestamp)
                try FileManager.default.copyItem(at: log, to: stage.url(of: "log"))
            }
            for url in [ledger, log] where FileManager.default.fileExists(atPath: url.path) {
                try FileManager.default.removeItem(at: url)
            }
            try FileManager.default.moveItem(at: copy, to: ledger)
            try FileManager.default.moveItem(at: stage.url(of: "log"), to: log)
            let error = #expect(throws: (any Error).self) { try SharedState.openLedger(stage.configuration()) }
            #expect("\(error.map { "\($0)" } ?? "")".contains("start the service"))
            try await stage.whileServing {
                try await eventually("it is told") { Self.words(stage)?.hasPrefix("This ledger is a copy") == true }
                #expect(try await SharedState.openLedger(stage.configuration()).pauses() == [""])
            }
        }
    }

    /// The ledger of yesterday in the place of today's.
    @Test func aBackupThatIsRestoredWaitsForAnAdmin() async throws {
        try await Stage.withFaults { stage in
            try stage.prepareDrops(0)
            try stage.prepareDrops(1)
            let copy = FilePath(stage.url(of: "copy").path)
            try await stage.whileServing {
                try stage.release(0)
                try await stage.waitForFiled(10)
                try LedgerReader(state: stage.state).backup(to: copy, at: SystemTime().timestamp)
                try stage.release(1)
                try await stage.waitForFiled(20)
            }
            for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
                try? FileManager.default.removeItem(at: stage.url(of: "state/\(name)"))
            }
            try FileManager.default.copyItem(atPath: copy.string, toPath: stage.url(of: "state/ledger.sqlite").path)
            try stage.work.write(Stage.account("INV-LEFT"), as: "left.json")
            let requests = stage.sandbox.requestCount
            try await stage.whileServing {
                try await eventually("it is told") { Self.words(stage)?.hasPrefix("This ledger is a copy") == true }
                try stage.drop(Stage.account("1-0"), as: "again.json")
                try stage.drop(Stage.account("0-0"), as: "known.json")
                try await Task.sleep(for: .seconds(1))
                #expect(stage.sandbox.requestCount == requests)
                // The files of after the backup, in done and failed, with their results.
                let audit = try Audit.run(try Administration(stage.configuration()))
                let unknown = audit.findings.filter { $0.message == "no drop of the ledger belongs to it" }
                #expect(unknown.count == 20)
                try await stage.resume()
                try await stage.waitForFiled(23)
            }
            // The API was asked again under the reference that it knows, with the same body: it took that once.
            let outcomes = Dictionary(uniqueKeysWithValues: stage.filed.suffix(3).map { ("\($0.drop.name)", $0) })
            #expect(outcomes["again.json"]?.outcome == .accepted)
            #expect(outcomes["known.json"]?.outcome == .duplicate)
            #expect(outcomes["left.json"]?.outcome == .accepted)
            #expect(stage.sandbox.accepted.count == 17)
            #expect(stage.sandbox.accepted.allSatisfy { $0.mismatches == 0 })
        }
    }
}
