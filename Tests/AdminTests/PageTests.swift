import Foundation
import Model
import Sandbox
import Service
import TestSupport
import Testing

@testable import Admin

struct PageTests {
    @Test func theOverviewSaysHowThingsAre() async throws {
        try await AdminStage.run { stage in
            try await stage.drop(AdminStage.account("A-1"), as: "good.json")
            try await stage.drop(AdminStage.account("A-2", amount: "-5"), as: "bad.json")
            let page = try await stage.get("/")
            #expect(page.status == 200)
            #expect(page.header("Content-Type") == "text/html; charset=utf-8")
            #expect(page.has("All is well"))
            #expect(page.has("good.json") && page.has("bad.json"))
            // The token request, and one for the good document.
            #expect(page.has("2 requests in the last hour, at most"))
            #expect(page.has("limit 1000"))
            #expect(page.has("<title id=\"chart-title\">Requests by minute"))
            #expect(page.has(#"<a href="/failed?inbox=erp">1</a>"#))
            #expect(!page.has("<button type=\"submit\">Pause"))
        }
    }

    @Test func theOverviewSaysWhatIsWrong() async throws {
        try await AdminStage.run { stage in
            try await stage.service.pause("erp")
            try await eventually("the pause is known") { stage.service.monitor.current.pauses == ["erp"] }
            try await eventually("the overview says so") {
                let page = try await stage.get("/")
                return page.has("Needs attention") && page.has("paused by an admin: erp") && page.has(">paused<")
            }
        }
    }

    @Test func aDropThatWasRemovedIsSaidToBe() async throws {
        try await AdminStage.run(more: "retention: {failed: 1s}") { stage in
            try await stage.drop("bad.json", "A-1", amount: "-5")
            try await eventually("it is removed") {
                try await stage.get("/drops").has("</code> removed on 20")
            }
            let id = try await stage.id(of: "bad.json")
            let page = try await stage.get("/drops/\(id)")
            #expect(page.has("<dt>Removed</dt>") && page.has("for its retention was over"))
            #expect(!page.has("<dt>Lies at</dt>") && !page.has("Retry"))
            #expect(page.has("Its file does not lie in the failed folder any more."))
            #expect(try await stage.get("/failed").has("No failed drop lies in a folder."))
        }
    }

    @Test func aLedgerThatCannotBeReadIsSaidInWordsAndItsErrorIsNot() async throws {
        try await AdminStage.run { stage in
            let ledger = stage.folder.url.appendingPathComponent("state/ledger.sqlite").path
            @Sendable func rename(_ table: String, to other: String) async throws -> Bool {
                let program = """
                    import sqlite3, sys
                    sqlite3.connect(sys.argv[1]).execute("ALTER TABLE %s RENAME TO %s" % tuple(sys.argv[2:]))
                    """
                return try await AdminStage.python("python3", ["-c", program, ledger, table, other]).isSuccess
            }
            #expect(try await rename("drops", to: "nowhere"))
            for path in ["/", "/drops", "/failed"] {
                let page = try await stage.get(path)
                #expect(page.status == 500 && page.header("Content-Type") == "text/html; charset=utf-8")
                #expect(page.has("500 Internal Server Error") && page.has("the log has more") && page.has("<nav"))
                #expect(!page.has("no such table") && !page.has("SELECT"))
            }
            let answer = try await stage.get("/api/v1/drops")
            #expect(answer.status == 500 && answer.has("The ledger cannot be read now"))
            #expect(!answer.has("no such table") && !answer.has("SELECT"))
            #expect(try await rename("nowhere", to: "drops"))
            try await eventually("it is back") { try await stage.get("/drops").status == 200 }
        }
    }

    @Test func theFailedPageReadsLikeACompiler() async throws {
        try await AdminStage.run { stage in
            let text = """
                {"accounts": [
                  {"clientReferenceId": "INV-1", "invoiceNumber": "1",
                   "outstandingAmount": -5}
                ]}
                """
            try await stage.drop(text, as: "bad.json")
            let page = try await stage.get("/failed")
            #expect(page.has("schema.json"))
            #expect(page.has("line 3, column 25"))
            #expect(page.has("/accounts/0/outstandingAmount"))
            #expect(page.has("record <bdi>INV-1</bdi>"))
            #expect(
                page.has(#"<span class="no">3</span><bdi>   &quot;outstandingAmount&quot;: <mark>-</mark>5}</bdi>"#))
            #expect(page.has(#"<span class="no">2</span>"#))
            #expect(page.has("What to do:"))
            #expect(page.has(Code.schemaJSON.action))
        }
    }

    @Test func valuesOfSensitiveFieldsAreNotShown() async throws {
        try await AdminStage.run { stage in
            let fields = try #require(
                await stage.service.administration().sensitiveFields(of: "erp").names.sorted().first)
            let text = """
                {"thirdPartyClaims": [
                  {"claimNumber": "C-1", "\(fields)": "SECRET-VALUE-1", "status": 5,
                   "\(fields)X": "SHOWN"}
                ]}
                """
            try await stage.drop(text, as: "claims.json")
            let page = try await stage.get("/failed")
            #expect(page.has("claims.json") && page.has("•••") && page.has("SHOWN"))
            #expect(!page.has("SECRET-VALUE"))
            let link = try #require(try page.first(#"href="(/drops/[0-9A-Z]+)""#))
            let story = try await stage.get(link)
            #expect(story.has("•••") && !story.has("SECRET-VALUE"))
        }
    }

    @Test func aFileThatChangedSinceShowsNoLines() async throws {
        try await AdminStage.run { stage in
            try await stage.drop(AdminStage.account("A", amount: "-5"), as: "bad.json")
            try stage.path("erp", "failed").write(AdminStage.account("B", amount: "-6"), as: "bad.json")
            let page = try await stage.get("/failed")
            #expect(page.has("line 1, column") && !page.has("class=\"excerpt\""))
        }
    }

    @Test func theFailedPageIsFilteredByInboxAndCode() async throws {
        try await AdminStage.run(inboxes: ["erp", "acme"]) { stage in
            try await stage.drop(AdminStage.account("A", amount: "-5"), as: "schema.json", in: "erp")
            try await stage.drop("{]", as: "syntax.json", in: "erp")
            try await stage.drop("{]", as: "other.json", in: "acme")
            let all = try await stage.get("/failed")
            #expect(all.count(of: "<article") == 3)
            let erp = try await stage.get("/failed?inbox=erp&code=")
            #expect(erp.count(of: "<article") == 2 && !erp.has("other.json"))
            let code = try await stage.get("/failed?inbox=erp&code=parse.json")
            #expect(code.count(of: "<article") == 1 && code.has("syntax.json"))
            #expect(code.has(#"<option value="erp" selected>"#))
            #expect(code.has(#"<option value="parse.json" selected>"#))
            let none = try await stage.get("/failed?inbox=nobody")
            #expect(none.has("No failed drop fits the filter."))
        }
    }

    @Test func manyFailedDropsComeInPages() async throws {
        try await AdminStage.run { stage in
            for number in 0..<FailedPage.size + 5 { try stage.put("{]", as: FileName("bad-\(number).json")) }
            try await eventually("all are filed") {
                try stage.failed().count { !$0.hasSuffix(".result.json") } == FailedPage.size + 5
            }
            try await eventually("and known to be") {
                try await stage.get("/failed").count(of: "<article") == FailedPage.size
            }
            let first = try await stage.get("/failed")
            let older = try #require(try first.first(#"href="([^"]*)" rel="next""#)).replacing("&amp;", with: "&")
            let second = try await stage.get(older)
            #expect(second.count(of: "<article") == 5)
            #expect(!second.has("rel=\"next\""))
            #expect(second.has(">Newest</a>"))
            let names = try Regex(#"<bdi>(bad-\d+\.json)"#)
            let seen = (first.body + second.body).matches(of: names).map { String($0[1].substring ?? "") }
            #expect(Set(seen).count == FailedPage.size + 5)
        }
    }

    @Test func aDropThatWasPutBackLeavesTheFailedPage() async throws {
        try await AdminStage.run { stage in
            try await stage.drop("{]", as: "bad.json")
            #expect(try await stage.get("/failed").count(of: "<article") == 1)
            try FileManager.default.removeItem(at: stage.path("erp", "failed").appendingPathComponent("bad.json"))
            #expect(try await stage.get("/failed").count(of: "<article") == 0)
            // One of that name later is another drop.
            try await stage.drop("{]]", as: "bad.json")
            #expect(try await stage.get("/failed").count(of: "<article") == 1)
            let drops = try await stage.get("/drops")
            #expect(drops.count(of: "<code>parse.json</code>") == 2)
        }
    }

    @Test func dropsAreFoundByNameReferenceAndClientReference() async throws {
        try await AdminStage.run(inboxes: ["erp", "acme"]) { stage in
            try await stage.drop(AdminStage.account("INV-77"), as: "first.json", in: "erp")
            try await stage.drop(AdminStage.account("INV-78", amount: "-5"), as: "second.json", in: "acme")
            func found(_ query: String) async throws -> Set<String> {
                let page = try await stage.get("/drops?\(query)")
                #expect(page.status == 200)
                return Set(["first.json", "second.json"].filter { page.has("<bdi>\($0)</bdi>") })
            }
            #expect(try await found("q=first") == ["first.json"])
            #expect(try await found("q=INV-77") == ["first.json"])
            #expect(try await found("q=INV-78") == ["second.json"])
            #expect(try await found("q=INV-7") == ["second.json"])
            let reference = try #require(stage.sandbox.accepted.first?.reference)
            #expect(try await found("q=\(reference)") == ["first.json"])
            #expect(try await found("outcome=failed") == ["second.json"])
            #expect(try await found("outcome=accepted&inbox=erp") == ["first.json"])
            #expect(try await found("outcome=accepted&inbox=acme") == [])
            #expect(try await found("q=nothing%25") == [])
            #expect(try await found("") == ["first.json", "second.json"])
        }
    }

    @Test func aDropsStoryIsTold() async throws {
        try await AdminStage.run { stage in
            try await stage.drop(AdminStage.account("INV-9"), as: "good.json")
            let link = try #require(try await stage.get("/drops").first(#"href="(/drops/[0-9A-Z]+)""#))
            let page = try await stage.get(link)
            #expect(page.has("good.json") && page.has("accepted") && page.has("account-"))
            #expect(page.has("<th scope=\"row\" class=\"number\">1</th>") && page.has("<td>202</td>"))
            #expect(page.has("erp/done/good.json"))
            #expect(page.has("\(link)/result"))
            #expect(!page.has("Retry"))
        }
    }

    @Test func aWaitingDropSaysWhatItWaitsFor() async throws {
        try await AdminStage.run { stage in
            // Its account was not accepted so far.
            try stage.put("%PDF-1.7 %%EOF", as: FileName("INV-9.pdf"))
            try await eventually("it is on its way") { try await stage.get("/drops?outcome=pending").has("INV-9.pdf") }
            let link = try #require(try await stage.get("/drops").first(#"href="(/drops/[0-9A-Z]+)""#))
            try await stage.service.pause("erp")
            try await eventually("the pause is told") {
                try await stage.get(link).has("Its inbox is paused by an admin, until sluice resume erp.")
            }
            #expect(try await stage.get(link).has("It is on its way"))
        }
    }
}
