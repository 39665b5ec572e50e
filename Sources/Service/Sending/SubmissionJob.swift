import Delivery
import Documents
import FileSystem
import Ledger
import Model

/// A judged drop on its way to the API.
struct SubmissionJob: Sendable {
    /// In a box: thousands of drops may wait, each with a task that has room for several.
    indirect enum Content: Sendable {
        case document(JudgedDocument)
        case attachment(JudgedAttachment, file: OpenFile, size: Int64)
    }

    let drop: Drop
    let kind: Kind
    let sha256: [UInt8]
    /// The number that its file had in the inbox; `nil`: it was claimed by an earlier run, or is known.
    let inode: UInt64?
    private(set) var content: Content
    /// The file's bytes once more.
    let readAgain: @Sendable () async throws -> [UInt8]
    /// What it is about.
    private(set) var keys: IdentityKeys
    /// The `-rN` in its references.
    var round = 1
    /// Records that an earlier document brought; `nil`: none were looked for.
    var leftOut: [AcceptedRecord]?
    /// Whether its result has the API's answers.
    var hasFullResult = true
    /// Why it fails unless something of it has left; `nil`: it fits.
    var unfit: Problem?

    /// - Throws: what reading the drop again throws, and ``DocumentHasChanged``; so do the others.
    init(
        drop: Drop, kind: Kind, sha256: [UInt8], inode: UInt64?, content: Content,
        readAgain: @escaping @Sendable () async throws -> [UInt8]
    ) throws {
        self.drop = drop
        self.kind = kind
        self.sha256 = sha256
        self.inode = inode
        self.content = content
        self.readAgain = readAgain
        keys = try content.keys
    }

    /// Whether it goes under a reference of its sender's own.
    var bringsReference: Bool {
        if case .document(let document) = content { document.ownReference != nil } else { false }
    }

    /// Goes on with other bodies of the same document.
    mutating func replace(_ document: JudgedDocument) throws {
        content = .document(document)
        keys = try content.keys
    }

    /// Goes on with the same attachment under another reference.
    mutating func replace(_ attachment: JudgedAttachment, file: OpenFile, size: Int64) {
        content = .attachment(attachment, file: file, size: size)
    }

    func admission(scope: String, isOrdered: Bool) throws -> Admission {
        switch content {
        case .document(let document):
            Admission(
                drop: drop, kind: kind, sha256: sha256, content: document.content,
                plainContent: document.plainContent, addition: document.addition,
                ownReference: document.ownReference, scope: scope, identities: keys, isOrdered: isOrdered,
                round: round, leftOut: leftOut, batches: try document.batches, inode: inode)
        case .attachment(let attachment, _, let size):
            // The frame around the file follows from the reference, so the file's hash stands for the body's.
            Admission(
                drop: drop, kind: kind, sha256: sha256, content: attachment.content, scope: scope, round: round,
                batches: [
                    Batch(
                        reference: attachment.reference, records: 0, bytes: attachment.form.length(ofFile: size),
                        bodyHash: sha256)
                ], inode: inode)
        }
    }
}

extension JudgedDocument {
    /// - Returns: `nil` where the document makes no such body, or does so no more.
    func bodyIfUnchanged(of batch: Batch) throws -> [UInt8]? {
        try unlessChanged { try body(of: batch) } ?? nil
    }

    func longBodyIfUnchanged(of batch: Batch) throws -> LongBody? {
        try unlessChanged { try longBody(of: batch) } ?? nil
    }

    func originalBodyIfUnchanged(of batch: Batch, recordsBefore before: Int) throws -> LongBody? {
        try unlessChanged { try originalBody(of: batch, recordsBefore: before) } ?? nil
    }

    /// - Returns: `nil` where it is in no single body, and where the file it is in was written to.
    var recordTextIfUnchanged: [UInt8]? {
        get throws { try unlessChanged { try recordText } ?? nil }
    }

    /// Its records, or none where the file they are in was written to.
    var sentRecordsIfUnchanged: [SentRecord] {
        get throws { try unlessChanged { try sentRecords } ?? [] }
    }

    func placesIfUnchanged(of identities: Set<String>, in text: SendersText?) throws -> [String: RecordPlace] {
        try unlessChanged { try places(of: identities, in: text) } ?? [:]
    }

    private func unlessChanged<Value>(_ read: () throws -> Value) throws -> Value? {
        do {
            return try read()
        } catch is DocumentHasChanged {
            return nil
        }
    }
}

extension SubmissionJob.Content {
    /// What makes it the same as another.
    var reference: String {
        switch self {
        case .document(let document): document.content
        case .attachment(let attachment, _, _): attachment.content
        }
    }

    fileprivate var keys: IdentityKeys {
        get throws {
            switch self {
            case .document(let document): try document.identities
            case .attachment(let attachment, _, _):
                IdentityKeys([IdentityKeys.key(clientReferenceId: attachment.fields.clientReferenceId)])
            }
        }
    }
}
