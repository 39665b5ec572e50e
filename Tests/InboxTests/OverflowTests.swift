import FileSystem
import Foundation
import Inbox
import Model
import Synchronization
import SystemPackage
import Testing
import TestSupport

/// More happens than the kernel keeps events of.
@Suite(.timeLimit(.minutes(10)), .serialized) struct OverflowTests {
    /// Holds the notifier's thread at the first event of a folder of its own, so that the kernel's queue fills.
    private final class Brake: HintReceiver {
        let isHeld = DispatchSemaphore(value: 0)
        let release = DispatchSemaphore(value: 0)
        let seen = Mutex<[FolderHints.Hint]>([])

        func add(_ hint: FolderHints.Hint) {
            let isFirst = seen.withLock { seen in
                seen.append(hint)
                return seen.filter { if case .entry = $0 { true } else { false } }.count == 1
            }
            guard isFirst, case .entry = hint else { return }
            isHeld.signal()
            release.wait()
        }
    }

    @Test func twentyThousandFilesAtOnceAreTakenOnceEach() async throws {
        let stage = try InboxStage(settle: .milliseconds(50))
        try await stage.watched()
        let folder = try TemporaryFolder()
        let brake = Brake()
        Notifier.shared.watch(folder.path, brake)
        try await eventually("it is watched") { brake.seen.withLock { $0.contains(.listing) } }
        let taking = Task {
            var names: [FileName: Int] = [:]
            for _ in 0..<20_000 { names[try await stage.next().name, default: 0] += 1 }
            return names
        }
        try folder.url.write("", as: "brake")
        let limit = try Int(
            #require(
                String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8).split(separator: "\n")
                    .first))
        try #require(limit ?? .max < 40_000)
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread {
                brake.isHeld.wait()
                defer { brake.release.signal() }
                // Each is created and closed: two events.
                done.resume(
                    with: Result {
                        let inbox = try Directory(opening: FilePath(stage.inbox.path))
                        for number in 0..<20_000 {
                            let file = try OpenFile(
                                creating: FileName("\(number).json"), in: inbox, .exclusive(mode: 0o644))
                            try file.write([0x7B, 0x7D])
                        }
                    })
            }
        }
        // The brake's own folder was told of the overflow, too: a listing after its first one.
        try await eventually("the queue ran over") { brake.seen.withLock { $0.count { $0 == .listing } } >= 2 }
        let names = try await taking.value
        Notifier.shared.forget(brake)
        #expect(names.count == 20_000)
        #expect(names.values.allSatisfy { $0 == 1 })
        #expect(try stage.inbox.names.isEmpty)
        #expect(try stage.work.names.count == 20_001)
    }
}
