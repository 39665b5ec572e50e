import Foundation
import Inbox
import Model
import Sandbox
import Service
import TestSupport
import Testing

/// Inboxes that a glob finds while the service runs.
@Suite(.timeLimit(.minutes(5))) struct GlobInboxTests {
    /// `rescan` is long: what comes in time comes by the kernel's word.
    private static let glob = #"name: "{1}", path: "sftp/*/inbox", settle: 0s, rescan: 10m"#

    @Test func aPartnersFolderThatIsMadeIsTakenUpWithinASecond() async throws {
        try await Stage.prepare(inboxes: Self.glob) { stage in
            _ = try stage.folder.subfolder("sftp/acme/inbox")
            try await stage.serving { service in
                try stage.drop(Stage.account("INV-1"), at: "sftp/acme/inbox/a.json")
                try await stage.waitForFile("sftp/acme/done/a.json")
                for partner in ["globex", "initech"] {
                    // One is made step by step, with a file before anybody can have looked; the other comes whole.
                    let home = partner == "globex" ? "sftp/globex" : "made/initech"
                    let inbox = try stage.folder.subfolder("\(home)/inbox")
                    try inbox.write(Stage.account("INV-\(partner)"), as: "waiting.json")
                    if partner == "initech" {
                        try FileManager.default.moveItem(at: stage.url(home), to: stage.url("sftp/initech"))
                    }
                    let made = ContinuousClock.now
                    try await eventually("it is taken") { !stage.exists("sftp/\(partner)/inbox/waiting.json") }
                    // A busy machine may be slow; the next listing would be ten minutes away.
                    #expect(ContinuousClock.now - made < .seconds(20))
                    try await stage.waitForFile("sftp/\(partner)/done/waiting.json")
                    #expect(stage.said(of: partner) == ["found"])
                }
            }
        }
    }

    @Test func aPartnersFolderThatGoesIsSaidAndComesBack() async throws {
        try await Stage.prepare(inboxes: Self.glob) { stage in
            _ = try stage.folder.subfolder("sftp/acme/inbox")
            _ = try stage.folder.subfolder("sftp/globex/inbox")
            try await stage.serving { service in
                for round in 0..<3 {
                    try stage.drop(Stage.account("INV-\(round)"), at: "sftp/acme/inbox/\(round).json")
                    try await stage.waitForFile("sftp/acme/done/\(round).json")
                    try await eventually("nothing is left of it") {
                        try Stage.names(in: stage.url("sftp/acme/.work")).isEmpty
                    }
                    try FileManager.default.removeItem(at: stage.url("sftp/acme"))
                    try await eventually("it is said") {
                        stage.said(of: "acme").filter { $0 == "gone, 0 unfinished" }.count == round + 1
                    }
                    _ = try stage.folder.subfolder("sftp/acme/inbox")
                }
                try stage.drop(Stage.account("INV-G"), at: "sftp/globex/inbox/g.json")
                try await stage.waitForFile("sftp/globex/done/g.json")
                #expect(stage.said(of: "globex").isEmpty, "its neighbour has nothing to do with it")
            }
        }
    }

    @Test func theFolderOfAllPartnersMayComeLate() async throws {
        try await Stage.prepare(inboxes: Self.glob) { stage in
            try await stage.serving { service in
                #expect(stage.said(of: "{1}") == ["unavailable"])
                let inbox = try stage.folder.subfolder("sftp/acme/inbox")
                try inbox.write(Stage.account("INV-1"), as: "a.json")
                try await stage.waitForFile("sftp/acme/done/a.json")
                #expect(stage.said(of: "{1}") == ["unavailable", "available"])
            }
        }
    }

    /// As on a network file system, where another host made it.
    @Test func aFolderThatNoEventTellsOfIsFoundAtTheNextRescan() async throws {
        let glob = Self.glob.replacing("rescan: 10m", with: "rescan: 300ms")
        try await Stage.prepare(inboxes: glob) { stage in
            let link = try stage.folder.subfolder("sftp").appendingPathComponent("acme")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: stage.url("far/acme"))
            _ = try stage.folder.subfolder("far")
            try await stage.serving { service in
                let inbox = try stage.folder.subfolder("far/acme/inbox")
                try inbox.write(Stage.account("INV-1"), as: "a.json")
                try await stage.waitForFile("far/acme/done/a.json")
            }
        }
    }

    @Test func twoFoldersThatGiveOneNameAreAProblemAndLoseNothing() async throws {
        let glob = #"name: "{1}{2}", path: "sftp/*/*/inbox", settle: 0s, rescan: 10m"#
        try await Stage.prepare(inboxes: glob) { stage in
            _ = try stage.folder.subfolder("sftp/ab/c/inbox")
            try await stage.serving { service in
                try stage.drop(Stage.account("INV-1"), at: "sftp/ab/c/inbox/1.json")
                try await stage.waitForFile("sftp/ab/c/done/1.json")
                // It comes later and sorts before: the one at work keeps its name.
                let other = try stage.folder.subfolder("sftp/a/bc/inbox")
                try other.write(Stage.account("INV-2"), as: "2.json")
                try await eventually("it is said") { !stage.said(of: "abc").isEmpty }
                let sftp = stage.url("sftp").path
                #expect(
                    stage.said(of: "abc") == [
                        "\(sftp)/a/bc/inbox gives the name abc, which the inbox at \(sftp)/ab/c/inbox has"
                    ])
                try stage.drop(Stage.account("INV-3"), at: "sftp/ab/c/inbox/3.json")
                try await stage.waitForFile("sftp/ab/c/done/3.json")
                #expect(stage.exists("sftp/a/bc/inbox/2.json"))
                // The one in the way goes: the other is taken up.
                try FileManager.default.removeItem(at: stage.url("sftp/ab"))
                try await stage.waitForFile("sftp/a/bc/done/2.json")
                #expect(stage.said(of: "abc").contains("available"))
            }
            #expect(stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 })
        }
    }

    /// Each of the globs keeps what is its own.
    @Test func aFolderThatCannotBeLookedIntoForAWhileChangesNoInboxsRules() async throws {
        let globs = ["accounts", "claims"].map { name in
            """
            name: "{1}-\(name)", path: "sftp/*/\(name)", done: "sftp/{1}/\(name)-done", failed: "sftp/{1}/\(name)-failed", \
            work: "sftp/{1}/.\(name)-work", set: {brand: "of \(name)"}, settle: 0s, rescan: 300ms
            """
        }
        try await Stage.prepare(inboxes: globs.joined(separator: "\n")) { stage in
            for name in ["accounts", "claims"] { _ = try stage.folder.subfolder("sftp/acme/\(name)") }
            let (files, acme, inboxes) = (
                FileManager.default, stage.url("sftp/acme"), ["acme-accounts", "acme-claims"]
            )
            try await stage.serving { service in
                try stage.drop(Stage.account("INV-1"), at: "sftp/acme/accounts/1.json")
                try await stage.waitForFile("sftp/acme/accounts-done/1.json")
                // Not even root can look into a link that leads to itself.
                try files.moveItem(at: acme, to: stage.url("aside"))
                try files.createSymbolicLink(at: acme, withDestinationURL: acme)
                try await eventually("both begin anew") {
                    inboxes.allSatisfy { stage.said(of: $0).contains { $0.contains("cannot be opened") } }
                }
                try files.removeItem(at: acme)
                try files.moveItem(at: stage.url("aside"), to: acme)
                try stage.drop(Stage.account("INV-2"), at: "sftp/acme/accounts/2.json")
                try await stage.waitForFile("sftp/acme/accounts-done/2.json")
            }
            for record in ["INV-1", "INV-2"].map({ stage.sandbox.books.accounts[$0]?.record }) {
                #expect(record?.contains("of accounts") == true)
            }
            let words = inboxes.flatMap(stage.said)
            #expect(!words.contains { $0.contains("is already a folder of the inbox") }, "\(words)")
        }
    }

    @Test func aPartnersFolderThatIsRenamedIsAnotherInboxAndDoublesNothing() async throws {
        try await Stage.prepare(inboxes: Self.glob) { stage in
            _ = try stage.folder.subfolder("sftp/acme/inbox")
            try await stage.serving { service in
                stage.sandbox.script([.delay(.milliseconds(500))])
                try stage.drop(Stage.account("INV-1"), at: "sftp/acme/inbox/1.json")
                try await eventually("it is taken") { !stage.exists("sftp/acme/inbox/1.json") }
                try FileManager.default.moveItem(at: stage.url("sftp/acme"), to: stage.url("sftp/acme2"))
                try stage.drop(Stage.account("INV-2"), at: "sftp/acme2/inbox/2.json")
                for number in 1...2 { try await stage.waitForFile("sftp/acme2/done/\(number).json") }
                #expect(try Stage.names(in: stage.url("sftp/acme2/.work")).isEmpty)
            }
            #expect(stage.sandbox.accepted.count == 2)
            #expect(stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 })
        }
    }

    @Test func twoPartnersMayUseTheSameNamesForTheirFiles() async throws {
        try await Stage.prepare(inboxes: Self.glob) { stage in
            for partner in ["acme", "globex"] {
                let inbox = try stage.folder.subfolder("sftp/\(partner)/inbox")
                try inbox.write(Stage.account("INV-\(partner)"), as: "orders.json")
            }
            try await stage.serving { service in
                for partner in ["acme", "globex"] {
                    try await stage.waitForFile("sftp/\(partner)/done/orders.json")
                    let filed = try stage.url("sftp/\(partner)/done").text(of: "orders.json")
                    #expect(filed == Stage.account("INV-\(partner)"))
                }
            }
            #expect(stage.sandbox.accepted.count == 2)
        }
    }

    /// Watches and looks stay in proportion.
    @Test func hundredsOfPartnersAreOneServicesWork() async throws {
        try await Stage.prepare(inboxes: Self.glob) { stage in
            for number in 0..<300 { _ = try stage.folder.subfolder("sftp/partner-\(number)/inbox") }
            try await stage.serving { service in
                for number in [0, 149, 299] {
                    try stage.drop(Stage.account("INV-\(number)"), at: "sftp/partner-\(number)/inbox/a.json")
                    try await stage.waitForFile("sftp/partner-\(number)/done/a.json")
                }
                let inbox = try stage.folder.subfolder("sftp/newcomer/inbox")
                try inbox.write(Stage.account("INV-N"), as: "n.json")
                try await stage.waitForFile("sftp/newcomer/done/n.json")
            }
        }
    }
}
