import Foundation
import Model
import Sandbox
import Service
import SluiceConfiguration
import Testing
import TestSupport

/// Disks of ours that are full or read-only: the work pauses, an alert is told, and it goes on by itself.
@Suite(.serialized, .timeLimit(.minutes(10)), .enabled(if: SmallDisk.canMount, "only root can mount"))
struct DiskTests {
    /// Where a disk of its own is mounted, and what its inbox asks for so that its room is used.
    enum Place: String, CaseIterable {
        case state
        /// Inbox and `.work`, with `done` and `failed` elsewhere.
        case erp
        case done = "erp/done"
        case failed = "erp/failed"
    }

    /// The disk of `place`; where that holds inbox and `.work`, `done` and `failed` have others.
    private static func mount(_ place: Place, _ stage: Stage) throws -> (disk: SmallDisk, others: [SmallDisk]) {
        let disk = try SmallDisk(at: stage.url(of: place.rawValue))
        guard place == .erp else { return (disk, []) }
        try FileManager.default.createDirectory(at: stage.inbox, withIntermediateDirectories: false)
        return (disk, try [stage.done, stage.failed].map { try SmallDisk(at: $0, bytes: 64 << 20) })
    }

    @Test(arguments: Place.allCases) func aFullDiskPausesTheWorkAndIsToldOnce(place: Place) async throws {
        try await Stage.withFaults(inbox: "filing: copy") { stage in
            let (disk, others) = try Self.mount(place, stage)
            try stage.prepareDrops(0)
            try stage.prepareDrops(1)
            try await stage.whileServing {
                try stage.release(0)
                try await stage.waitForFiled(10)
                try disk.fill()
                try stage.release(1)
                try await eventually("it is told") { stage.phases(of: .diskFull) == [.begins] }
                // It lasts, and is told no more.
                try await Task.sleep(for: .seconds(3))
                #expect(stage.phases(of: .diskFull) == [.begins])
                #expect(stage.filed.count < 20)
                try disk.makeRoom()
                try await stage.waitForFiled(20)
                try await eventually("it is over") { stage.phases(of: .diskFull) == [.begins, .ends] }
            }
            try stage.expectAllFiled(rounds: 2)
            #expect(stage.alerts.allSatisfy { $0.event == .diskFull || $0.event == .failedDrops })
            withExtendedLifetime((disk, others)) {}
        }
    }

    /// From the first drop on: no room for the ledger's first commits.
    @Test func aDiskThatIsFullFromTheStartIsWaitedFor() async throws {
        try await Stage.withFaults { stage in
            let disk = try SmallDisk(at: stage.url(of: "state"))
            try stage.prepareDrops(0)
            try await stage.whileServing {
                try await eventually("it has started") {
                    stage.allEvents.contains { if case .started = $0 { true } else { false } }
                }
                try disk.fill()
                try stage.release(0)
                try await eventually("it is told") { stage.phases(of: .diskFull) == [.begins] }
                try disk.makeRoom()
                try await stage.waitForFiled(10)
            }
            try stage.expectAllFiled(rounds: 1)
            withExtendedLifetime(disk) {}
        }
    }

    @Test(arguments: [Place.erp, .done, .failed]) func aReadOnlyDiskPausesTheWork(place: Place) async throws {
        try await Stage.withFaults(inbox: "filing: copy") { stage in
            let (disk, others) = try Self.mount(place, stage)
            try stage.prepareDrops(0)
            try stage.prepareDrops(1)
            try await stage.whileServing {
                try stage.release(0)
                try await stage.waitForFiled(10)
                // So that what lies in the inbox cannot be taken, and nothing was before.
                if place == .erp { try await stage.pause() }
                if place == .erp { try stage.release(1) }
                try await disk.setReadOnly(true)
                if place == .erp { try await stage.resume() }
                if place != .erp { try stage.release(1) }
                try await eventually("it is told") { stage.phases(of: .inboxUnavailable).first == .begins }
                try await Task.sleep(for: .seconds(2))
                try await disk.setReadOnly(false)
                try await stage.waitForFiled(20)
                try await eventually("it is over") {
                    Set(stage.alerts.filter { $0.event == .inboxUnavailable && $0.phase == .begins }.map(\.subject))
                        .allSatisfy { subject in
                            stage.alerts.last { $0.event == .inboxUnavailable && $0.subject == subject }?.phase == .ends
                        }
                }
                stage.expectAlertsAreOver(.inboxUnavailable)
            }
            try stage.expectAllFiled(rounds: 2)
            withExtendedLifetime((disk, others)) {}
        }
    }

    /// Nothing arrives that would show it.
    @Test(arguments: [Place.erp, .done, .failed]) func aReadOnlyDiskOfAnIdleInboxIsTold(place: Place) async throws {
        try await Stage.withFaults { stage in
            let (disk, others) = try Self.mount(place, stage)
            try stage.prepareDrops(0)
            try await stage.whileServing {
                try stage.release(0)
                try await stage.waitForFiled(10)
                // Its folders are found as they have to be, more than once.
                try await Task.sleep(for: .seconds(3))
                #expect(stage.phases(of: .inboxUnavailable).isEmpty)
                try await disk.setReadOnly(true)
                try await eventually("it is told") { stage.phases(of: .inboxUnavailable).first == .begins }
                try await disk.setReadOnly(false)
                try await eventually("it is over") { stage.phases(of: .inboxUnavailable).last == .ends }
                stage.expectAlertsAreOver(.inboxUnavailable)
            }
            try stage.expectAllFiled(rounds: 1)
            withExtendedLifetime((disk, others)) {}
        }
    }

    /// The ledger is open for writing as long as the service runs: the kernel refuses to take its disk away.
    @Test func theLedgersDiskCannotBeMadeReadOnlyUnderTheService() async throws {
        try await Stage.withFaults { stage in
            let disk = try SmallDisk(at: stage.url(of: "state"))
            try stage.prepareDrops(0)
            try await stage.whileServing {
                try stage.release(0)
                try await stage.waitForFiled(10)
                #expect(!disk.canBeReadOnly)
            }
            try stage.expectAllFiled(rounds: 1)
            withExtendedLifetime(disk) {}
        }
    }

    @Test func aStartOnAReadOnlyDiskSaysSoAndMakesNothingAnew() async throws {
        try await Stage.withFaults { stage in
            let disk = try SmallDisk(at: stage.url(of: "state"))
            try await disk.setReadOnly(true)
            #expect(throws: CannotStart.self) { try stage.makeService() }
            #expect(try disk.url.names == [])
            try await disk.setReadOnly(false)
            try stage.prepareDrops(0)
            try stage.release(0)
            try await stage.makeService(once: true).run()
            try stage.expectAllFiled(rounds: 1)
            withExtendedLifetime(disk) {}
        }
    }

    /// The file in the middle of being copied to another file system stays where it was, and nothing of it is left.
    @Test func aCopyThatIsCutOffLeavesNothing() async throws {
        try await Stage.withFaults { stage in
            let disk = try SmallDisk(at: stage.done, bytes: 1 << 20)
            let records = (0..<20_000).map {
                #"{"clientReferenceId": "INV-\#($0)", "invoiceNumber": "1", "outstandingAmount": 1}"#
            }
            let large = "{\"accounts\": [\(records.joined(separator: ",\n"))]}"
            try await stage.whileServing {
                try stage.drop(large, as: "large.json")
                try await eventually("it is told") { stage.phases(of: .diskFull) == [.begins] }
                #expect(try stage.text(ofWork: "large.json") == large)
                #expect(try Stage.names(in: stage.done).contains("large.json") == false)
                try disk.grow(to: 64 << 20)
                try await stage.waitForFiled(1)
            }
            #expect(try stage.done.text(of: "large.json") == large)
            #expect(try stage.done.names == ["large.json", "large.json.result.json"])
            #expect(stage.sandbox.accepted.count == 1 && stage.phases(of: .diskFull) == [.begins, .ends])
            withExtendedLifetime(disk) {}
        }
    }

    /// Converted records that cannot be held go into a file in the state folder.
    @Test func anXMLDocumentThatHasNoRoomForItsRecordsWaits() async throws {
        try await Stage.withFaults { stage in
            try stage.writeConfiguration(top: "limits: {memory: 16MB}\nretry: {base: 10ms, cap: 20ms}")
            let disk = try SmallDisk(at: stage.url(of: "state"), bytes: 3 << 20)
            let record = "<invoiceNumber>1</invoiceNumber><outstandingAmount>1</outstandingAmount>"
            let records = (0..<60_000).map {
                "<account><clientReferenceId>INV-\($0)</clientReferenceId>\(record)</account>"
            }
            try await stage.whileServing {
                try stage.drop("<accounts>\(records.joined(separator: "\n"))</accounts>", as: "large.xml")
                try await eventually("it is told") { stage.phases(of: .diskFull) == [.begins] }
                #expect(stage.filed.isEmpty)
                try disk.grow(to: 64 << 20)
                try await stage.waitForFiled(1)
            }
            #expect(stage.filed.map(\.outcome) == [.accepted])
            #expect(stage.phases(of: .diskFull) == [.begins, .ends])
            withExtendedLifetime(disk) {}
        }
    }
}

extension Stage {
    fileprivate func text(ofWork name: String) throws -> String { try work.text(of: name) }
}
