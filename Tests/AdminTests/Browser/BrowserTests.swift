import FileSystem
import Foundation
import JSONText
import Model
import Sandbox
import Service
import SystemPackage
import Testing
import TestSupport

@testable import Admin

/// The site in a real browser. It has to be there: `scripts/setup --tests` installs Debian's `chromium`.
@Suite(.serialized)
struct BrowserTests {
    @Test func chromiumIsInstalled() {
        #expect(
            Browser.program != nil, "*** THERE IS NO CHROMIUM: the site is NOT tested. Run scripts/setup --tests. ***")
    }

    /// Runs a stage with a browser beside it.
    private func run(
        inboxes: [String] = ["erp"], _ body: @escaping @Sendable (AdminStage, Browser, Tab) async throws -> Void
    ) async throws {
        try await AdminStage.run(inboxes: inboxes) { stage in
            try await Browser.run { browser in
                let tab = try await browser.tab()
                try await body(stage, browser, tab)
                #expect(browser.complaints.isEmpty)
                #expect(browser.count(of: "Page.javascriptDialogOpening") == 0)
            }
        }
    }

    private func logIn(_ tab: Tab) async throws {
        try await tab.click("a.login")
        try await eventually("the login page is there") { try await tab.isTrue("location.pathname == '/login'") }
        try await tab.settle()
        try await tab.click("#token")
        try await tab.type(AdminStage.token)
        try await tab.press("Enter", code: 13)
        try await eventually("somebody is logged in") { try await tab.count("form.login button") == 1 }
        try await tab.settle()
    }

    @Test func failedDropsAreFilteredFoundAndTriedAgain() async throws {
        try await run(inboxes: ["erp", "acme"]) { stage, _, tab in
            try await stage.drop("{]", as: "syntax.json", in: "erp")
            try await stage.drop(AdminStage.account("INV-5", amount: "-5"), as: "schema.json", in: "acme")
            try await tab.open("http://\(stage.host)/")
            #expect(try await tab.text("document.querySelector('#health h2').textContent") == "All is well")
            try await tab.click("nav a[href='/failed']")
            try await eventually("the failed page is there") { try await tab.count("#failed article") == 2 }
            // Without being logged in there is nothing to press.
            #expect(try await tab.count("#failed button") == 0)
            try await tab.settle()
            _ = try await tab.evaluate("document.querySelector('select[name=inbox]').value = 'erp'")
            try await tab.click(".filter button")
            try await eventually("the filter holds") {
                try await tab.isTrue(
                    "document.querySelectorAll('#failed article').length == 1 && location.search.includes('inbox=erp')")
            }
            try await tab.settle()
            try await tab.click("#find")
            try await tab.type("INV-5")
            try await tab.press("Enter", code: 13)
            try await eventually("the drop is found") {
                try await tab.text("[...document.querySelectorAll('#found th.name')].map(e => e.textContent).join()")
                    == "schema.json"
            }
            try await tab.open("http://\(stage.host)/failed")
            try await logIn(tab)
            #expect(try await tab.isTrue("location.pathname == '/failed'"))
            // Its inbox is paused, so that it stays away once it is back in there.
            try await stage.service.pause("acme")
            try await eventually("the pause is in effect") { stage.service.monitor.current.pauses == ["acme"] }
            try await tab.click("button[aria-label='Retry schema.json']")
            try await eventually("it left the page") {
                try await tab.text(
                    "document.querySelector('.notice')?.textContent + document.querySelectorAll('#failed article').length"
                ) == "schema.json is back in its inbox.1"
            }
            #expect(
                FileManager.default.fileExists(atPath: stage.path("acme").appendingPathComponent("schema.json").path))
        }
    }

    @Test func anOpenPageShowsWhatIsNew() async throws {
        try await run { stage, _, tab in
            try await tab.open("http://\(stage.host)/failed")
            try await eventually("it listens") {
                try await tab.text("document.getElementById('live-state').textContent") == " · live"
            }
            _ = try await tab.evaluate("window.isSame = true")
            try await stage.drop("{]", as: "new.json")
            try await eventually("the failed drop is there") { try await tab.count("#failed article") == 1 }
            try FileManager.default.removeItem(at: stage.path("erp", "failed").appendingPathComponent("new.json"))
            try await stage.drop(AdminStage.account("A"), as: "good.json")
            try await eventually("and gone again") { try await tab.count("#failed article") == 0 }
            #expect(try await tab.isTrue("window.isSame"), "without loading the page anew")
        }
    }

    @Test func hostileNamesAreText() async throws {
        try await run { stage, browser, tab in
            for name in SafetyTests.names { try stage.put("{]", as: name) }
            try await eventually("all failed") {
                try await stage.get("/failed").count(of: "<article") == SafetyTests.names.count
            }
            try await tab.open("http://\(stage.host)/failed")
            try await logIn(tab)
            for path in ["/", "/failed", "/drops?q=json"] {
                try await tab.open("http://\(stage.host)\(path)")
                #expect(try await tab.count("script") == 1)
                #expect(try await tab.count("[onfocus], [onerror], [autofocus], [style]") == 0)
                let names = try await tab.text(
                    "[...document.querySelectorAll('main h2 bdi, main th.name bdi')].map(e => e.textContent).join('\\n')"
                )
                let shown = Set(names.split(separator: "\n").map(String.init))
                let expected = SafetyTests.names.map { SafetyTests.shown($0) }
                #expect(shown.isSuperset(of: path == "/" ? Array(expected.prefix(1)) : expected))
            }
            let links = try await tab.text(
                "[...document.querySelectorAll('#found th.name a')].map(e => e.getAttribute('href')).join('\\n')")
            for link in links.split(separator: "\n") {
                try await tab.open("http://\(stage.host)\(link)")
                #expect(try await tab.count("h1 bdi") == 1)
                #expect(try await tab.count("script") == 1)
            }
        }
    }

    @Test func everythingWorksWithoutAScript() async throws {
        try await run { stage, _, tab in
            try await stage.drop("{]", as: "bad.json")
            try await tab.send("Emulation.setScriptExecutionDisabled", #"{"value": true}"#)
            try await tab.open("http://\(stage.host)/failed")
            #expect(try await tab.text("document.getElementById('live-state').textContent") == "")
            try await logIn(tab)
            try await tab.click("#failed button")
            try await eventually("it was tried again") {
                try await tab.text("document.querySelector('.notice')?.textContent ?? ''")
                    == "bad.json is back in its inbox."
            }
        }
    }

    @Test func colorsFollowTheSystemAndTheKeyboardReachesAll() async throws {
        try await run { stage, _, tab in
            try await stage.drop("{]", as: "bad.json")
            try await tab.open("http://\(stage.host)/")
            let ground = "getComputedStyle(document.body).backgroundColor"
            try await tab.prefer(dark: false)
            #expect(try await tab.text(ground) == "rgb(245, 246, 248)")
            try await tab.prefer(dark: true)
            #expect(try await tab.text(ground) == "rgb(20, 23, 27)")
            try await tab.press("Tab", code: 9)
            #expect(try await tab.text("document.activeElement.className") == "skip")
            #expect(try await tab.isTrue("document.activeElement.getBoundingClientRect().left >= 0"))
            #expect(try await tab.text("getComputedStyle(document.activeElement).outlineStyle") == "solid")
            // Everything that can be pressed can be reached, and has a name.
            let unreached = try await tab.evaluate(
                "[...document.querySelectorAll('a, button, input, select')].filter(e => e.tabIndex < 0 && e.type != 'hidden').length"
            )
            #expect(unreached.int == 0)
            let nameless = try await tab.evaluate(
                """
                [...document.querySelectorAll('a, button, input:not([type=hidden]), select')].filter(e =>
                  !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length)).length
                """)
            #expect(nameless.int == 0)
            for path in ["/", "/failed", "/drops"] {
                try await tab.open("http://\(stage.host)\(path)")
                try await tab.resize(width: 360, height: 700)
                #expect(
                    try await tab.isTrue("document.documentElement.scrollWidth <= 360"), "\(path) on a narrow screen")
            }
        }
    }
}
