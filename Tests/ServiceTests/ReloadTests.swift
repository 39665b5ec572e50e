import Delivery
import Foundation
import Inbox
import Model
import Sandbox
import Service
import SluiceConfiguration
import TestSupport
import Testing

/// The configuration changes while the service runs.
@Suite(.timeLimit(.minutes(5))) struct ReloadTests {
    private static let erp = "name: erp, path: erp/inbox, settle: 0s"

    private static func makeFolders(_ stage: Stage, _ names: String...) throws {
        for name in names { _ = try stage.folder.subfolder("\(name)/inbox") }
    }

    @Test func anInboxThatIsAddedIsTakenUp() async throws {
        try await Stage.prepare(inboxes: Self.erp) { stage in
            try Self.makeFolders(stage, "bank")
            try stage.drop(Stage.account("INV-1"), at: "bank/inbox/early.json")
            try await stage.serving { service in
                try stage.write(inboxes: "\(Self.erp)\nname: bank, path: bank/inbox, settle: 0s")
                try await stage.reload(service)
                #expect(stage.reloads.map(\.description) == ["1 inbox added"])
                try await stage.waitForFile("bank/done/early.json")
                try stage.drop(Stage.account("INV-2"), at: "erp/inbox/other.json")
                try await stage.waitForFile("erp/done/other.json")
            }
        }
    }

    @Test func anInboxThatIsRemovedFinishesWhatItBeganAndTakesNothingMore() async throws {
        try await Stage.prepare(inboxes: "\(Self.erp)\nname: bank, path: bank/inbox, settle: 0s") { stage in
            try Self.makeFolders(stage, "bank")
            try await stage.serving { service in
                stage.sandbox.script([.delay(.milliseconds(500))])
                try stage.drop(Stage.account("INV-1"), at: "bank/inbox/first.json")
                try await eventually("it is taken") { !stage.exists("bank/inbox/first.json") }
                try stage.write(inboxes: Self.erp)
                try await stage.reload(service)
                try stage.drop(Stage.account("INV-2"), at: "bank/inbox/late.json")
                try await eventually("it is gone") { stage.said(of: "bank") == ["gone, 0 unfinished"] }
                #expect(stage.exists("bank/done/first.json"))
                #expect(stage.exists("bank/inbox/late.json"))
                #expect(stage.sandbox.accepted.count == 1)
            }
        }
    }

    @Test func whatIsLeftOfARemovedInboxGoesOnWhenItIsBack() async throws {
        let both = "\(Self.erp)\nname: bank, path: bank/inbox, settle: 0s"
        try await Stage.prepare(inboxes: both) { stage in
            try Self.makeFolders(stage, "bank")
            try await stage.serving { service in
                // An attachment waits for its account for hours, and longer than any grace.
                try stage.drop("%PDF-1.4\n%%EOF\n", at: "bank/inbox/INV-1.pdf")
                try await eventually("it waits") {
                    stage.allEvents.contains { if case .waitsForAccount = $0 { true } else { false } }
                }
                try stage.write(inboxes: Self.erp)
                try await stage.reload(service)
                try await eventually("it is gone") { stage.said(of: "bank") == ["gone, 1 unfinished"] }
                #expect(stage.exists("bank/.work/INV-1.pdf"))
                try stage.write(inboxes: both)
                try await stage.reload(service)
                try stage.drop(Stage.account("INV-1"), at: "erp/inbox/account.json")
                try await stage.waitForFile("bank/done/INV-1.pdf")
            }
            #expect(stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 && $0.mismatches == 0 })
        }
    }

    @Test func anInboxThatIsRenamedTakesItsDropsAlong() async throws {
        try await Stage.prepare(inboxes: "name: bank, path: bank/inbox, settle: 0s\n\(Self.erp)") { stage in
            try Self.makeFolders(stage, "bank")
            try await stage.serving { service in
                try stage.drop("%PDF-1.4\n%%EOF\n", at: "bank/inbox/INV-1.pdf")
                try await eventually("it waits") {
                    stage.allEvents.contains { if case .waitsForAccount = $0 { true } else { false } }
                }
                try stage.write(inboxes: "name: westbank, path: bank/inbox, settle: 0s\n\(Self.erp)")
                try await stage.reload(service)
                #expect(stage.reloads.map(\.description) == ["1 inbox added, 1 removed"])
                try await eventually("the old one is gone") { stage.said(of: "bank") == ["gone, 1 unfinished"] }
                try stage.drop(Stage.account("INV-1"), at: "erp/inbox/account.json")
                try await stage.waitForFile("bank/done/INV-1.pdf")
                try await stage.waitForFiled(2)
                #expect(stage.filed.contains { $0.drop.inbox == "westbank" })
            }
            #expect(stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 })
        }
    }

    private static func isWaiting(_ stage: Stage, _ count: Int = 1) async throws -> [DropID: String] {
        try await eventually("\(count) wait") { stage.waiting.count == count }
        return stage.waiting
    }

    /// What lies in `.work` stays with its folder, whatever name that has, and whatever lies in the other's under its own.
    @Test func inboxesThatChangeFoldersLeaveTheirDropsWhereTheyAre() async throws {
        try await Stage.prepare(inboxes: "name: bank, path: bank/inbox, settle: 0s\n\(Self.erp)") { stage in
            try Self.makeFolders(stage, "bank")
            try await stage.serving { service in
                for (number, name) in ["bank", "erp"].enumerated() {
                    try stage.drop("%PDF-1.4\n\(number)\n%%EOF\n", at: "\(name)/inbox/INV-1.pdf")
                    _ = try await Self.isWaiting(stage, number + 1)
                }
                let before = stage.waiting
                try stage.write(
                    inboxes: "name: bank, path: erp/inbox, settle: 0s\nname: erp, path: bank/inbox, settle: 0s")
                try await stage.reload(service)
                try stage.drop(Stage.account("INV-1"), at: "erp/inbox/account.json")
                for name in ["bank", "erp"] { try await stage.waitForFile("\(name)/done/INV-1.pdf") }
                try await stage.waitForFiled(3)
                for result in stage.filed where result.drop.name == FileName("INV-1.pdf") {
                    #expect(before[result.drop.id] == (result.drop.inbox == "bank" ? "erp" : "bank"))
                }
            }
            #expect(stage.missing.isEmpty)
            #expect(stage.sandbox.accepted.count == 3)
            #expect(stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 })
        }
    }

    @Test func aNameThatIsGivenToAnotherFolderTakesNoDropsAlong() async throws {
        try await Stage.prepare(inboxes: Self.erp) { stage in
            try await stage.serving { _ in
                try stage.drop("%PDF-1.4\n%%EOF\n", at: "erp/inbox/INV-1.pdf")
                _ = try await Self.isWaiting(stage)
            }
            let before = stage.waiting
            try FileManager.default.moveItem(at: stage.url("erp"), to: stage.url("erp-old"))
            try Self.makeFolders(stage, "erp")
            try stage.write(inboxes: "\(Self.erp)\nname: erp-old, path: erp-old/inbox, settle: 0s")
            try await stage.serving { _ in
                try stage.drop(Stage.account("INV-1"), at: "erp/inbox/account.json")
                try await stage.waitForFile("erp-old/done/INV-1.pdf")
                try await stage.waitForFiled(2)
            }
            let filed = stage.filed.first { $0.drop.name == FileName("INV-1.pdf") }
            #expect(filed.map { before[$0.drop.id] } == "erp" && filed?.drop.inbox == "erp-old")
            #expect(stage.missing.isEmpty)
        }
    }

    /// Drops pour in while the inbox's settings change again and again.
    @Test func noDropIsLostOrDoubledWhileAnInboxChanges() async throws {
        let faults = try FaultPlan(parsing: "latency:1ms..30ms")
        let options = SandboxOptions(requestsPerMinute: nil, faults: faults)
        try await Stage.prepare(inboxes: Self.erp, options: options) { stage in
            let count = 300
            try await stage.serving { service in
                let sender = Task {
                    for number in 0..<count {
                        try stage.drop(Stage.account("INV-\(number)"), at: "erp/inbox/orders-\(number).json")
                        if number.isMultiple(of: 10) { try await Task.sleep(for: .milliseconds(10)) }
                    }
                }
                for round in 0..<20 {
                    let set = round.isMultiple(of: 2) ? "" : ", set: {brand: ACME}"
                    try stage.write(inboxes: Self.erp + set)
                    try await stage.reload(service)
                    try await Task.sleep(for: .milliseconds(30))
                }
                try await sender.value
                try await stage.waitForFiled(count)
            }
            let done = try Stage.names(in: stage.done).filter { !$0.hasSuffix(".result.json") }
            #expect(done.count == count)
            #expect(try Stage.names(in: stage.inbox).isEmpty)
            #expect(try Stage.names(in: stage.work).isEmpty)
            #expect(try Stage.names(in: stage.failed).isEmpty)
            #expect(stage.sandbox.accepted.count == count)
            #expect(stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 && $0.mismatches == 0 })
            #expect(stage.reloads.count == 20)
            #expect(stage.reloads.dropFirst().allSatisfy { $0.description == "1 inbox changed" })
        }
    }

    @Test func aSchemaThatWasWrittenAnewJudgesTheNextDrop() async throws {
        try await Stage.prepare(inboxes: Self.erp + ", kind: account, schema: {json: own.json}") { stage in
            try stage.folder.url.write("{}", as: "own.json")
            try await stage.serving { service in
                try stage.drop(Stage.account("INV-1"), at: "erp/inbox/a.json")
                try await stage.waitForFile("erp/done/a.json")
                try stage.folder.url.write(#"{"maxProperties": 0}"#, as: "own.json")
                try await stage.reload(service)
                #expect(stage.reloads.map(\.description) == ["1 inbox changed"])
                try stage.drop(Stage.account("INV-2"), at: "erp/inbox/b.json")
                #expect(try await stage.result(of: "b.json").code == "schema.json")
                try stage.folder.url.write("no schema", as: "own.json")
                await #expect(throws: CannotStart.self) { try await stage.reload(service) }
                try stage.folder.url.write("{}", as: "own.json")
                try await stage.reload(service)
                try stage.drop(Stage.account("INV-3"), at: "erp/inbox/c.json")
                try await stage.waitForFile("erp/done/c.json")
            }
        }
    }

    @Test func anotherRateCountsAtOnce() async throws {
        let top = "limits: {requestsPerMinute: 1}"
        try await Stage.prepare(inboxes: Self.erp, top: top) { stage in
            try await stage.serving { service in
                // The token takes the only slot of this minute.
                try stage.drop(Stage.account("INV-1"), at: "erp/inbox/a.json")
                try await eventually("the token was fetched") {
                    stage.allEvents.contains { if case .delivery(.tokenRenewed) = $0 { true } else { false } }
                }
                // Now the drop most likely waits for the next minute.
                try await Task.sleep(for: .milliseconds(200))
                try stage.write(inboxes: Self.erp, top: "limits: {requestsPerMinute: 100}")
                try await stage.reload(service)
                #expect(stage.reloads.map(\.description) == ["limits.requestsPerMinute"])
                try await stage.waitForFile("erp/done/a.json", within: .seconds(50))
            }
        }
    }

    @Test func theSecretIsReadFromItsNewPlace() async throws {
        try await Stage.prepare(inboxes: Self.erp) { stage in
            try await stage.serving { service in
                try stage.write(inboxes: Self.erp, api: "clientID: {env: SLUICE_TEST_NOWHERE}")
                try await stage.reload(service)
                #expect(stage.reloads.map(\.changedKeys) == [["api.clientID"]])
                try stage.drop(Stage.account("INV-1"), at: "erp/inbox/a.json")
                try await eventually("there is no token") {
                    stage.allEvents.contains { event in
                        if case .delivery(.tokenFailed(let why, _)) = event { return why.contains("NOWHERE") }
                        return false
                    }
                }
                try stage.write(inboxes: Self.erp)
                try await stage.reload(service)
                try await stage.waitForFile("erp/done/a.json")
            }
        }
    }

    @Test func foldersAreLookedAtAgain() async throws {
        try await Stage.prepare(inboxes: Self.erp) { stage in
            try await stage.serving { service in
                try stage.drop(Stage.account("INV-1"), at: "erp/inbox/a.json")
                try await stage.waitForFile("erp/done/a.json")
                let manager = FileManager.default
                try manager.setAttributes([.posixPermissions: 0o777], ofItemAtPath: stage.done.path)
                try await stage.reload(service)
                try await eventually("it is said") { stage.said(of: "erp").count == 1 }
                #expect(try #require(stage.said(of: "erp").first).contains("(chmod 755 \(stage.done.path))"))
                try stage.drop(Stage.account("INV-2"), at: "erp/inbox/b.json")
                try await Task.sleep(for: .milliseconds(300))
                #expect(stage.exists("erp/inbox/b.json"), "nothing is taken from it")
                try manager.setAttributes([.posixPermissions: 0o755], ofItemAtPath: stage.done.path)
                try await stage.waitForFile("erp/done/b.json")
                #expect(stage.said(of: "erp").last == "available")
            }
        }
    }

    /// Whoever finds all well is not the one who said otherwise.
    @Test func anInboxThatAnotherConfigurationMendsIsAvailableAgain() async throws {
        try await Stage.prepare(inboxes: Self.erp) { stage in
            let phases = { @Sendable in stage.alerts.filter { $0.event == .inboxUnavailable }.map(\.phase) }
            let spoil = { @Sendable (name: String) throws in
                let folder = try stage.folder.subfolder("erp/\(name)")
                try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
            }
            try await stage.serving { service in
                try spoil("done")
                try await stage.reload(service)
                try await eventually("it is said") { stage.said(of: "erp").count == 1 }
                try stage.write(inboxes: "\(Self.erp), done: erp/filed")
                try await stage.reload(service)
                try stage.drop(Stage.account("INV-1"), at: "erp/inbox/a.json")
                try await stage.waitForFile("erp/filed/a.json")
                #expect(stage.said(of: "erp").last == "available")
                #expect(phases() == [.begins, .ends])
                try spoil("filed")
                try await stage.reload(service)
                try await eventually("it is told again") { phases() == [.begins, .ends, .begins] }
            }
        }
    }
}

extension Stage {
    /// The attachments that are early for their accounts, and their inboxes.
    fileprivate var waiting: [DropID: String] {
        Dictionary(
            allEvents.compactMap { if case .waitsForAccount(let inbox, let drop) = $0 { (drop, inbox) } else { nil } },
            uniquingKeysWith: { first, _ in first })
    }
}
