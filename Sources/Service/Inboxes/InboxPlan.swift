import Crypto
import Documents
import SluiceConfiguration
import SystemPackage

/// All that makes an inbox what it is: while this stays the same, its pipeline goes on.
struct InboxTerms: Sendable, Equatable {
    /// No glob: every folder is known.
    var inbox: Configuration.Inbox
    var judging: Judging
    /// Which directory the path led to when it was looked at, whatever its name. Not part of the terms.
    var place: FolderPlace?
    /// Where it comes from; `nil`: it is only compared. Not part of the terms.
    var template: InboxTemplate?

    /// What its documents are judged by, beside the inbox's own keys.
    struct Judging: Sendable, Equatable {
        var jsonBytes: ByteCount
        var multipartBytes: ByteCount
        var recordsPerBatch: Int?
        /// The hash of each schema file that counts.
        var schemas: [FilePath: [UInt8]]
    }

    var name: String { inbox.name }

    /// The folders that are this inbox's alone.
    var folders: [FilePath] { [inbox.path, inbox.done, inbox.failed, inbox.work].compactMap(\.self) }

    static func == (left: InboxTerms, right: InboxTerms) -> Bool {
        left.inbox == right.inbox && left.judging == right.judging
    }
}

/// A directory whatever it is called.
struct FolderPlace: Sendable, Hashable {
    let device: UInt64
    let inode: UInt64
}

/// An inbox as the configuration has it, perhaps a glob, with all that its pipelines need: one object for all of them.
final class InboxTemplate: Sendable {
    let inbox: Configuration.Inbox
    let judging: InboxTerms.Judging
    let judge: DocumentJudge
    let configuration: Configuration

    private init(
        inbox: Configuration.Inbox, judging: InboxTerms.Judging, judge: DocumentJudge, configuration: Configuration
    ) {
        self.inbox = inbox
        self.judging = judging
        self.judge = judge
        self.configuration = configuration
    }

    /// Reads and compiles the schemas of all configured inboxes.
    ///
    /// - Throws: ``CannotStart`` for a schema that cannot be read or is none.
    static func all(of configuration: Configuration) throws(CannotStart) -> [InboxTemplate] {
        // Hashed before they are compiled: a file that is written between the two looks changed the next time.
        var hashes = SchemaHashes()
        var judgings: [InboxTerms.Judging] = []
        for inbox in configuration.inboxes {
            judgings.append(try InboxTerms.Judging(inbox, configuration, &hashes))
        }
        let library = try SchemaLibrary(configuration)
        var templates: [InboxTemplate] = []
        for (inbox, judging) in zip(configuration.inboxes, judgings) {
            templates.append(
                InboxTemplate(
                    inbox: inbox, judging: judging, judge: try library.judge(for: inbox, configuration),
                    configuration: configuration))
        }
        return templates
    }

    func terms(at folder: FilePath? = nil, place: FolderPlace? = nil) -> InboxTerms? {
        let inbox = inbox.isGlob ? folder.flatMap(inbox.instance(at:)) : inbox
        return inbox.map { InboxTerms(inbox: $0, judging: judging, place: place, template: self) }
    }

    /// Whether an inbox comes from this template, or from what it was before a reload.
    func hasGiven(_ terms: InboxTerms) -> Bool { inbox.instance(at: terms.inbox.path)?.name == terms.name }
}

extension InboxTerms.Judging {
    fileprivate init(
        _ inbox: Configuration.Inbox, _ configuration: Configuration, _ hashes: inout SchemaHashes
    ) throws(CannotStart) {
        let limits = configuration.limits
        var schemas: [FilePath: [UInt8]] = [:]
        for file in SchemaLibrary.files(for: inbox, configuration) { schemas[file] = try hashes.hash(of: file) }
        self.init(
            jsonBytes: limits.jsonBytes, multipartBytes: limits.multipartBytes,
            recordsPerBatch: limits.recordsPerBatch, schemas: schemas)
    }
}

/// What schema files are, each read once however many inboxes it counts for.
private struct SchemaHashes {
    private var known: [FilePath: [UInt8]] = [:]

    mutating func hash(of file: FilePath) throws(CannotStart) -> [UInt8] {
        if let hash = known[file] { return hash }
        let hash = Array(SHA256.hash(data: try SchemaLibrary.read(file)))
        known[file] = hash
        return hash
    }
}
