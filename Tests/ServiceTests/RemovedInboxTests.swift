import Foundation
import Model
import Sandbox
import Service
import Testing
import TestSupport

/// What an inbox that is configured no more has left in its `.work`.
@Suite(.timeLimit(.minutes(5))) struct RemovedInboxTests {
    private static let bank = "name: bank, path: bank/inbox, settle: 0s"
    private static let erp = "name: erp, path: erp/inbox, settle: 0s"
    private static let pdf = "%PDF-1.4\n%%EOF\n"

    private static func makeFolders(_ stage: Stage, _ names: String...) throws {
        for name in names {
            try FileManager.default.createDirectory(
                at: stage.folder.url.appendingPathComponent("\(name)/inbox"), withIntermediateDirectories: true)
        }
    }

    private static func leave(in stage: Stage) async throws {
        try stage.drop(pdf, at: "bank/inbox/INV-1.pdf")
        try await eventually("it waits for its account") {
            stage.allEvents.contains { if case .waitsForAccount = $0 { true } else { false } }
        }
    }

    /// The partner has got another folder, and sends what nobody confirmed once more.
    private static func sendAgain(in stage: Stage) async throws {
        try stage.drop(pdf, at: "erp/inbox/INV-1.pdf")
        try stage.drop(Stage.account("INV-1"), at: "erp/inbox/account.json")
        try await stage.waitForFile("erp/done/INV-1.pdf")
    }

    @Test func standsInNobodysWayAfterAReload() async throws {
        try await Stage.prepare(inboxes: "\(Self.bank)\n\(Self.erp)") { stage in
            try Self.makeFolders(stage, "bank", "erp")
            try await stage.serving { service in
                try await Self.leave(in: stage)
                try stage.write(inboxes: Self.erp)
                try await stage.reload(service)
                try await eventually("it is gone") { stage.said(of: "bank") == ["gone, 1 unfinished"] }
                try await Self.sendAgain(in: stage)
                try stage.write(inboxes: "\(Self.bank)\n\(Self.erp)")
                try await stage.reload(service)
                try await stage.waitForFile("bank/done/INV-1.pdf")
            }
            #expect(stage.filed.last?.outcome == .duplicate)
            #expect(stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 })
        }
    }

    @Test func standsInNobodysWayAfterARestart() async throws {
        try await Stage.prepare(inboxes: "\(Self.bank)\n\(Self.erp)") { stage in
            try Self.makeFolders(stage, "bank", "erp")
            try await stage.serving { _ in try await Self.leave(in: stage) }
            try stage.write(inboxes: Self.erp)
            try await stage.serving { _ in
                try await eventually("it is told") { stage.said(of: "bank") == ["gone, 1 unfinished"] }
                try await Self.sendAgain(in: stage)
            }
            try stage.write(inboxes: "\(Self.bank)\n\(Self.erp)")
            try await stage.serving { _ in try await stage.waitForFile("bank/done/INV-1.pdf") }
            #expect(stage.filed.last?.outcome == .duplicate)
            #expect(stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 })
        }
    }
}
