import Foundation
import TestSupport
import Testing

/// What a service costs that has nothing to do.
@Suite(.timeLimit(.minutes(10))) struct IdleTests {
    private static let inboxes = 100
    /// Every inbox is listed once in this time; the default is twice as long.
    private static let rescan = 30

    /// How often each thread of a process went to sleep of itself.
    private static func sleeps(_ process: pid_t) throws -> [String: Int] {
        var sleeps: [String: Int] = [:]
        for thread in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task") {
            // A thread may end under our eyes.
            guard let status = try? String(contentsOfFile: "/proc/\(process)/task/\(thread)/status", encoding: .utf8),
                let line = status.split(separator: "\n").first(where: { $0.hasPrefix("voluntary_ctxt_switches:") })
            else { continue }
            sleeps[thread] = Int(line.filter(\.isNumber))
        }
        return sleeps
    }

    @Test func aHundredIdleInboxesHardlyWakeAndHoldNoDescriptor() async throws {
        let folder = try TemporaryFolder()
        var text = CommandTests.configuration(api: "http://127.0.0.1:1", inbox: "rescan: \(Self.rescan)s")
        for number in 1..<Self.inboxes {
            text += "  - {name: p\(number), path: p\(number)/inbox, rescan: \(Self.rescan)s}\n"
            _ = try folder.subfolder("p\(number)/inbox")
        }
        _ = try folder.subfolder("erp/inbox")
        try folder.url.write(text, as: "sluice.yaml")
        let service = try Program.Running(["run"], in: folder.url, environment: ["SECRET_OF_THE_TEST": "x"])
        defer { service.signal(SIGTERM) }
        try await eventually("it has started", within: .seconds(300)) { try service.errors.contains("started") }
        let process = try #require(service.process)
        try await eventually("nothing of the inboxes is open") {
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")
                .compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\($0)") }
            return !open.contains { $0.hasPrefix(folder.url.path + "/p") }
        }
        try await eventually("the start is over", within: .seconds(300)) {
            try await Self.wakeUps(of: process, everySecondFor: 2).allSatisfy { $0 <= 3 }
        }
        let wakeUps = try await Self.wakeUps(of: process, everySecondFor: Self.rescan)
        print("wake-ups of \(Self.inboxes) idle inboxes, second by second: \(wakeUps)")
        // They are all listed in one go, in which threads wait for one another as often as it happens. One a second is
        // libdispatch's own, which looks after its threads as long as the process lives. Inboxes that were polled, or woke
        // each for itself, would wake it in every second.
        let median = wakeUps.sorted()[wakeUps.count / 2]
        #expect(median <= 2)
        #expect(wakeUps.contains { $0 > median }, "they are listed in this time")
    }

    private static func wakeUps(of process: pid_t, everySecondFor seconds: Int) async throws -> [Int] {
        var wakeUps: [Int] = []
        var last = try sleeps(process)
        for _ in 0..<seconds {
            try await Task.sleep(for: .seconds(1))
            let now = try sleeps(process)
            wakeUps.append(now.reduce(0) { $0 + $1.value - (last[$1.key] ?? 0) })
            last = now
        }
        return wakeUps
    }
}
