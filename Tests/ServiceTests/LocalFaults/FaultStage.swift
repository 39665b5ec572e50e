import Foundation
import Ledger
import Model
import Sandbox
import Service
import SluiceConfiguration
import SystemPackage
import Testing
import TestSupport

/// A stage on which disks and folders go bad while drops flow.
extension Stage {
    /// Runs a test before any service; the folders `erp/done` and `erp/failed` are there.
    ///
    /// - Parameter inbox: more lines of the inbox `erp`.
    static func withFaults(
        inbox: String = "", options: SandboxOptions = SandboxOptions(requestsPerMinute: nil),
        _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await Sandbox.withServer(options) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration(inbox: "rescan: 500ms\n" + inbox)
            try await body(stage)
        }
    }

    /// What `sluice pause` does, from another process's side; the service has heard of it.
    func pause() async throws {
        try await PauseControl.pause(nil, ledger: outsidersLedger(), state: state)
        try await eventually("it is paused") { pausedNow == [""] }
    }

    func resume() async throws {
        try await PauseControl.resume(nil, ledger: outsidersLedger(), state: state)
    }

    private func outsidersLedger() throws -> Ledger { try Ledger(state: state, boot: "test", time: time) }

    private var pausedNow: Set<String>? {
        allEvents.reduce(nil) { if case .paused(let names) = $1 { names } else { $0 } }
    }

    var state: FilePath { FilePath(url(of: "state").path) }

    func url(of place: String) -> URL { folder.url.appendingPathComponent(place) }

    /// Ten documents under names that nobody takes: JSON and XML, good ones and two that fail.
    func prepareDrops(_ round: Int) throws {
        for number in 0..<10 {
            let name = "\(round)-\(number)"
            switch number {
            case 3, 7: try inbox.write("{\"accounts\": [{\"clientReferenceId\": \"\(name)\"}]}", as: "\(name).json.tmp")
            case 5, 6:
                let record = "<clientReferenceId>\(name)</clientReferenceId><invoiceNumber>1</invoiceNumber>"
                try inbox.write(
                    "<accounts><account>\(record)<outstandingAmount>1</outstandingAmount></account></accounts>",
                    as: "\(name).xml.tmp")
            default: try inbox.write(Stage.account(name), as: "\(name).json.tmp")
            }
        }
    }

    /// Drops what was prepared.
    func release(_ round: Int) throws {
        for name in try inbox.names where name.hasPrefix("\(round)-") && name.hasSuffix(".tmp") {
            try FileManager.default.moveItem(
                at: inbox.appendingPathComponent(name), to: inbox.appendingPathComponent(String(name.dropLast(4))))
        }
    }

    /// Everything of so many rounds came to its right end once: in its folder, with its result, and at the API.
    func expectAllFiled(rounds: Int) throws {
        #expect(try Stage.names(in: inbox).filter { !$0.hasPrefix(".") } == [])
        #expect(try Stage.names(in: work).filter { !$0.hasPrefix(".") } == [])
        func drops(_ folder: URL) throws -> Set<String> {
            Set(try Stage.names(in: folder).filter { !$0.hasPrefix(".") })
        }
        var (expectedDone, expectedFailed): (Set<String>, Set<String>) = ([], [])
        for round in 0..<rounds {
            for number in 0..<10 {
                let name = "\(round)-\(number).\([5, 6].contains(number) ? "xml" : "json")"
                if [3, 7].contains(number) {
                    expectedFailed.formUnion([name, "\(name).result.json"])
                } else {
                    expectedDone.formUnion([name, "\(name).result.json"])
                }
            }
        }
        #expect(try drops(done) == expectedDone)
        #expect(try drops(failed) == expectedFailed)
        #expect(filed.count == rounds * 10)
        #expect(filed.allSatisfy { $0.outcome == .accepted || $0.problem?.code == .schemaJSON })
        #expect(sandbox.accepted.count == rounds * 8)
        #expect(sandbox.accepted.allSatisfy { $0.acceptances == 1 && $0.mismatches == 0 })
    }

    func phases(of event: Configuration.Alert.Event) -> [AlertChange.Phase] {
        alerts.filter { $0.event == event }.map(\.phase)
    }

    /// What each alert said, one after the other: for each subject it begins and ends by turns, and is over in the end.
    func expectAlertsAreOver(_ event: Configuration.Alert.Event) {
        for (subject, changes) in Dictionary(grouping: alerts.filter({ $0.event == event }), by: \.subject) {
            for (index, change) in changes.enumerated() {
                #expect(change.phase == (index % 2 == 0 ? .begins : .ends), "\(subject ?? "all")")
            }
            #expect(changes.last?.phase == .ends, "\(subject ?? "all")")
        }
    }
}
