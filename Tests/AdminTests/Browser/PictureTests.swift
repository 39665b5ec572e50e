import Foundation
import Model
import Sandbox
import Service
import SluiceConfiguration
import Synchronization
import SystemPackage
import Testing
import TestSupport

@testable import Admin
@testable import Delivery

/// Pictures of the pages, for the README and for whoever looks at a change: `SLUICE_SCREENSHOTS`, else
/// `.build/screenshots`.
@Suite(.serialized)
struct PictureTests {
    /// The system's time, put back or forward on the wall.
    private final class ShiftedTime: TimeSource {
        private let shift = Mutex(Duration.zero)
        private let system = SystemTime()

        var moment: Moment { system.moment }
        var timestamp: Timestamp { system.timestamp + shift.withLock { $0 } }
        func sleep(until deadline: Moment) async throws { try await system.sleep(until: deadline) }
        func shift(by duration: Duration) { shift.withLock { $0 = duration } }
    }

    private static var folder: URL {
        if let folder = ProcessInfo.processInfo.environment["SLUICE_SCREENSHOTS"] {
            return URL(fileURLWithPath: folder)
        }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(".build/screenshots")
    }

    @Test func picturesOfThePages() async throws {
        let time = ShiftedTime()
        try await AdminStage.run(inboxes: ["erp", "harbour", "northside"], time: time) { stage in
            try await PictureTests.live(through: stage, time)
            let folder = PictureTests.folder
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try await Browser.run { browser in
                let tab = try await browser.tab()
                try await tab.open("http://\(stage.host)/login?next=/")
                try await tab.click("#token")
                try await tab.type(AdminStage.token)
                try await tab.press("Enter", code: 13)
                try await eventually("somebody is logged in") { try await tab.count("form.login button") == 1 }
                for (name, path, width, height) in [
                    ("overview", "/", 1280, 1010), ("failed", "/failed", 1280, 860), ("drops", "/drops", 1280, 700),
                    ("overview-narrow", "/", 390, 1200), ("failed-narrow", "/failed", 390, 1200),
                ] {
                    try await tab.resize(width: width, height: height)
                    try await tab.open("http://\(stage.host)\(path)")
                    try await eventually("it is live") {
                        try await tab.text("document.getElementById('live-state').textContent") == " · live"
                    }
                    for isDark in [false, true] {
                        try await tab.prefer(dark: isDark)
                        let picture = try await tab.screenshot()
                        #expect(picture.starts(with: [0x89, 0x50, 0x4E, 0x47]))
                        try picture.write(to: folder.appendingPathComponent(name + (isDark ? "-dark" : "") + ".png"))
                    }
                }
                let story = try await tab.text("document.querySelector('#failed h2 a').getAttribute('href')")
                try await tab.prefer(dark: false)
                try await tab.resize(width: 1280, height: 1010)
                try await tab.open("http://\(stage.host)\(story)")
                try await tab.screenshot().write(to: folder.appendingPathComponent("story.png"))
                try await stage.service.pause("harbour")
                stage.service.monitor.note(.delivery(.breaker(.opened(.outage, run: []))))
                stage.service.monitor.note(
                    .alert(AlertChange(.serverErrors, .begins, detail: "7 answers of 500 and more in 5 minutes")))
                try await eventually("the pause is known") { stage.service.monitor.current.pauses == ["harbour"] }
                try await tab.open("http://\(stage.host)/")
                // The figures are a second old at most, and the page brings itself up to date.
                try await eventually("the page tells it") {
                    try await tab.text("document.querySelector('#health h2').textContent")
                        == "Needs attention"
                }
                try await tab.screenshot().write(to: folder.appendingPathComponent("trouble.png"))
            }
        }
    }

    /// An hour's work.
    private static func live(through stage: AdminStage, _ time: ShiftedTime) async throws {
        var chance = SeededGenerator(seed: 7)
        for minute in (1..<60).reversed() {
            time.shift(by: .seconds(-60 * minute))
            let busy = minute > 33 && minute < 48 ? 700 : minute > 12 && minute < 19 ? 380 : 40
            for _ in 0..<min(1000, busy + Int.random(in: 0..<busy / 2, using: &chance)) {
                let isRefused = minute > 39 && minute < 43 && chance.chance(14)
                stage.service.monitor.note(
                    .delivery(
                        .answered(
                            AttemptReport(
                                subject: nil, method: "PUT", path: "/v1/account", requestID: "",
                                status: isRefused ? 503 : 202, duration: .milliseconds(80)))))
            }
        }
        time.shift(by: .zero)
        for number in 1...6 {
            try await stage.drop(AdminStage.account("INV-20\(number)"), as: "accounts-2026-11-24-0\(number).json")
        }
        try await stage.drop(
            """
            <payments>
              <payment><clientReferenceId>H-7001</clientReferenceId></payment>
            </payments>
            """, as: "payments-1124.xml", in: "harbour")
        try stage.put("%PDF-1.7\n%%EOF", as: FileName("INV-909.pdf"), in: "erp")
        try await stage.drop(
            "{\"accounts\": [\n  {\"clientReferenceId\": \"N-1\",}\n]}\n", as: "export.json", in: "northside")
        try await stage.drop(
            """
            <accounts>
              <account>
                <clientReferenceId>H-4410</clientReferenceId>
                <invoiceNumber>88123</invoiceNumber>
                <outstandingAmount>12,50</outstandingAmount>
              </account>
            </accounts>
            """, as: "debtors-1124.xml", in: "harbour")
        try await stage.drop(
            """
            {"accounts": [
              {"clientReferenceId": "INV-1001", "invoiceNumber": "1001", "outstandingAmount": 120.00},
              {"clientReferenceId": "INV-1002", "invoiceNumber": "1002", "outstandingAmount": -5},
              {"clientReferenceId": "INV-1003", "outstandingAmount": 80.10, "status": "Paused"}
            ]}
            """, as: "orders.json", in: "erp")
    }
}
