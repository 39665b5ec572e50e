import FileSystem
import Foundation
import Inbox
import SystemPackage
import TestSupport

/// An inbox whose `.work` is on another file system: `/dev/shm` is one of its own on every Linux.
struct FarStage: Sendable {
    /// Removed with its last reference.
    private final class FarFolder: Sendable {
        let url = URL(fileURLWithPath: "/dev/shm/sluice-test-\(UUID().uuidString)")
        init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
        deinit { do { try FileManager.default.removeItem(at: url) } catch { print("a folder stays behind: \(error)") } }
    }

    static let isPossible = FileManager.default.isWritableFile(atPath: "/dev/shm")

    private let far: FarFolder
    let stage: InboxStage
    let work: WorkFolder
    let inbox: Directory
    var passage: URL { stage.inbox.appendingPathComponent(".sluice-claim") }

    init(ready: String? = nil) throws {
        far = try FarFolder()
        stage = try InboxStage(settle: .milliseconds(50), ready: ready, work: far.url.appendingPathComponent(".work"))
        work = try WorkFolder(at: FilePath(stage.work.path))
        inbox = try Directory(opening: FilePath(stage.inbox.path))
    }
}
