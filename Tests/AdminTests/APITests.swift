import Foundation
import JSONText
import Model
import Sandbox
import Service
import Testing
import TestSupport

/// The JSON API against a running service.
@Suite struct APITests {
    @Test func statusSaysHowItIs() async throws {
        try await AdminStage.run { stage in
            try await stage.drop("good.json", "INV-1")
            let status = try await stage.get("/api/v1/status").json()
            #expect(status["status"]?.string == "healthy")
            #expect(status["ready"]?.bool == true)
            #expect(status["minutes"]?.count == 60)
            #expect(status["requestsLastMinute"]?.int ?? 0 >= 2)
            #expect(status["token"]?["secondsLeft"]?.int ?? 0 > 80_000)
        }
    }

    @Test func dropsComeInPagesTheNewestFirst() async throws {
        try await AdminStage.run { stage in
            for number in 1...5 { try await stage.drop("\(number).json", "INV-\(number)") }
            try await stage.drop("bad.json", "INV-9", amount: "-5")
            var names: [String] = []
            var path = "/api/v1/drops?limit=2&state=done"
            while true {
                let page = try await stage.get(path).json()
                names += page["drops"]?.elements.compactMap { $0["name"]?.string } ?? []
                guard let next = page["next"]?.int else { break }
                path = "/api/v1/drops?limit=2&state=done&before=\(next)"
            }
            #expect(names == ["5.json", "4.json", "3.json", "2.json", "1.json"])
            let failed = try await stage.get("/api/v1/drops?state=failed").json()
            #expect(failed["drops"]?[0]?["code"]?.string == "schema.json")
            #expect(try await stage.get("/api/v1/drops?q=INV-9").json()["drops"]?.count == 1)
            #expect(try await stage.get("/api/v1/drops?inbox=other").json()["drops"]?.count == 0)
        }
    }

    @Test(arguments: [
        "state=sent", "limit=0", "limit=1001", "limit=+5", "limit=", "before=-1", "before=x", "since=soon", "what=1",
        "limit=1&limit=2",
    ])
    func aWrongParameterIsNamed(query: String) async throws {
        try await AdminStage.run { stage in
            let answer = try await stage.get("/api/v1/drops?\(query)")
            #expect(answer.status == 400)
            #expect(answer.header("Content-Type") == "application/problem+json")
            let key = String(query.prefix { $0 != "=" })
            #expect(try answer.json()["detail"]?.string?.contains(key) == true)
        }
    }

    @Test func oneDropsStoryHasFindingsAndAttempts() async throws {
        try await AdminStage.run { stage in
            try await stage.drop("bad.json", "INV-9", amount: "-5")
            try await stage.drop("good.json", "INV-1")
            let bad = try await stage.get("/api/v1/drops/\(stage.id(of: "bad.json"))").json()
            #expect(bad["errors"]?[0]?["line"]?.int == 1)
            #expect(bad["action"]?.string?.isEmpty == false)
            #expect(bad["liesAt"]?.string?.hasSuffix("erp/failed/bad.json") == true)
            let good = try await stage.get("/api/v1/drops/\(stage.id(of: "good.json"))").json()
            #expect(good["batches"]?[0]?["attempts"]?[0]?["status"]?.int == 202)
            for path in ["/api/v1/drops/nobody", "/api/v1/drops/%00", "/api/v1/drops/..%2F..%2Fetc%2Fpasswd"] {
                #expect(try await stage.get(path).status == 404)
            }
        }
    }

    @Test func whatIsOnItsWaySaysWhatItWaitsFor() async throws {
        try await AdminStage.run(more: #"ready: "{name}.ready""#) { stage in
            try stage.put("%PDF-1.7 %%EOF", as: FileName("INV-9.pdf"))
            let path = "/api/v1/waiting?inbox=erp&name=INV-9.pdf"
            try await eventually("it is seen") { try await stage.get(path).status == 200 }
            #expect(try await stage.get(path).json()["waitsFor"]?["what"]?.string == "ready")
            for wrong in ["inbox=erp", "name=a", "inbox=erp&name=a&x=1", "inbox=erp&inbox=erp&name=a", "inbox=&name=a"]
            {
                #expect(try await stage.get("/api/v1/waiting?\(wrong)").status == 400, "\(wrong)")
            }
            #expect(try await stage.get("/api/v1/waiting?inbox=erp&name=b").status == 404)
            #expect(try await stage.get("/api/v1/waiting?inbox=nobody&name=INV-9.pdf").status == 404)
            try stage.put("", as: FileName("INV-9.pdf.ready"))
            try await eventually("it waits for its account") {
                let id = try await stage.id(of: "INV-9.pdf")
                guard !id.isEmpty else { return false }
                let waitsFor = try await stage.get("/api/v1/drops/\(id)").json()["waitsFor"]
                return waitsFor?["what"]?.string == "account" && waitsFor?["until"]?.string != nil
            }
            #expect(try await stage.get(path).status == 404)
            try stage.put(AdminStage.account("INV-9"), as: FileName("a.json"))
            try stage.put("", as: FileName("a.json.ready"))
            try await eventually("its account is there") {
                let story = try await stage.get("/api/v1/drops/\(stage.id(of: "INV-9.pdf"))").json()
                return story["waitsFor"]?.kind == .null && story["drop"]?["outcome"]?.string == "accepted"
            }
        }
    }

    @Test func aFailedDropIsTriedAgain() async throws {
        try await AdminStage.run { stage in
            try await stage.drop("bad.json", "INV-9", amount: "-5")
            let id = try await stage.id(of: "bad.json")
            let failed = stage.folder.url.appendingPathComponent("erp/failed")
            try String(contentsOf: failed.appendingPathComponent("bad.json"), encoding: .utf8)
                .replacing("-5", with: "5").write(
                    to: failed.appendingPathComponent("bad.json"), atomically: false, encoding: .utf8)
            let answer = try await stage.post("/api/v1/drops/\(id)/retry")
            #expect(answer.status == 200)
            #expect(try answer.json()["name"]?.string == "bad.json")
            try await eventually("it is accepted") {
                stage.service.monitor.current.recent.first?.outcome == .accepted
            }
            let again = try await stage.post("/api/v1/drops/\(stage.id(of: "bad.json"))/retry")
            #expect(again.status == 409)
            #expect(try again.json()["detail"]?.string?.contains("accepted") == true)
            #expect(try await stage.post("/api/v1/drops/nobody/retry").status == 404)
        }
    }

    @Test func acceptedPaymentsAreSentAsNewOnlyWithLeave() async throws {
        try await AdminStage.run { stage in
            try await stage.drop(#"{"payments": [{"clientReferenceId": "INV-1", "amount": 5}]}"#, as: "p.json")
            let path = "/api/v1/drops/\(try await stage.id(of: "p.json"))/retry"
            let refused = try await stage.post(path, #"{"asNew": true}"#)
            #expect(refused.status == 409)
            #expect(try refused.json()["detail"]?.string?.contains("may be counted twice") == true)
            for body in [#"{"asNew": 1}"#, #"{"new": true}"#, "[]", "{"] {
                #expect(try await stage.post(path, body).status == 400, "\(body)")
            }
            #expect(stage.sandbox.books.payments.map(\.count) == [1])
            #expect(try await stage.post(path, #"{"asNew": true, "sendTwice": true}"#).status == 200)
            try await eventually("they are counted twice") { stage.sandbox.books.payments.map(\.count) == [2] }
        }
    }

    @Test func actionsNeedTheToken() async throws {
        try await AdminStage.run { stage in
            try await stage.drop("bad.json", "INV-9", amount: "-5")
            let id = try await stage.id(of: "bad.json")
            for path in ["/api/v1/drops/\(id)/retry", "/api/v1/pause", "/api/v1/resume"] {
                for token in [nil, "", "wrong", AdminStage.token + "x", String(AdminStage.token.dropLast())]
                    as [String?]
                {
                    let answer = try await stage.post(path, token: token)
                    #expect(answer.status == 401, "\(path) \(token ?? "nil")")
                    #expect(answer.header("WWW-Authenticate")?.hasPrefix("Bearer") == true)
                }
                #expect(
                    try await stage.send("POST", path, headers: ["Authorization": "Basic \(AdminStage.token)"]).status
                        == 401)
            }
            #expect(
                FileManager.default.fileExists(
                    atPath: stage.folder.url.appendingPathComponent("erp/failed/bad.json").path))
            #expect(try await stage.get("/api/v1/status").json()["paused"]?["everything"]?.bool == false)
        }
    }

    @Test func withoutATokenThereAreNoActions() async throws {
        try await AdminStage.run(token: nil) { stage in
            let answer = try await stage.post("/api/v1/pause")
            #expect(answer.status == 403)
            #expect(try answer.json()["detail"]?.string?.contains("admin.token") == true)
            #expect(try await stage.get("/api/v1/status").status == 200)
        }
    }

    @Test func anInboxIsPausedAndGoesOn() async throws {
        try await AdminStage.run { stage in
            let paused = try await stage.post("/api/v1/pause", #"{"inbox": "erp"}"#)
            #expect(try paused.json()["paused"]?["inboxes"]?[0]?.string == "erp")
            try await eventually("it is told") {
                try await stage.get("/api/v1/status").json()["status"]?.string == "degraded"
            }
            _ = try await stage.post("/api/v1/resume")
            try await stage.drop("good.json", "INV-1")
            for (body, status) in [
                (#"{"inbox": "nobody"}"#, 404), (#"{"inbox": 5}"#, 400), ("[", 400), (#"{"box": "erp"}"#, 400),
                (String(repeating: " ", count: 20_000), 413),
            ] as [(String, Int)] {
                #expect(try await stage.post("/api/v1/pause", body).status == status, "\(body.prefix(30))")
            }
        }
    }

    @Test func whatIsNotThereIsSaidAsJSON() async throws {
        try await AdminStage.run { stage in
            for (method, path, status) in [
                ("GET", "/api/v1/nothing", 404), ("DELETE", "/api/v1/status", 405), ("GET", "/api/v1/pause", 405),
            ] as [(String, String, Int)] {
                let answer = try await stage.send(method, path)
                #expect(answer.status == status, "\(method) \(path)")
                #expect((answer.header("Allow") != nil) == (status == 405))
                #expect(answer.header("X-Content-Type-Options") == "nosniff")
            }
        }
    }

    /// The description against the server, by a tool that makes requests of it: right ones and wrong ones.
    @Test func theServerIsAsItsDescriptionSays() async throws {
        try await AdminStage.run { stage in
            try await stage.drop("bad.json", "INV-9", amount: "-5")
            try await stage.drop("good.json", "INV-1")
            let description = AdminStage.repository.appendingPathComponent("docs/openapi.yaml").path
            let ended = try await AdminStage.python(
                "schemathesis",
                [
                    "run", description, "--url", "http://\(stage.host)", "--header",
                    "Authorization: Bearer \(AdminStage.token)",
                    "--max-examples", "25", "--seed", "7", "--checks", "all", "--no-color",
                ])
            #expect(ended.isSuccess, "\(ended.output)")
        }
    }
}
