import Documents
import FileSystem
import Foundation
import Inbox
import JSONSchema
import JSONText
import Model
import SluiceConfiguration
import SystemPackage

/// Judges files by hand, with the code that judges drops, and sends nothing.
package struct FileChecker: Sendable {
    /// What a file is.
    package struct Verdict: Sendable {
        package var kind: Kind?
        /// `nil`: the file would be submitted.
        package var problem: Problem?
        package var reference: String?
        package var records: Int = 0
        /// How many requests it would make.
        package var parts = 0
        fileprivate var document: JudgedDocument?

        /// The bodies that would be sent, one after the other; none for an attachment.
        ///
        /// - Throws: what reading the file again throws.
        package func forEachBody(_ show: ([UInt8]) -> Void) throws {
            guard let document else { return }
            for batch in try document.batches {
                show(try document.body(part: batch.part, reference: batch.reference))
            }
        }
    }

    private enum Way: Sendable {
        case drop(DropReader)
        case schema(JSONSchema)
    }

    private let way: Way

    /// Judges files as the drops of `inbox`, or with the defaults as those of an inbox of `kind`.
    ///
    /// - Throws: ``CannotStart``.
    package init(inbox: Configuration.Inbox?, in configuration: Configuration?, kind: Kind?) throws(CannotStart) {
        let inboxName = inbox?.name ?? ""
        let attachments = inbox?.attachments ?? Defaults.inbox(name: inboxName, path: "/").attachments
        let library = try SchemaLibrary(folder: SharedFiles.schemas(configuration?.schemas))
        let documents =
            if var inbox, let configuration {
                try {
                    () throws(CannotStart) in
                    if let kind { inbox.kind = Configuration.Inbox.Kind(rawValue: kind.rawValue) ?? inbox.kind }
                    return try library.judge(for: inbox, configuration)
                }()
            } else {
                library.judge(kind: kind)
            }
        let limits = configuration?.limits ?? Defaults.limits
        way = .drop(
            DropReader(
                inbox: inboxName, documents: documents,
                attachments: AttachmentJudge(
                    types: attachments.types, name: AttachmentName(template: attachments.name),
                    bodyBytes: Int64(limits.multipartBytes.bytes)),
                sizes: .unlimited, spools: FilePath(FileManager.default.temporaryDirectory.path)))
    }

    /// Validates any JSON file against any schema.
    ///
    /// - Throws: ``CannotStart`` where the schema is none.
    package init(schema: FilePath) throws(CannotStart) {
        way = .schema(try SchemaLibrary.compile(schema))
    }

    /// - Throws: ``SystemCallError``; ENOENT where there is no such file.
    package func check(_ path: FilePath) throws -> Verdict {
        switch way {
        case .drop(let reader): return try check(path, reader)
        case .schema(let schema): return FileChecker.check(try WholeFile.read(path), schema)
        }
    }

    private func check(_ path: FilePath, _ reader: DropReader) throws -> Verdict {
        let (folder, name) = try Directory.containing(path)
        guard let status = try folder.status(of: name) else {
            throw SystemCallError("fstatat", path.string, .noSuchFileOrDirectory)
        }
        if status.form == .directory { throw SystemCallError("open", path.string, .isDirectory) }
        switch try reader.read(name, in: folder, condition: .whole, arrived: SystemTime().timestamp) {
        case .problem(let kind, let problem, _): return Verdict(kind: kind, problem: problem)
        case .unfinished(let problem, _): return Verdict(kind: nil, problem: problem)
        case .attachment(let attachment, _, _, _):
            return Verdict(kind: .attachment, reference: attachment.content)
        case .document(let document, _):
            return Verdict(
                kind: document.kind, reference: document.ownReference ?? document.content,
                records: document.records, parts: document.parts, document: document)
        }
    }

    private static func check(_ text: [UInt8], _ schema: JSONSchema) -> Verdict {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: text)
        } catch {
            let finding = Finding(line: error.position.line, column: error.position.column, message: error.message)
            return Verdict(
                problem: Problem(error.isEncoding ? .parseEncoding : .parseJSON, error.message, findings: [finding]))
        }
        let report = schema.validate(document.root, limit: Problem.listedFindings)
        if report.isValid { return Verdict() }
        let findings = report.errors.map { error in
            let position = document.position(ofByte: error.byteOffset)
            return Finding(
                pointer: error.pointer, line: position.line, column: position.column, keyword: error.keyword,
                message: error.message)
        }
        return Verdict(
            problem: Problem(
                .schemaJSON, "The document does not fit the schema", findings: findings, count: report.errorCount))
    }
}
