import Crypto
import Documents
import FileSystem
import Foundation
import Inbox
import Model
import SystemPackage

/// Reads a claimed file and says what it is.
struct DropReader: Sendable {
    /// What was read. `sha256` is `nil` for what was never read.
    indirect enum Reading: Sendable {
        case document(JudgedDocument, sha256: [UInt8])
        case attachment(JudgedAttachment, OpenFile, size: Int64, sha256: [UInt8])
        case problem(Kind?, Problem, sha256: [UInt8]?)
        /// It ends where more had to come.
        case unfinished(Problem, sha256: [UInt8])
    }

    let inbox: String
    private(set) var documents: DocumentJudge
    let attachments: AttachmentJudge
    let sizes: DocumentSizes
    /// Where converted records are kept that cannot be held.
    let spools: FilePath

    /// Reads documents of this kind whether or not they fit.
    func goingOn(as kind: Kind) -> DropReader {
        var reader = self
        reader.documents = documents.goingOn(as: kind)
        return reader
    }

    /// What is longer can never be sent: it is neither copied nor hashed, which could take for ever.
    var longestDrop: Int64 { max(Int64(sizes.longest), attachments.bodyBytes) }

    /// - Parameters:
    ///   - copy: the name of the drop's copy, where that is what is read.
    ///   - expected: how the file was when it was claimed; `nil` for a copy, to which nobody else can write.
    /// - Throws: ``SystemCallError``, for a reason of this machine.
    func read(
        _ name: FileName, from copy: FileName? = nil, in folder: Directory, condition: Settling.Condition,
        arrived: Timestamp, expected: FileStatus? = nil
    ) throws -> Reading {
        if condition == .notRegular { return .problem(nil, DropReader.notRegular, sha256: nil) }
        let file: OpenFile
        do throws(SystemCallError) {
            file = try OpenFile(reading: copy ?? name, in: folder)
        } catch {
            switch error.errno {
            case .tooManySymbolicLinkLevels: return .problem(nil, DropReader.notRegular, sha256: nil)
            case .permissionDenied:
                // A folder that may not be entered says nothing of the file in it.
                _ = try folder.status(of: copy ?? name)
                return .problem(
                    nil, Problem(.readUnreadable, "The service has no permission to read the file."), sha256: nil)
            default: throw error
            }
        }
        let before = try file.status()
        guard before.form == .regular, before.links == 1 else {
            return .problem(nil, DropReader.notRegular, sha256: nil)
        }
        if let expected, !before.isSameContent(as: expected) {
            return .problem(nil, Problem(.readChanged, "The file was written to after it was taken."), sha256: nil)
        }
        if before.size == 0 {
            return .problem(nil, Problem(.readEmpty, "The file is empty."), sha256: Array(SHA256.hash(data: [])))
        }
        let start = try file.bytes(at: 0, count: Int(min(before.size, DropReader.startBytes)))
        let head = Array(start.prefix(64))
        let form = FileForm(name: name, head: head)
        let reading =
            form == .json || form == .xml
            ? try readDocument(name, form, file, start, before, arrived, isOwn: expected == nil)
            : try readAttachment(name, head, file, before)
        guard try file.status().isSameContent(as: before) else {
            return .problem(nil, Problem(.readChanged, "The file was written to while it was read."), sha256: nil)
        }
        return reading
    }

    /// What is read to tell what a file is. Most documents are no longer.
    private static let startBytes: Int64 = 16 << 10

    private static let notRegular = Problem(
        .readNotRegular, "This is no regular file with one name, but a link, pipe, socket or device.")

    private func readDocument(
        _ name: FileName, _ form: FileForm, _ file: OpenFile, _ start: [UInt8], _ status: FileStatus,
        _ arrived: Timestamp, isOwn: Bool
    ) throws -> Reading {
        guard status.size <= sizes.longest else {
            let message = "The document has \(status.size) bytes; more than \(sizes.longest) are not read."
            return .problem(nil, Problem(.readTooLarge, message), sha256: nil)
        }
        // Text has no gaps. A sender makes gigabytes of them in an instant, which would take minutes to hash.
        if status.size > sizes.windowed, file.hasHole(size: status.size) {
            return .problem(
                nil, Problem(.readIncomplete, "The file has gaps in which nothing was ever written."), sha256: nil)
        }
        let origin = DocumentOrigin(inbox: inbox, name: name, day: arrived.local("%Y-%m-%d"))
        if status.size > sizes.windowed, documents.canJudgeInWindows {
            let hash = RunningHash(file)
            let source = DocumentSource(size: Int(status.size), isOwn: isOwn) { try hash.read($0) }
            let judgement =
                form == .xml
                ? try documents.judge(
                    xml: source, spool: .file(in: spools), origin: origin, windowBytes: sizes.window,
                    mostRecords: sizes.records)
                : try documents.judge(
                    source, origin: origin, windowBytes: sizes.window, mostRecords: sizes.records)
            return DropReader.reading(judgement, sha256: try hash.whole(size: Int(status.size)))
        }
        guard status.size <= sizes.held else {
            let message = "The document has \(status.size) bytes; at most \(sizes.held) can be held."
            return .problem(nil, Problem(.readTooLarge, message), sha256: nil)
        }
        let text = status.size == start.count ? start : try file.bytes(at: 0, count: Int(status.size))
        let sha256 = Array(SHA256.hash(data: text))
        return DropReader.reading(documents.judge(text, form: form, origin: origin), sha256: sha256)
    }

    private static func reading(_ judgement: Judgement, sha256: [UInt8]) -> Reading {
        switch judgement {
        case .document(let document): .document(document, sha256: sha256)
        case .problem(let kind, let problem): .problem(kind, problem, sha256: sha256)
        case .unfinished(let problem): .unfinished(problem, sha256: sha256)
        }
    }

    private func readAttachment(
        _ name: FileName, _ head: [UInt8], _ file: OpenFile, _ status: FileStatus
    ) throws -> Reading {
        var sha256: [UInt8]?
        let judged = try attachments.judge(name, head: head, size: status.size) { () throws(SystemCallError) in
            let hash = try FileCopy.hash(of: file)
            sha256 = hash
            return hash
        }
        switch judged {
        case .success(let attachment):
            if try !FileEnd.isWhole(name, file) {
                return .unfinished(
                    Problem(.readIncomplete, "The PDF ends too early: there is no %%EOF at its end."),
                    sha256: sha256 ?? [])
            }
            return .attachment(attachment, file, size: status.size, sha256: sha256 ?? [])
        case .failure(let refusal):
            if let sha256 { return .problem(.attachment, refusal.problem, sha256: sha256) }
            let hash = status.size > longestDrop ? nil : try FileCopy.hash(of: file)
            return .problem(.attachment, refusal.problem, sha256: hash)
        }
    }
}
