import FileSystem
import Foundation
import Inbox
import Model
import Synchronization
import SystemPackage

/// What an inbox costs, for `scripts/bench inbox`. Each call is a process of its own and prints `name value unit` lines.
///
/// ```
/// InboxBenchmark make FOLDER COUNT       fills FOLDER/inbox
/// InboxBenchmark latency FOLDER COUNT    from the rename into an idle inbox to the claim
/// InboxBenchmark backlog FOLDER          a start in front of FOLDER/inbox: the first claim, memory, all claims
/// InboxBenchmark idle FOLDER COUNT SECONDS   wake-ups and CPU time of that many idle inboxes
/// ```
@main
struct InboxBenchmark {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard arguments.count >= 2 else { return usage() }
        let folder = URL(fileURLWithPath: arguments[1])
        let numbers = arguments.dropFirst(2).compactMap { Int($0) }
        switch (arguments[0], numbers.count) {
        case ("make", 1): try make(folder, numbers[0])
        case ("latency", 1): try await latency(folder, numbers[0])
        case ("backlog", 0): try await backlog(folder)
        case ("idle", 2): try await idle(folder, numbers[0], seconds: numbers[1])
        default: usage()
        }
    }

    private static func usage() {
        print("usage: InboxBenchmark make|latency|backlog|idle FOLDER [COUNT [SECONDS]]")
        exit(64)
    }

    private static func inbox(
        _ folder: URL, settle: Duration = .zero, rescan: Duration = .seconds(60), alarms: Alarms? = nil
    ) throws -> InboxFolder {
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("inbox"), withIntermediateDirectories: true)
        return InboxFolder(
            InboxFolder.Settings(
                path: FilePath(folder.path).appending("inbox"), work: FilePath(folder.path).appending(".work"),
                rules: Settling.Rules(settle: settle, partialGrace: .seconds(60)), rescan: rescan),
            time: SystemTime(), alarms: alarms
        ) { print("unexpected: \($0)") }
    }

    private static func make(_ folder: URL, _ count: Int) throws {
        let inbox = folder.appendingPathComponent("inbox")
        try FileManager.default.createDirectory(at: inbox, withIntermediateDirectories: true)
        let directory = try Directory(opening: FilePath(inbox.path))
        for number in 0..<count {
            let name = FileName("orders-\(10_000_000 + number).json")
            try OpenFile(creating: name, in: directory, .exclusive(mode: 0o644)).write(Array("{\"accounts\":[]}".utf8))
        }
    }

    private static func latency(_ folder: URL, _ count: Int) async throws {
        try make(folder.appendingPathComponent("outside"), count)
        let inbox = try inbox(folder, settle: .seconds(600))
        let from = try Directory(opening: FilePath(folder.path).appending("outside/inbox"))
        let names = try from.list().sorted()
        let claims = Mutex<[FileName: ContinuousClock.Instant]>([:])
        let claiming = Task {
            for await drop in inbox.drops { claims.withLock { $0[drop.name] = .now } }
        }
        // The watch begins a moment after the start.
        try await Task.sleep(for: .milliseconds(300))
        let to = try Directory(opening: FilePath(folder.path).appending("inbox"))
        var times: [Double] = []
        for name in names {
            let started = ContinuousClock.now
            guard try from.move(name, to: to, as: name) else { continue }
            while claims.withLock({ $0[name] }) == nil { try await Task.sleep(for: .microseconds(500)) }
            times.append(claims.withLock { ($0[name] ?? started) - started }.inSeconds * 1e6)
            // Idle again.
            try await Task.sleep(for: .milliseconds(3))
        }
        await inbox.stop()
        await claiming.value
        times.sort()
        print("rename-to-claim-median \(Int(times[times.count / 2])) µs")
        print("rename-to-claim-p99 \(Int(times[times.count * 99 / 100])) µs")
    }

    private static func backlog(_ folder: URL) async throws {
        let before = try memory()
        let started = ContinuousClock.now
        let inbox = try inbox(folder)
        guard await inbox.next() != nil else { return print("the inbox is empty") }
        let first = ContinuousClock.now - started
        let waiting = try memory() - before
        var names = 1
        let directory = try Directory(opening: FilePath(folder.path).appending("inbox"))
        let count = try directory.list().count + 1
        while names < count, await inbox.next() != nil { names += 1 }
        let all = ContinuousClock.now - started
        await inbox.stop()
        print("waiting-files \(count) files")
        print("first-claim \(first.wholeMilliseconds) ms")
        print("memory-a-waiting-file \(waiting / count) bytes")
        print("claims-a-second \(Int(Double(count) / all.inSeconds)) files/s")
    }

    private static func idle(_ folder: URL, _ count: Int, seconds: Int) async throws {
        let alarms = Alarms(time: SystemTime())
        var inboxes: [InboxFolder] = []
        // They began at any time, and are listed as often as a minute makes that many seconds.
        for number in 0..<count {
            inboxes.append(
                try inbox(folder.appendingPathComponent("\(number)"), rescan: .seconds(seconds), alarms: alarms))
        }
        let waiting = inboxes.map { inbox in Task { await inbox.next() } }
        try await Task.sleep(for: .seconds(3))
        let before = (wakeUps(), cpu())
        // One rescan of each falls into this.
        try await Task.sleep(for: .seconds(seconds))
        let after = (wakeUps(), cpu())
        print("inboxes \(count) inboxes")
        print("wake-ups \((Double(after.0 - before.0) / Double(seconds)).rounded(places: 2)) /s")
        print("cpu \(((after.1 - before.1) / Double(seconds) * 100).rounded(places: 3)) %")
        print("memory \(try memory() / 1_000_000) MB")
        print("descriptors \(try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) open")
        for inbox in inboxes { await inbox.stop() }
        for task in waiting { _ = await task.value }
    }

    /// Anonymous memory in bytes.
    private static func memory() throws -> Int {
        try number("RssAnon:", in: "/proc/self/status") * 1024
    }

    /// How often a thread of this process went to sleep of itself, those that have ended included.
    private static func wakeUps() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_nvcsw
    }

    private static func number(_ key: String, in file: String) throws -> Int {
        let line = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").first { $0.hasPrefix(key) }
        return line.flatMap { Int($0.dropFirst(key.count).filter(\.isNumber)) } ?? 0
    }

    /// Seconds of CPU time so far.
    private static func cpu() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

extension Double {
    fileprivate func rounded(places: Int) -> Double {
        let scale = pow(10, Double(places))
        return (self * scale).rounded() / scale
    }
}
