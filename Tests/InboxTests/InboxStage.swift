import FileSystem
import Foundation
import Inbox
import Model
import Synchronization
import SystemPackage
import TestSupport

/// A real inbox in a folder of its own, under the kernel's eyes.
final class InboxStage: Sendable {
    let folder: TemporaryFolder
    let inbox: URL
    let outside: URL
    let events = Mutex<[InboxEvent]>([])
    private let settings: InboxFolder.Settings
    private let opened: InboxFolder
    let time: any TimeSource

    let work: URL
    var drops: InboxFolder { opened }

    /// - Parameters:
    ///   - work: elsewhere than beside the inbox.
    ///   - home: the folder that holds all of it; one of its own unless it is given.
    init(
        settle: Duration = .milliseconds(200), grace: Duration = .seconds(30), rescan: Duration = .seconds(600),
        ignore: [String] = [], once: Bool = false, byName: Bool = false, time: any TimeSource = SystemTime(),
        watching: Watching = .auto, ready: String? = nil, work: URL? = nil, alarms: Alarms? = nil,
        fileSystem: FileSystemType? = nil, home: TemporaryFolder? = nil,
        notifier: any FolderWatcher = Notifier.shared
    ) throws {
        folder = try home ?? TemporaryFolder()
        inbox = try folder.subfolder("inbox")
        outside = try folder.subfolder("outside")
        self.time = time
        self.work = work ?? folder.url.appendingPathComponent(".work")
        settings = InboxFolder.Settings(
            path: folder.path.appending("inbox"), work: FilePath(self.work.path),
            rules: Settling.Rules(settle: settle, partialGrace: grace, sortsByName: byName),
            ignore: IgnoreList(globs: ignore), ready: ready.flatMap(MarkerPattern.init), rescan: rescan,
            watch: watching.rule, poll: .milliseconds(40), once: once)
        let report = Report()
        opened = InboxFolder(
            settings, time: time, notifier: notifier, alarms: alarms,
            fileSystem: { (directory) throws(SystemCallError) in
                if let fileSystem { return fileSystem }
                return try directory.fileSystemType()
            }
        ) { report.pass($0) }
        report.set { [weak self] event in self?.events.withLock { $0.append(event) } }
    }

    deinit {
        // The notifier outlives every test: it watches nothing of this one any more.
        let opened = opened
        Task { await opened.stop() }
    }

    /// Brings one drop through, so that everything afterwards is seen by the watcher.
    func watched() async throws {
        try inbox.write("{}", as: "first.json")
        _ = try await next(1)
    }

    /// The events' names, in their order: `unavailable`, `available`.
    var said: [String] {
        events.withLock { $0.map { String(String(describing: $0).prefix { $0 != "(" }) } }
    }

    /// Writes a file elsewhere and renames it into the inbox.
    func moveIn(_ name: String, _ text: String = "{}") throws {
        let passage = outside.appendingPathComponent("passage-\(UUID().uuidString)")
        try Data(text.utf8).write(to: passage)
        try FileManager.default.moveItem(at: passage, to: inbox.appendingPathComponent(name))
    }

    /// Puts one file after the other into the inbox, each in a tick of its own of the file system's clock: their change
    /// times tell their order.
    func inTurn(_ names: [String], _ put: (String) throws -> Void) async throws {
        let (inbox, clock) = (
            try Directory(opening: FilePath(inbox.path)), try Directory(opening: FilePath(outside.path))
        )
        for name in names {
            try put(name)
            let changed = try inbox.status(of: FileName(name))?.changed ?? 0
            try await eventually("the file system's clock goes on") {
                try outside.write(name, as: "clock")
                return try clock.status(of: FileName("clock"))?.changed ?? 0 > changed
            }
        }
    }

    func next() async throws -> ClaimedDrop {
        guard let drop = await opened.next() else { throw Ended() }
        return drop
    }

    /// The names of the next drops.
    func next(_ count: Int) async throws -> [String] {
        var names: [String] = []
        while names.count < count { names.append(try await next().name.description) }
        return names
    }

    /// What lies in `.work` under a claimed drop's name.
    func text(of drop: ClaimedDrop) throws -> String {
        let shelf = drop.workName.shelf.map { "/\($0)" } ?? ""
        let folder = try Directory(opening: FilePath(work.path + shelf))
        let file = try OpenFile(reading: drop.workName.name, in: folder)
        return try String(decoding: file.bytes(at: 0, count: Int(file.status().size)), as: UTF8.self)
    }

    struct Ended: Error {}

    /// Passes events on to whoever came later than the inbox.
    private final class Report: Sendable {
        private let target = Mutex<(@Sendable (InboxEvent) -> Void)?>(nil)
        func set(_ target: @escaping @Sendable (InboxEvent) -> Void) { self.target.withLock { $0 = target } }
        func pass(_ event: InboxEvent) { target.withLock { $0 }?(event) }
    }
}

/// How a stage's inbox is watched.
enum Watching: CaseIterable, Sendable {
    case auto, inotify, poll

    /// Both ways of noticing, for what has to hold in either.
    static let both: [Watching] = [.inotify, .poll]

    var rule: WatchRule {
        switch self {
        case .auto: .auto
        case .inotify: .inotify
        case .poll: .poll
        }
    }
}
