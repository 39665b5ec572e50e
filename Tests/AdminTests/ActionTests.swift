import Foundation
import Ledger
import Model
import Sandbox
import Service
import TestSupport
import Testing

@testable import Admin

struct ActionTests {
    @Test func aFailedDropIsTriedAgainByAForm() async throws {
        try await AdminStage.run { stage in
            try await stage.drop(AdminStage.account("A", amount: "-5"), as: "bad.json")
            let admin = try await stage.logIn()
            let page = try await stage.get("/failed", cookie: admin.cookie)
            let path = try #require(try page.first(#"action="(/drops/[^"]+/retry)""#))
            let answer = try await stage.act(admin, path, "&back=/failed")
            #expect(answer.status == 303 && answer.location == "/failed")
            let next = try await stage.get("/failed", cookie: admin.cookie)
            #expect(next.has("bad.json is back in its inbox."))
            #expect(try await !stage.get("/failed", cookie: admin.cookie).has("is back in its inbox."))
            // It fails once more, as another drop.
            try await eventually("it failed again") {
                let drops = try await stage.get("/drops")
                return drops.count(of: "<code>schema.json</code>") == 2
            }
            // The first one is no more where it was.
            let again = try await stage.act(admin, path, "&back=/failed")
            #expect(again.status == 303)
        }
    }

    @Test func anAcceptedDropIsSentAsNewByAForm() async throws {
        try await AdminStage.run { stage in
            try await stage.drop(#"{"payments": [{"clientReferenceId": "INV-1", "amount": 5}]}"#, as: "p.json")
            let story = "/drops/\(try await stage.id(of: "p.json"))"
            #expect(try await !stage.get(story).has("Send as new"))
            let admin = try await stage.logIn()
            let page = try await stage.get(story, cookie: admin.cookie)
            #expect(page.has("Send as new") && page.has(#"name="sendTwice""#) && page.has("its copy goes"))
            _ = try await stage.act(admin, "\(story)/retry", "&asNew=1&back=/failed")
            #expect(
                try await stage.get("/failed", cookie: admin.cookie).has("Not done: its payments were accepted"))
            _ = try await stage.act(admin, "\(story)/retry", "&asNew=1&sendTwice=1")
            try await eventually("they are counted twice") { stage.sandbox.books.payments.map(\.count) == [2] }
        }
    }

    @Test func allThatMayGoThroughAreTriedAgain() async throws {
        try await AdminStage.run { stage in
            try await stage.drop("{]", as: "bad.json")
            let admin = try await stage.logIn()
            _ = try await stage.act(admin, "/failed/retry", "&back=/failed")
            #expect(
                try await stage.get("/failed", cookie: admin.cookie).has("No failed drop would go through unchanged."))
        }
    }

    @Test func aFolderThatIsAwayKeepsNoOtherInboxFromBeingTriedAgain() async throws {
        try await AdminStage.run(inboxes: ["acme", "erp"]) { stage in
            stage.sandbox.script([.status(404), .status(404)])
            for inbox in ["acme", "erp"] {
                try await stage.drop(AdminStage.account(inbox), as: "\(inbox).json", in: inbox)
            }
            let story = "/drops/\(try await stage.id(of: "acme.json"))"
            let away = stage.path("acme", "away")
            try FileManager.default.moveItem(at: stage.path("acme", "failed"), to: away)
            let admin = try await stage.logIn()
            _ = try await stage.act(admin, "/failed/retry", "&back=/failed")
            let page = try await stage.get("/failed", cookie: admin.cookie)
            #expect(page.has("1 drop is back in the inbox. 1 could not be put back: open ") && page.has("acme/failed"))
            try await eventually("the other is accepted") { stage.sandbox.accepted.count == 1 }
            #expect(try await stage.act(admin, "\(story)/retry", "&back=/failed").status == 303)
            #expect(try await stage.get("/failed", cookie: admin.cookie).has("Not done: open "))
        }
    }

    /// From a page, and by the JSON API.
    @Test func eachActionStandsInTheLog() async throws {
        try await AdminStage.run(inboxes: ["erp", "acme"]) { stage in
            func actions() -> [String] { stage.log.all.filter { $0.hasPrefix("admin action") } }
            let admin = try await stage.logIn()
            _ = try await stage.act(admin, "/pause?inbox=acme")
            #expect(try await stage.post("/api/v1/pause").status == 200)
            #expect(try await stage.post("/api/v1/resume", #"{"inbox": "acme"}"#).status == 200)
            #expect(try await stage.post("/api/v1/resume", #"{"inbox": "nobody"}"#).status == 404)
            #expect(try await stage.post("/api/v1/resume").status == 200)
            try await stage.drop("bad.json", "A", amount: "-5")
            let id = try await stage.id(of: "bad.json")
            #expect(try await stage.post("/api/v1/drops/\(id)/retry", #"{"stale": true}"#).status == 200)
            #expect(
                actions() == [
                    "admin action action=pause subject=acme", "admin action action=pause subject=all",
                    "admin action action=resume subject=acme", "admin action action=resume subject=all",
                    "admin action action=retry --stale subject=\(id)",
                ])
        }
    }

    @Test func inboxesArePausedAndGoOn() async throws {
        try await AdminStage.run(inboxes: ["erp", "acme"]) { stage in
            let admin = try await stage.logIn()
            func pauses() -> Set<String> { stage.service.monitor.current.pauses }
            #expect(try await stage.act(admin, "/pause?inbox=acme", "&back=/").status == 303)
            try await eventually("one is paused") { pauses() == ["acme"] }
            let page = try await stage.get("/", cookie: admin.cookie)
            #expect(page.has("acme is paused.") && page.has(#"action="/resume?inbox=acme""#))
            _ = try await stage.act(admin, "/resume?inbox=acme")
            try await eventually("it goes on") { pauses().isEmpty }
            _ = try await stage.act(admin, "/pause")
            try await eventually("all are paused") { pauses() == [""] }
            _ = try await stage.act(admin, "/resume")
            try await eventually("all go on") { pauses().isEmpty }
            _ = try await stage.act(admin, "/pause?inbox=nobody")
            #expect(try await stage.get("/", cookie: admin.cookie).has("Not done: there is no inbox nobody."))
        }
    }

    static let actions = ["/failed/retry", "/drops/01J/retry", "/pause", "/resume", "/logout"]

    @Test(arguments: actions)
    func withoutATokenThereAreNoActions(path: String) async throws {
        try await AdminStage.run(token: nil) { stage in
            let answer = try await stage.send("POST", path, body: "csrf=")
            #expect(answer.status == 403)
            #expect(answer.has("no admin.token is configured") && answer.has("Nothing was done"))
            for page in ["/", "/failed"] {
                let page = try await stage.get(page)
                #expect(!page.has("method=\"post\"") && !page.has("Log in"))
            }
            #expect(try await stage.send("POST", "/login", body: "token=").status == 403)
            #expect(try await stage.get("/login").status == 404)
        }
    }

    @Test func whoIsNotLoggedInDoesNothing() async throws {
        try await AdminStage.run { stage in
            let admin = try await stage.logIn()
            let other = try await stage.logIn()
            let attempts: [(KeyValuePairs<String, String>, String)] = [
                ([:], "csrf=\(admin.csrf)"),
                (["Cookie": "sluice_session=0123"], "csrf=\(admin.csrf)"),
                (["Cookie": admin.cookie], ""),
                (["Cookie": admin.cookie], "csrf="),
                (["Cookie": admin.cookie], "csrf=\(other.csrf)"),
                (["Cookie": admin.cookie], "csrf=\(admin.csrf)0"),
                (["Cookie": admin.cookie, "Sec-Fetch-Site": "cross-site"], "csrf=\(admin.csrf)"),
                (["Cookie": admin.cookie, "Sec-Fetch-Site": "same-site"], "csrf=\(admin.csrf)"),
                (["Cookie": admin.cookie, "Origin": "https://evil.example"], "csrf=\(admin.csrf)"),
                (["Cookie": admin.cookie, "Origin": "null"], "csrf=\(admin.csrf)"),
            ]
            for (headers, body) in attempts {
                let answer = try await stage.send("POST", "/pause", headers: headers, body: body)
                #expect(answer.status == 403, "\(headers) \(body)")
                #expect(answer.has("Nothing was done."))
            }
            #expect(try await stage.service.administration().ledger.pauses().isEmpty)
            #expect(
                try await stage.send(
                    "POST", "/pause", headers: ["Cookie": admin.cookie, "Content-Type": "application/json"], body: "{}"
                ).status == 415)
            #expect(
                try await stage.send(
                    "POST", "/pause", headers: ["Cookie": admin.cookie], body: String(repeating: "a", count: 70_000)
                ).status == 413)
            let sameOrigin: KeyValuePairs = ["Cookie": admin.cookie, "Origin": "http://\(stage.host)"]
            #expect(
                try await stage.send("POST", "/pause", headers: sameOrigin, body: "csrf=\(admin.csrf)").status == 303)
            #expect(try await stage.service.administration().ledger.pauses() == [""])
        }
    }

    @Test func aSessionIsACookieThatOnlyThisSiteSees() async throws {
        try await AdminStage.run { stage in
            let body = "token=\(AdminStage.token)&next=/drops"
            let answer = try await stage.send("POST", "/login", body: body)
            #expect(answer.status == 303 && answer.location == "/drops")
            let cookie = try #require(answer.header("Set-Cookie"))
            #expect(
                cookie.wholeMatch(
                    of: /sluice_session=[0-9a-f]{64}; Path=\/; Max-Age=28800; HttpOnly; SameSite=Strict/) != nil)
            let secure = try await stage.send(
                "POST", "/login", headers: ["X-Forwarded-Proto": "https"], body: body)
            #expect(secure.header("Set-Cookie")?.hasSuffix("; Secure") == true)
        }
    }

    @Test(arguments: ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nX: y", "%", ""])
    func aLoginLeadsNowhereElse(next: String) async throws {
        try await AdminStage.run { stage in
            let answer = try await stage.send(
                "POST", "/login", body: "token=\(AdminStage.token)&next=\(next.percentEncoded)")
            #expect(answer.status == 303 && answer.location == "/")
        }
    }

    @Test func loggingOutEndsTheSession() async throws {
        try await AdminStage.run { stage in
            let admin = try await stage.logIn()
            let answer = try await stage.act(admin, "/logout")
            #expect(answer.status == 303)
            #expect(answer.header("Set-Cookie")?.contains("Max-Age=0") == true)
            #expect(try await stage.act(admin, "/pause").status == 403)
        }
    }

    @Test func wrongTokensAreThrottled() async throws {
        try await AdminStage.run { stage in
            for _ in 0..<LoginThrottle.most {
                let answer = try await stage.send("POST", "/login", body: "token=wrong")
                #expect(answer.status == 403 && answer.has("That is not the token."))
                #expect(answer.header("Set-Cookie") == nil)
            }
            let answer = try await stage.send("POST", "/login", body: "token=\(AdminStage.token)")
            #expect(answer.status == 429)
            #expect(answer.header("Retry-After").flatMap(Int.init).map { 1...60 ~= $0 } == true)
        }
    }
}

struct SessionsTests {
    private let start = Moment(sinceBoot: .seconds(100))

    @Test func aSessionEnds() throws {
        var sessions = Sessions()
        var chance = SeededGenerator(seed: 1)
        let one = sessions.begin(at: start, using: &chance)
        #expect(sessions.session(one, at: start + (Sessions.lifetime - .seconds(1))) != nil)
        #expect(sessions.session(one, at: start + Sessions.lifetime) == nil)
        #expect(sessions.session("", at: start) == nil)
    }

    @Test func thereAreNotTooMany() {
        var sessions = Sessions()
        var chance = SeededGenerator(seed: 1)
        let all = (0..<Sessions.most + 3).map { sessions.begin(at: start + .seconds($0), using: &chance) }
        #expect(sessions.count == Sessions.most)
        let now = start + .seconds(100)
        #expect(all.map { sessions.session($0, at: now) != nil } == all.indices.map { $0 >= 3 })
        #expect(Set(all).count == all.count)
    }

    @Test func aMessageIsToldOnce() {
        var sessions = Sessions()
        var chance = SeededGenerator(seed: 1)
        let one = sessions.begin(at: start, using: &chance)
        sessions.leave("done", for: one)
        #expect(sessions.takeMessage(for: one) == "done")
        #expect(sessions.takeMessage(for: one) == nil)
    }

    @Test func theThrottleLetsGoAfterAMinute() {
        var throttle = LoginThrottle()
        for second in 0..<LoginThrottle.most { throttle.fail(at: start + .seconds(second)) }
        #expect(throttle.wait(at: start + .seconds(20)) == .seconds(40))
        #expect(throttle.wait(at: start + .seconds(60)) == nil)
    }
}
