import Foundation
import Model
import Sandbox
import Service
import Synchronization
import TestSupport
import Testing

@testable import sluice

/// What systemd hears, through a socket as its own (`sd_notify(3)`).
@Suite struct SystemdTests {
    private static func account(_ reference: String) -> String {
        #"{"accounts":[{"clientReferenceId":"\#(reference)","invoiceNumber":"1","outstandingAmount":1}]}"#
    }

    @Test func systemdHearsOfReadinessLifeAndTheStop() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.subfolder("erp/inbox")
        try folder.url.write(CommandTests.configuration(api: "http://127.0.0.1:1"), as: "sluice.yaml")
        let systemd = try NotifySocket(in: folder)
        let service = try Program.Running(
            ["run"], in: folder.url, environment: systemd.environment(watchdog: .milliseconds(200)))
        try await eventually("it is ready") { systemd.heard.contains("READY=1\nSTATUS=started") }
        try await eventually("it is alive") { systemd.heard.count { $0 == "WATCHDOG=1" } > 5 }
        try await eventually("it says how it is") {
            systemd.heard.contains("STATUS=no drops on their way, 0 of 1000 requests in the last minute")
        }
        service.signal(SIGSTOP)
        try await eventually("nothing more comes") {
            let count = systemd.heard.count
            try await Task.sleep(for: .milliseconds(500))
            return systemd.heard.count == count
        }
        service.signal(SIGCONT)
        service.signal(SIGTERM)
        #expect(try await service.status == 0)
        #expect(systemd.heard.contains("STOPPING=1\nSTATUS=stopping"))
        #expect(systemd.heard.last { $0.contains("STATUS=") } == "STOPPING=1\nSTATUS=stopping")
    }

    @Test func withoutAWatchdogNothingIsSaidThatIsNotNew() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.subfolder("erp/inbox")
        try folder.url.write(CommandTests.configuration(api: "http://127.0.0.1:1"), as: "sluice.yaml")
        let systemd = try NotifySocket(in: folder)
        let service = try Program.Running(["run"], in: folder.url, environment: systemd.environment(watchdog: nil))
        let idle = "STATUS=no drops on their way, 0 of 1000 requests in the last minute"
        try await eventually("it says how it is") { systemd.heard.contains(idle) }
        // Two more looks would have been taken.
        try await Task.sleep(for: SystemdNotifier.pace * 2)
        #expect(systemd.heard.filter { $0 == idle }.count == 1)
        #expect(!systemd.heard.contains { $0.contains("WATCHDOG") })
        service.signal(SIGTERM)
        #expect(try await service.status == 0)
    }

    @Test func theStatusTellsOfAnOutageAndWhatWaits() async throws {
        try await Sandbox.withServer { sandbox, address in
            let folder = try TemporaryFolder()
            let inbox = try folder.subfolder("erp/inbox")
            let configuration = CommandTests.configuration(api: address.baseURL)
            try folder.url.write(configuration + "breaker: {failures: 2, probe: 1h}\n", as: "sluice.yaml")
            sandbox.script(Array(repeating: .status(503), count: 20))
            for number in 1...4 { try inbox.write(Self.account("INV-\(number)"), as: "\(number).json") }
            let systemd = try NotifySocket(in: folder)
            let service = try Program.Running(["run"], in: folder.url, environment: systemd.environment(watchdog: nil))
            try await eventually("the outage is told") {
                systemd.heard.contains {
                    $0.hasPrefix("STATUS=the API does not answer as it should") && $0.contains("on their way, ")
                }
            }
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
        }
    }

    @Test func aReloadIsToldWithItsTimeAndAWrongFileStaysInTheStatus() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.subfolder("erp/inbox")
        let good = CommandTests.configuration(api: "http://127.0.0.1:1")
        try folder.url.write(good, as: "sluice.yaml")
        let systemd = try NotifySocket(in: folder)
        let service = try Program.Running(["run"], in: folder.url, environment: systemd.environment(watchdog: nil))
        try await eventually("it is ready") { systemd.heard.contains("READY=1\nSTATUS=started") }
        try folder.url.write(good + "limits: {inFlight: none}\n", as: "sluice.yaml")
        service.signal(SIGHUP)
        try await eventually("the problem is told") {
            systemd.heard.contains {
                $0.hasPrefix("STATUS=the configuration is wrong and not in effect: ") && $0.contains("inFlight")
            }
        }
        let reloading = try #require(systemd.heard.firstIndex { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") })
        #expect(systemd.heard[reloading...].contains("READY=1"))
        service.signal(SIGTERM)
        #expect(try await service.status == 0)
    }
}

/// What counts as life, and what the line says: decided without a process.
@Suite struct SystemdNotifierTests {
    private static func view(
        queue: Int = 0, troubles: [String] = [], isReady: Bool = true
    ) -> SystemdStatus.View {
        .init(queue: queue, requests: 7, limit: 1000, troubles: troubles, isReady: isReady)
    }

    private struct LedgerGone: Error {}

    private final class Heard: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        func count(_ line: String) -> Int { lines.withLock { $0.count { $0 == line } } }
    }

    private final class Health: Sendable {
        let isIll = Mutex(false)
    }

    @Test(arguments: [true, false])
    func aServiceThatCannotReadItsLedgerOrHangsIsNotCalledAlive(hangs: Bool) async throws {
        let time = ManualTime()
        let heard = Heard()
        let looks = Heard()
        let health = Health()
        let notifier = SystemdNotifier(watchdog: .seconds(60), time: time) { heard.add($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await notifier.run {
                    looks.add("look")
                    guard health.isIll.withLock({ $0 }) else { return Self.view() }
                    if hangs { try await Task.sleep(for: .seconds(3600)) }
                    throw LedgerGone()
                }
            }
            try await eventually("it is alive") { heard.count("WATCHDOG=1") == 1 && time.sleeperCount == 2 }
            time.advance(by: .seconds(30))
            try await eventually("it is alive still") { heard.count("WATCHDOG=1") == 2 && time.sleeperCount == 2 }
            health.isIll.withLock { $0 = true }
            let before = looks.count("look")
            time.advance(by: .seconds(60))
            try await eventually("both have looked") { looks.count("look") == before + 2 }
            if !hangs { try await eventually("both are over it") { time.sleeperCount == 2 } }
            #expect(heard.count("WATCHDOG=1") == 2)
            health.isIll.withLock { $0 = false }
            if !hangs {
                time.advance(by: .seconds(30))
                try await eventually("it is alive again") { heard.count("WATCHDOG=1") == 3 }
            }
            group.cancelAll()
        }
    }

    @Test func theLineIsSaidWhenItChangesAndNeverAfterTheStop() {
        var status = SystemdStatus()
        let now = ManualTime().moment
        #expect(
            status.line(Self.view(queue: 2), at: now) == "2 drops on their way, 7 of 1000 requests in the last minute")
        #expect(status.line(Self.view(queue: 2), at: now) == nil)
        #expect(status.line(Self.view(queue: 1), at: now) == "1 drop on its way, 7 of 1000 requests in the last minute")
        #expect(status.line(Self.view(isReady: false), at: now) == nil)
    }

    @Test func theGravestTroubleComesFirstAndNoNameEndsTheLine() throws {
        var status = SystemdStatus()
        let view = Self.view(troubles: ["inbox a\nREADY=1: gone", "no token can be had", "paused"])
        let said = status.line(view, at: ManualTime().moment)
        let line = try #require(said)
        #expect(line.hasPrefix(#"inbox a\x0aREADY=1: gone (and 2 more); no drops on their way"#))
        #expect(!line.contains("\n"))
    }

    @Test func aWrongConfigurationStaysInTheLineUntilAGoodOne() throws {
        var status = SystemdStatus()
        let now = ManualTime().moment
        status.note(.notReloaded(problems: ["sluice.yaml:2:3: no", "more"]), at: now)
        let said = status.line(Self.view(), at: now + .seconds(7200))
        let line = try #require(said)
        #expect(line.hasPrefix("the configuration is wrong and not in effect: sluice.yaml:2:3: no; "))
        status.note(.notReloaded(problems: []), at: now)
        #expect(
            status.line(Self.view(), at: now)?.hasPrefix("the configuration is wrong and not in effect: ; ") == true)
    }

    @Test func theVariablesOfAUnitsFileAreReadAsSystemdReadsThem() {
        let text = "# SLUICE_A=0\nSLUICE_A=1\n  SLUICE_B = \"two words\" \nSLUICE_C='=3'\n\nnothing\n"
        #expect(UnitSurroundings.variables(text) == ["SLUICE_A": "1", "SLUICE_B": "two words", "SLUICE_C": "=3"])
    }
}

/// The socket that systemd listens at.
private final class NotifySocket: Sendable {
    private let path: String
    private let descriptor: Int32
    private let messages = Mutex<[String]>([])

    init(in folder: TemporaryFolder) throws {
        path = folder.url.appendingPathComponent("notify").path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        try #require(isBound == 0)
    }

    deinit { close(descriptor) }

    func environment(watchdog: Duration?) -> [String: String] {
        var environment = ["SECRET_OF_THE_TEST": "x", "NOTIFY_SOCKET": path]
        if let watchdog { environment["WATCHDOG_USEC"] = "\(Int(watchdog / .microseconds(1)))" }
        return environment
    }

    /// Everything that was said so far.
    var heard: [String] {
        messages.withLock { messages in
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
                guard count > 0 else { return messages }
                messages.append(String(decoding: buffer[..<count], as: UTF8.self))
            }
        }
    }
}
