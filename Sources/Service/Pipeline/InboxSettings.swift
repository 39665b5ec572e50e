import Delivery
import Documents
import FileSystem
import Filing
import Inbox
import Model
import SluiceConfiguration
import Synchronization
import SystemPackage

/// Which drops of an inbox wait for which.
struct OrderSettings: Sendable {
    var rule: DropOrder.Rule
    /// How long after its 2xx a document is taken for processed.
    var wait: Duration
}

/// What the pipeline of one inbox needs to know.
final class InboxSettings: Sendable {
    let name: String
    let folder: InboxFolder.Settings
    let done: FilePath
    let failed: FilePath
    let attachments: AttachmentJudge
    /// How long an attachment may be early for its account.
    let attachmentWait: Duration
    let scope: String
    let order: OrderSettings
    let hasFullResults: Bool
    private let retention: Configuration.Inbox.Retention
    /// What is wrong with the folders now.
    let folderProblems: @Sendable () -> [String]
    /// What works, and an operator should know.
    let folderRemarks: @Sendable () -> [String]
    private let filing: FilingRule
    private let folders = Mutex<[Folder: FilingFolder]>([:])

    /// Which drops are filed as a copy that belongs to the service.
    enum FilingRule: Sendable {
        case auto(serviceUser: UInt32)
        case move, copy
    }

    init(
        name: String, folder: InboxFolder.Settings, done: FilePath, failed: FilePath, filing: FilingRule,
        attachments: AttachmentJudge, attachmentWait: Duration, scope: String, order: OrderSettings,
        hasFullResults: Bool, retention: Configuration.Inbox.Retention,
        folderProblems: @escaping @Sendable () -> [String],
        folderRemarks: @escaping @Sendable () -> [String] = { [] }
    ) {
        self.name = name
        self.folder = folder
        self.done = done
        self.failed = failed
        self.filing = filing
        self.attachments = attachments
        self.attachmentWait = attachmentWait
        self.scope = scope
        self.order = order
        self.hasFullResults = hasFullResults
        self.retention = retention
        self.folderProblems = folderProblems
        self.folderRemarks = folderRemarks
    }

    func path(of folder: Folder) -> FilePath {
        switch folder {
        case .done: done
        case .failed: failed
        }
    }

    /// Works with a folder. Where that fails it is opened again for the next try: it may have been replaced.
    func withFiling<Value>(
        _ folder: Folder, _ body: (FilingFolder) throws(SystemCallError) -> Value
    ) throws(SystemCallError) -> Value {
        do throws(SystemCallError) {
            return try body(try filing(folder))
        } catch {
            folders.withLock { $0[folder] = nil }
            throw error
        }
    }

    private func filing(_ folder: Folder) throws(SystemCallError) -> FilingFolder {
        if let open = folders.withLock({ $0[folder] }) { return open }
        let opened = try FilingFolder(at: path(of: folder))
        return folders.withLock { folders in
            if let other = folders[folder] { return other }
            folders[folder] = opened
            return opened
        }
    }

    /// How long drops stay in a folder; `nil`: for ever.
    func retention(in folder: Folder) -> Duration? {
        switch folder {
        case .done: retention.done
        case .failed: retention.failed
        }
    }

    /// `nil`: everything stays.
    var shortestRetention: Duration? { [retention.done, retention.failed].compactMap(\.self).min() }

    /// Gives back names that were held in a folder.
    func release(_ names: [FiledName], in folder: Folder) {
        guard let open = folders.withLock({ $0[folder] }) else { return }
        for name in names { open.release(name) }
    }

    /// Closes the folders that no drop is on its way to.
    func releaseFolders() {
        folders.withLock { folders in folders = folders.filter { !$0.value.isIdle } }
    }

    /// Whether a claimed file is replaced by a copy before it is read.
    func copies(_ status: FileStatus) -> Bool {
        guard status.form == .regular, status.links == 1 else { return false }
        return switch filing {
        case .auto(let serviceUser): status.owner != serviceUser
        case .move: false
        case .copy: true
        }
    }
}
