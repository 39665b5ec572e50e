import FileSystem
import Foundation
import Inbox
import Ledger
import Model
import SluiceConfiguration
import SystemPackage

/// What an admin asks of Sluice by hand, beside a service that runs or without one.
package struct Administration: Sendable {
    package let configuration: Configuration
    package let ledger: LedgerReader
    let inboxes: [String: InboxPaths]

    /// - Throws: ``LedgerReader/Missing``, and what reading the ledger throws.
    package init(_ configuration: Configuration) throws {
        self.init(configuration, ledger: try Administration.open(configuration.state))
    }

    /// A service that starts makes the ledger, or renews it: for a moment some of its tables are there and others are not.
    ///
    /// - Returns: one that is up to date, unless no service runs, or one of another version.
    static func open(_ state: FilePath) throws -> LedgerReader {
        let end = ContinuousClock.now + .seconds(5)
        while true {
            let reader = try LedgerReader(state: state)
            if try reader.isUpToDate { return reader }
            guard StateLock.holder(of: state) != nil, ContinuousClock.now < end else {
                guard try reader.isMade else { throw LedgerReader.Missing() }
                return reader
            }
            usleep(20_000)
        }
    }

    init(_ configuration: Configuration, ledger: LedgerReader) {
        self.configuration = configuration
        self.ledger = ledger
        var inboxes: [String: InboxPaths] = [:]
        for inbox in configuration.expandedInboxes() { inboxes[inbox.name] = InboxPaths(inbox) }
        self.inboxes = inboxes
    }

    /// The folders of an inbox; `nil` for one that is configured no more.
    package func paths(of inbox: String) -> InboxPaths? { inboxes[inbox] }

    /// Where a drop lies by what the ledger says; `nil`: nowhere any more, or its inbox is configured no more.
    package func place(of entry: DropEntry) -> FilePath? {
        guard entry.removedAt == nil, let paths = inboxes[entry.drop.inbox] else { return nil }
        guard entry.isFiled, let outcome = entry.outcome, let name = entry.filedName else {
            return paths.work.appending(bytes: entry.drop.workName.relativeBytes)
        }
        return paths.path(of: outcome.folder).appending(bytes: name.bytes)
    }

    /// The drop that a person means: by its identifier, by the path of its file in `done` or `failed` or of the result
    /// beside it, by that in `.work` or where it lay in the inbox, or by a name that drops of one inbox alone have.
    ///
    /// - Throws: ``Unknown``, and what reading the ledger throws.
    package func drop(_ words: FilePath) throws -> DropEntry {
        if let entry = try ledger.drop(DropID(text: words.string)) { return entry }
        if let entry = try filed(at: words) ?? underWay(at: words) { return entry }
        var named = try ledger.newest(named: FileName(bytes: words.bytes))
        if named.isEmpty { named = try ledger.newest(shownAs: words.string) }
        let name = FileName.escaped(words.bytes)
        guard let first = named.first else { throw Unknown(description: "there is no drop \(name)") }
        guard named.count == 1 else {
            let inboxes = named.map(\.drop.inbox).sorted()
            throw Unknown(
                description:
                    "\(name) came to the inboxes \(inboxes.joined(separator: ", ")); name its path or its identifier")
        }
        return first
    }

    /// The folder and the name that a path means here; `nil`: it names nothing.
    static func located(_ path: FilePath) -> (folder: FilePath, name: FileName)? {
        guard let (folder, name) = path.located else { return nil }
        return (FilePath.workingDirectory.pushing(folder).lexicallyNormalized(), name)
    }

    private func filed(at path: FilePath) throws -> DropEntry? {
        guard let located = Administration.located(path) else { return nil }
        var (here, name) = located
        let suffix = ".result.json"
        if name.hasSuffix(suffix) { name = FileName(bytes: name.bytes.dropLast(suffix.utf8.count)) }
        for (inbox, paths) in inboxes {
            for folder in [Folder.failed, .done] where paths.path(of: folder).lexicallyNormalized() == here {
                if let entry = try ledger.drop(filedAs: name, in: folder, of: inbox) { return entry }
            }
        }
        return nil
    }

    /// A drop between its inbox and its folder, by its place in `.work` or by where it came from. What lies in the inbox
    /// now is another one's, and no drop so far.
    private func underWay(at path: FilePath) throws -> DropEntry? {
        guard let (here, name) = Administration.located(path) else { return nil }
        for (inbox, paths) in inboxes {
            if let place = paths.workName(of: name, in: here) { return try ledger.drop(underWayAt: place, in: inbox) }
            guard paths.inbox.lexicallyNormalized() == here, fileInInbox(path) == nil else { continue }
            return try ledger.drop(underWayAs: name, in: inbox)
        }
        return nil
    }

    /// What a person asked for is not there, or is not clear.
    package struct Unknown: Error, CustomStringConvertible {
        package let description: String

        init(description: String) {
            self.description = description
        }
    }
}

/// The folders of an inbox.
package struct InboxPaths: Sendable, Hashable {
    package let inbox: FilePath
    package let work: FilePath
    package let done: FilePath
    package let failed: FilePath
    let ignore: [String]
    let ready: MarkerPattern?
    private let attachmentTypes: Set<String>

    init?(_ inbox: Configuration.Inbox) {
        guard let work = inbox.work, let done = inbox.done, let failed = inbox.failed else { return nil }
        (self.inbox, self.work, self.done, self.failed) = (inbox.path, work, done, failed)
        ignore = inbox.ignore
        ready = inbox.ready.flatMap(MarkerPattern.init)
        attachmentTypes = Set(inbox.attachments.types)
    }

    package func path(of folder: Folder) -> FilePath { folder == .done ? done : failed }

    /// The place in `work` that a name has in a folder; `nil`: the folder is not `work`, nor one of its shelves.
    func workName(of name: FileName, in folder: FilePath) -> WorkName? {
        let work = work.lexicallyNormalized()
        if folder == work { return WorkName(name: name) }
        guard folder.removingLastComponent() == work, let shelf = folder.lastComponent.flatMap({ Int($0.string) })
        else { return nil }
        return WorkName(shelf: shelf, name: name)
    }

    /// Whether a drop's name says which account it is of.
    func isAttachment(_ entry: DropEntry) -> Bool {
        entry.kind.map { $0 == .attachment } ?? attachmentTypes.contains(entry.drop.name.lowercaseExtension)
    }
}
