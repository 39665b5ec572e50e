import AsyncHTTPClient
import Foundation
import Model
import Service
import SluiceConfiguration
import TestSupport
import Testing

@testable import Admin

/// What strangers can do to the pages: nothing.
struct SafetyTests {
    static let names: [FileName] = [
        FileName("\"><script>alert(1)</script>.json".replacing("/", with: "\\")),
        FileName("\"\u{301} onfocus=alert(1) autofocus x=\".json"), FileName("line\nfeed\r.json"),
        FileName("\u{202E}gpj.exe\u{2066}.json"), FileName("{{frame.formToken}}{{{.}}}.json"),
        FileName(String(repeating: "n", count: 250) + ".json"),
        FileName(bytes: [0xFF, 0xFE, 0x22, 0x3C] + Array(".json".utf8)), FileName("x..%2f%00?a=b&c#d.json"),
        FileName("'`;--.json"),
    ]

    /// A name as a person reads it.
    static func shown(_ name: FileName) -> String {
        name.description.replacing("\u{200F}", with: "\\u{200F}")
    }

    @Test(arguments: names)
    func hostileNamesAreShownHarmlessly(name: FileName) async throws {
        try await AdminStage.run { stage in
            try await stage.drop("{]", as: name)
            let admin = try await stage.logIn()
            for path in ["/", "/failed", "/drops", "/drops?q=json"] {
                try check(try await stage.get(path, cookie: admin.cookie), name)
            }
            let failed = try await stage.get("/failed", cookie: admin.cookie)
            let story = try #require(try failed.first(#"<h2 [^>]*><a href="(/drops/[0-9A-Z]+)""#))
            try check(try await stage.get(story, cookie: admin.cookie), name)
            let file = try await stage.get("\(story)/file", cookie: admin.cookie)
            #expect(file.status == 200 && file.body == "{]")
            let disposition = try #require(file.header("Content-Disposition"))
            #expect(
                disposition.wholeMatch(
                    of: /attachment; filename="[A-Za-z0-9._-]+"; filename\*=UTF-8''[A-Za-z0-9._~%-]+/) != nil)
            let path = try #require(try failed.first(#"action="(/drops/[^"]+/retry)""#))
            #expect(try await stage.act(admin, path).status == 303)
            try check(try await stage.get("/failed", cookie: admin.cookie), name)
        }
    }

    /// The name stands in the page as text, and the page has no more elements or attributes than ours.
    private func check(_ page: AdminStage.Page, _ name: FileName) throws {
        #expect(page.status == 200)
        #expect(page.count(of: "<script") == 1)
        let harmful = page.body.unicodeScalars.filter {
            ($0.value < 0x20 && $0 != "\n") || (0x7F...0x9F).contains($0.value) || (0x2028...0x202E).contains($0.value)
                || (0x2066...0x2069).contains($0.value)
        }
        #expect(harmful.isEmpty)
        // As a browser reads it: by scalars, and values between quotes are values.
        let bare = page.body.replacing(/"[^"]*"/.matchingSemantics(.unicodeScalar), with: "")
        let attribute = /<[a-z][^>]* (?:on[a-z]+|style|autofocus)\b/.matchingSemantics(.unicodeScalar)
        #expect(bare.firstMatch(of: attribute) == nil)
        #expect(bare.firstMatch(of: /<script(?! src= defer>)/.matchingSemantics(.unicodeScalar)) == nil)
    }

    @Test func textIsEscapedByScalars() {
        let text = SafeText().escapeText("a\"\u{301}<\u{338}>'&`\u{202E}\u{0}\u{200F}\nä")
        #expect(
            text
                == "a&quot;\u{301}&lt;\u{338}&gt;&#39;&amp;&#96;\\u{202E}\\u{0}\\u{200F}\nä")
    }

    @Test func noTemplateLetsTextThroughUnescaped() {
        for (name, text) in Templates.texts {
            let text = String(decoding: text, as: UTF8.self)
            #expect(!text.contains("{{{") && !text.contains("{{&"), "\(name)")
            #expect(text.firstMatch(of: /=\s*\{\{|=[^"'\s>]*\{\{/) == nil, "\(name) has an attribute without quotes")
            #expect(!text.contains("style=") && !text.contains("<style"), "\(name)")
            #expect(
                text.firstMatch(of: /<script(?! src="\{\{frame)/) == nil && text.firstMatch(of: /\son[a-z]+=/) == nil,
                "\(name)")
            #expect(text.firstMatch(of: /(?:src|href|action)="(?:https?:)?\/\//) == nil, "\(name)")
        }
    }

    @Test(arguments: ["/", "/failed", "/drops", "/login", "/nowhere", "/style.css", "/app.js", "/icon.svg"])
    func everyAnswerHasTheHeaders(path: String) async throws {
        try await AdminStage.run { stage in
            let page = try await stage.get(path)
            let policy = try #require(page.header("Content-Security-Policy"))
            #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
            #expect(!policy.contains("unsafe"))
            #expect(page.header("X-Content-Type-Options") == "nosniff")
            #expect(page.header("X-Frame-Options") == "DENY")
            #expect(page.header("Referrer-Policy") == "no-referrer")
            let isAsset = path.contains(".")
            #expect(page.header("Cache-Control") == (isAsset ? "no-cache" : "no-store"))
        }
    }

    @Test func otherMethodsAndPagesAreAnsweredInWords() async throws {
        try await AdminStage.run { stage in
            let missing = try await stage.get("/nowhere")
            #expect(missing.status == 404 && missing.has("There is no such page."))
            #expect(try await stage.get("/drops/01J0").status == 404)
            let outside = try await stage.get("/drops/..%2F..%2Fetc/result")
            #expect(outside.status == 404 && outside.has("There is no such drop"))
            #expect(try await stage.get("/drops/%ff%00%").status == 404)
            let wrong = try await stage.send("POST", "/failed", body: "")
            #expect(wrong.status == 405 && wrong.header("Allow") == "GET, HEAD")
            let reading = try await stage.get("/pause")
            #expect(reading.status == 405 && reading.header("Allow") == "POST")
            #expect(try await stage.send("DELETE", "/").status == 405)
            for path in ["/", "/failed", "/drops", "/style.css"] {
                let head = try await stage.send("HEAD", path)
                #expect(head.status == 200 && head.body.isEmpty)
                #expect(head.header("Content-Length") != nil)
            }
        }
    }

    @Test func onlyOurOwnNamesAreAnswered() async throws {
        try await AdminStage.run { stage in
            for host in ["localhost", "localhost:\(stage.port)", "127.0.0.1", "[::1]:80", "LOCALHOST:1"] {
                #expect(try await stage.send("GET", "/", headers: ["Host": host]).status == 200, "\(host)")
            }
            for host in ["evil.example", "evil.example:\(stage.port)", "10.0.0.1", "localhost.evil.example", "[::2]"] {
                for path in ["/", "/failed", "/metrics", "/style.css", "/nowhere"] {
                    let page = try await stage.send("GET", path, headers: ["Host": host])
                    #expect(page.status == 421, "\(host)")
                    #expect(page.has("does not go by that name"))
                }
            }
        }
    }

    @Test(arguments: [
        ("127.0.0.1", "sluice.local", false), ("127.0.0.1", "127.0.0.1:80", true), ("::1", "[::1]:8080", true),
        ("0.0.0.0", "10.1.2.3:8080", true), ("0.0.0.0", "name.example", false), ("0.0.0.0", "[fe80::1]", true),
        ("admin.example", "ADMIN.example:8080", true), ("admin.example", "other.example", false),
        ("0.0.0.0", "1.2.3", false), ("0.0.0.0", "127.0.0.1:x", false), ("0.0.0.0", "", false),
    ])
    func aServersNames(listen: String, authority: String, isOurs: Bool) {
        let names = HostNames(Configuration.ListenAddress(host: listen, port: 80))
        #expect(names.contains(authority: authority) == isOurs)
    }

    @Test func machinesMayAskBeyondLoopback() {
        let open = HostNames(Configuration.ListenAddress(host: "0.0.0.0", port: 80))
        #expect(open.isOpen("/metrics") && open.isOpen("/health/ready") && !open.isOpen("/"))
        #expect(!HostNames(Configuration.ListenAddress(host: "127.0.0.1", port: 80)).isOpen("/metrics"))
    }
}

struct DownloadTests {
    @Test func fileAndResultAreDownloaded() async throws {
        try await AdminStage.run { stage in
            try await stage.drop("<html><script>alert(1)</script>", as: "bad.html.json")
            let admin = try await stage.logIn()
            let link = try #require(try await stage.get("/drops").first(#"href="(/drops/[0-9A-Z]+)""#))
            let file = try await stage.get("\(link)/file", cookie: admin.cookie)
            #expect(file.body == "<html><script>alert(1)</script>")
            #expect(file.header("Content-Type") == "application/octet-stream")
            #expect(file.header("Content-Length") == "31")
            #expect(file.header("X-Content-Type-Options") == "nosniff")
            let result = try await stage.get("\(link)/result")
            #expect(result.header("Content-Type") == "text/plain; charset=utf-8")
            #expect(
                result.header("Content-Disposition")?.hasPrefix(
                    "attachment; filename=\"bad.html.json.result.json\"") == true)
            #expect(result.body == (try stage.path("erp", "failed").text(of: "bad.html.json.result.json")))
        }
    }

    /// A page hides values of sensitive fields; the file has them.
    @Test func whereThereIsATokenFilesAreForThoseWhoKnowIt() async throws {
        try await AdminStage.run { stage in
            try await stage.drop("{]", as: "bad.json")
            let link = try #require(try await stage.get("/drops").first(#"href="(/drops/[0-9A-Z]+)""#))
            #expect(try await stage.get("\(link)/file").status == 403)
            #expect(try await !stage.get("/failed").has("\(link)/file"))
        }
        try await AdminStage.run(token: nil) { stage in
            try await stage.drop("{]", as: "bad.json")
            let link = try #require(try await stage.get("/drops").first(#"href="(/drops/[0-9A-Z]+)""#))
            #expect(try await stage.get("\(link)/file").body == "{]")
        }
    }

    @Test func linksAreNotFollowed() async throws {
        try await AdminStage.run(token: nil) { stage in
            try await stage.drop("{]", as: "bad.json")
            try stage.folder.url.write("a secret", as: "secret")
            for name in ["bad.json", "bad.json.result.json"] {
                let place = stage.path("erp", "failed").appendingPathComponent(name)
                try FileManager.default.removeItem(at: place)
                try FileManager.default.createSymbolicLink(
                    at: place, withDestinationURL: stage.folder.url.appendingPathComponent("secret"))
            }
            let link = try #require(try await stage.get("/drops").first(#"href="(/drops/[0-9A-Z]+)""#))
            #expect(try await stage.get("\(link)/file").status == 404)
            // What the result said is in the ledger.
            let result = try await stage.get("\(link)/result")
            #expect(result.has("parse.json") && !result.has("a secret"))
        }
    }
}
