import FileSystem
import Filing
import Ledger
import Model
import Synchronization

/// Brings filed drops to the disk, many at a time and behind everybody's back: until then the ledger knows that they may
/// not be there, and a start looks.
actor FilingSync {
    /// The kernel has written nearly all of it by then (`dirty_expire_centisecs` is 30 s), so that an fsync finds little
    /// to do; and a start has no more to look for than one minute's drops.
    private static let pause = Duration.seconds(60)

    private let settings: InboxSettings
    private let ledger: Ledger
    private let time: any TimeSource
    private let report: @Sendable (ServiceEvent) -> Void
    private let isOver = Atomic<Bool>(false)
    private var filings: [Int64] = []
    private var names: [Folder: [FiledName]] = [:]
    private var timer: Task<Void, Never>?

    init(
        _ settings: InboxSettings, ledger: Ledger, time: any TimeSource,
        report: @escaping @Sendable (ServiceEvent) -> Void
    ) {
        self.settings = settings
        self.ledger = ledger
        self.time = time
        self.report = report
    }

    /// A drop has just got its name in a folder, or was found there.
    func note(_ filings: [Int64], _ folder: Folder, _ name: FiledName) {
        self.filings += filings
        names[folder, default: []].append(name)
        guard timer == nil, !isOver.load(ordering: .relaxed) else { return }
        timer = Task {
            do { try await time.sleep(for: FilingSync.pause) } catch { return }
            await sync()
        }
    }

    /// The inbox takes no more drops. Nothing is synced now: a disk that is slow must not keep the service from stopping.
    func finish() {
        isOver.store(true, ordering: .relaxed)
        timer?.cancel()
    }

    private func sync() async {
        timer = nil
        let (filings, names) = (filings, names)
        (self.filings, self.names) = ([], [:])
        do {
            let isSynced = try await Workbench.run(bytes: .max) { [self, settings] in
                try names.allSatisfy { (folder, names) in
                    try settings.withFiling(folder) { (target) throws(SystemCallError) in
                        try target.sync(names) { !self.isOver.load(ordering: .relaxed) }
                    }
                }
            }
            settings.releaseFolders()
            if isSynced { try await ledger.forget(filings: filings) }
        } catch {
            // Once the kernel has told of it, it takes the lost bytes for written: trying again would prove nothing.
            // The ledger keeps the list for the next start, which looks at every one.
            report(.notOnDisk(inbox: settings.name, message: "\(error)"))
        }
    }
}
