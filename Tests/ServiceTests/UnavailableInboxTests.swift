import Foundation
import Inbox
import Ledger
import Model
import Sandbox
import Service
import SluiceConfiguration
import TestSupport
import Testing

/// One inbox that cannot be used does not stop the others, and is taken up again by itself.
@Suite(.timeLimit(.minutes(5))) struct UnavailableInboxTests {
    private static func inbox(_ name: String) -> String {
        "name: \(name), path: \(name)/inbox, settle: 0s, rescan: 200ms"
    }

    private static let two = "\(inbox("erp"))\n\(inbox("bank"))"

    private static func drop(_ number: Int, into inbox: String, _ stage: Stage) async throws {
        try stage.drop(Stage.account("INV-\(number)"), at: "\(inbox)/inbox/\(number).json")
        try await stage.waitForFile("\(inbox)/done/\(number).json")
    }

    @Test func aRemovedInboxIsMissedAndTakenUpWhenItIsBack() async throws {
        try await Stage.prepare(inboxes: Self.two) { stage in
            _ = try stage.folder.subfolder("bank/inbox")
            try await stage.serving { service in
                try await Self.drop(1, into: "bank", stage)
                try FileManager.default.removeItem(at: stage.url("bank/inbox"))
                try await eventually("it is said") { stage.said(of: "bank") == ["unavailable"] }
                try await Self.drop(2, into: "erp", stage)
                _ = try stage.folder.subfolder("bank/inbox")
                try await Self.drop(3, into: "bank", stage)
                #expect(stage.said(of: "bank") == ["unavailable", "available"])
                #expect(stage.said(of: "erp").isEmpty)
            }
        }
    }

    @Test(arguments: ["done", "failed", ".work"])
    func aFolderThatSendersCanWriteToMakesItsInboxUnavailable(name: String) async throws {
        try await Stage.prepare(inboxes: Self.two) { stage in
            _ = try stage.folder.subfolder("bank/inbox")
            let folder = try stage.folder.subfolder("bank/\(name)")
            try FileManager.default.setAttributes([.posixPermissions: 0o775], ofItemAtPath: folder.path)
            try await stage.serving { service in
                try await eventually("it is said") { stage.said(of: "bank").count == 1 }
                let right = name == ".work" ? "700" : "755"
                let said = try #require(stage.said(of: "bank").first)
                #expect(said.contains("\(folder.path) has mode 775"))
                #expect(said.contains("(chmod \(right) \(folder.path))"))
                try stage.drop(Stage.account("INV-1"), at: "bank/inbox/1.json")
                try await Self.drop(2, into: "erp", stage)
                #expect(stage.exists("bank/inbox/1.json"))
                let mode = try #require(Int(right, radix: 8))
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path)
                try await stage.waitForFile("bank/done/1.json")
                #expect(stage.said(of: "bank").last == "available")
            }
        }
    }

    /// Each drop would be accepted, and none could be filed.
    @Test(arguments: ["done", "failed", ".work"])
    func aFolderThatIsALinkMakesItsInboxUnavailableBeforeAnythingIsTaken(name: String) async throws {
        try await Stage.prepare(inboxes: Self.two) { stage in
            _ = try stage.folder.subfolder("bank/inbox")
            let (files, link) = (FileManager.default, stage.url("bank/\(name)"))
            let target = try stage.folder.subfolder("bank/elsewhere")
            try files.setAttributes([.posixPermissions: 0o700], ofItemAtPath: target.path)
            try files.createSymbolicLink(at: link, withDestinationURL: target)
            try await stage.serving { service in
                try await eventually("it is said") { stage.said(of: "bank").count == 1 }
                #expect(stage.said(of: "bank").first?.contains("\(link.path) is a symbolic link") == true)
                try stage.drop(Stage.account("INV-1"), at: "bank/inbox/1.json")
                try await Self.drop(2, into: "erp", stage)
                #expect(stage.exists("bank/inbox/1.json"))
                #expect(stage.sandbox.accepted.count == 1)
                try files.removeItem(at: link)
                try files.moveItem(at: target, to: link)
                try await stage.waitForFile("bank/done/1.json")
                #expect(stage.said(of: "bank").last == "available")
            }
        }
    }

    @Test func aFailedDropThatCannotBePutBackKeepsNoOtherInFailed() async throws {
        try await Stage.prepare(inboxes: Self.two, top: "breaker: {failures: 1000}") { stage in
            _ = try stage.folder.subfolder("erp/inbox")
            _ = try stage.folder.subfolder("bank/inbox")
            try await stage.serving { service in
                for inbox in ["erp", "bank"] {
                    stage.sandbox.script([.status(500), .status(500), .status(500)])
                    try stage.drop(Stage.account("\(inbox)-1"), at: "\(inbox)/inbox/1.json")
                    try await stage.waitForFile("\(inbox)/failed/1.json.result.json")
                }
                try await stage.waitForFiled(2)
                // No folder, and no place for one.
                try FileManager.default.removeItem(at: stage.url("erp/.work"))
                try Data().write(to: stage.url("erp/.work"))
                try await Self.drop(2, into: "bank", stage)
                try await stage.waitForFile("bank/done/1.json")
                // Nor does it keep its inbox from being removed, and it is not forgotten then.
                try stage.write(inboxes: Self.inbox("bank"), top: "breaker: {failures: 1000}")
                try await stage.reload(service)
                try FileManager.default.removeItem(at: stage.url("erp/.work"))
                try stage.write(inboxes: Self.two, top: "breaker: {failures: 1000}")
                try await stage.reload(service)
                try await Self.drop(3, into: "erp", stage)
                try await Self.drop(4, into: "bank", stage)
                try await stage.waitForFile("erp/done/1.json")
                #expect(stage.filed.filter { $0.outcome == .failed }.count == 2)
            }
        }
    }

    /// An answer is written down with what follows from it; where that has to wait, it is written down by itself.
    @Test func anAnswerDoesNotWaitForTheFolder() async throws {
        try await Stage.withFaults { stage in
            stage.sandbox.script([.delay(.seconds(2))], for: .kind(.account))
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "1.json")
                try await eventually("it is on its way") { stage.sandbox.requests.contains { $0.method == "PUT" } }
                // No folder, and no place for one.
                try Data().write(to: stage.done)
                let ledger = try Ledger(state: stage.state, boot: "test", time: stage.time)
                try await eventually("its answer is written down") {
                    guard case .waiting(let drop)? = try await ledger.unfinished(inbox: "erp").first else {
                        return false
                    }
                    return try await ledger.batches(of: drop.id).map(\.state) == [.accepted]
                }
                try FileManager.default.removeItem(at: stage.done)
                try await stage.waitForFiled(1)
            }
            #expect(try await stage.result(of: "1.json").outcome == "accepted")
            #expect(stage.sandbox.books.accounts["INV-1"]?.times == 1)
            #expect(stage.sandbox.requests.count { $0.method == "PUT" } == 1)
        }
    }

    @Test func aFolderThatBecomesWritableIsFoundWithoutAReload() async throws {
        try await Stage.prepare(inboxes: Self.two) { stage in
            _ = try stage.folder.subfolder("bank/inbox")
            try await stage.serving { service in
                try await Self.drop(1, into: "bank", stage)
                let done = stage.url("bank/done").path
                try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: done)
                try await eventually("it is said") { stage.said(of: "bank").count == 1 }
                try await Self.drop(2, into: "erp", stage)
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: done)
                try await Self.drop(3, into: "bank", stage)
                #expect(stage.said(of: "bank").last == "available")
                #expect(stage.said(of: "erp").isEmpty)
            }
        }
    }

    // MARK: What is wrong with a choice of inboxes

    private static let partners = #"name: "{1}", path: "sftp/*/inbox", settle: 0s, rescan: 200ms"#

    private static func phases(_ stage: Stage, of inbox: String) -> [AlertChange.Phase] {
        stage.alerts.filter { $0.event == .inboxUnavailable && $0.subject == inbox }.map(\.phase)
    }

    @Test func aFolderThatGivesAnInboxsNameOnceMoreIsNoTroubleWhenItIsGone() async throws {
        try await Stage.prepare(inboxes: "\(Self.inbox("acme"))\n\(Self.partners)") { stage in
            let inbox = try stage.folder.subfolder("acme/inbox")
            _ = try stage.folder.subfolder("sftp")
            try await stage.serving { service in
                try await Self.drop(1, into: "acme", stage)
                _ = try stage.folder.subfolder("sftp/acme/inbox")
                try await eventually("it is said") { stage.said(of: "acme").count == 1 }
                #expect(stage.said(of: "acme").first?.contains("gives the name acme") == true)
                try FileManager.default.removeItem(at: stage.url("sftp/acme"))
                try await eventually("it is over") { Self.phases(stage, of: "acme") == [.begins, .ends] }
                #expect(stage.said(of: "acme").last == "available")
                #expect(service.monitor.current.inboxTroubles.isEmpty)
                try FileManager.default.removeItem(at: inbox)
                try await eventually("its loss is told") {
                    Self.phases(stage, of: "acme") == [.begins, .ends, .begins]
                }
            }
        }
    }

    /// The pipeline of the one that has the name finds all well, which is not what was said.
    @Test func aFolderThatGivesAnInboxsNameOnceMoreIsATroubleFromTheStart() async throws {
        try await Stage.prepare(inboxes: "\(Self.inbox("acme"))\n\(Self.partners)") { stage in
            for name in ["acme", "sftp/acme"] { _ = try stage.folder.subfolder("\(name)/inbox") }
            try await stage.serving { service in
                try await Self.drop(1, into: "acme", stage)
                #expect(Self.phases(stage, of: "acme") == [.begins])
                #expect(service.monitor.current.inboxTroubles.keys.sorted() == ["acme"])
                try FileManager.default.removeItem(at: stage.url("acme/inbox"))
                try await eventually("its loss is said") { stage.said(of: "acme").last == "unavailable" }
                _ = try stage.folder.subfolder("acme/inbox")
                try await Self.drop(2, into: "acme", stage)
                #expect(stage.said(of: "acme").last?.contains("gives the name acme") == true)
                #expect(Self.phases(stage, of: "acme") == [.begins])
            }
        }
    }

    @Test func whatIsWrongWithAGlobIsOverWhenItIsTakenOut() async throws {
        let both = "\(Self.inbox("erp"))\n\(Self.partners)"
        try await Stage.prepare(inboxes: both) { stage in
            try await stage.serving { service in
                #expect(Self.phases(stage, of: "{1}") == [.begins])
                try stage.write(inboxes: Self.inbox("erp"))
                try await stage.reload(service)
                #expect(Self.phases(stage, of: "{1}") == [.begins, .ends])
                #expect(service.monitor.current.inboxTroubles.isEmpty)
                try stage.write(inboxes: both)
                try await stage.reload(service)
                #expect(Self.phases(stage, of: "{1}") == [.begins, .ends, .begins])
            }
        }
    }

    @Test func anInboxThatIsRefusedIsNoTroubleUnderAnotherName() async throws {
        try await Stage.prepare(inboxes: "\(Self.inbox("acme"))\n\(Self.partners)") { stage in
            for name in ["acme", "sftp/acme"] { _ = try stage.folder.subfolder("\(name)/inbox") }
            try await stage.serving { service in
                #expect(Self.phases(stage, of: "acme") == [.begins])
                try stage.write(
                    inboxes: "\(Self.inbox("acme"))\n\(Self.partners.replacing("{1}", with: "sftp-{1}"))")
                try await stage.reload(service)
                #expect(Self.phases(stage, of: "acme") == [.begins, .ends])
                #expect(stage.said(of: "sftp-acme").isEmpty)
                try stage.drop(Stage.account("INV-1"), at: "sftp/acme/inbox/1.json")
                try await stage.waitForFile("sftp/acme/done/1.json")
            }
        }
    }
}
