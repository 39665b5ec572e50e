import Crypto
import Model

/// An attachment that fits.
package struct JudgedAttachment: Sendable, Hashable {
    package let fields: AttachmentFields
    /// What makes it the same as another: the reference that its bytes and its fields give.
    package let content: String
    /// What it is sent under.
    package let reference: String
    package let form: MultipartForm
    fileprivate let file: FileName
    fileprivate let type: String

    fileprivate init(
        _ fields: AttachmentFields, content: String, reference: String, file: FileName, type: String
    ) {
        self.fields = fields
        self.content = content
        self.reference = reference
        self.file = file
        self.type = type
        form = MultipartForm(reference: reference, fields: fields, file: file, type: type)
    }
}

/// Judges an attachment by its name, its first bytes, its size and its hash.
package struct AttachmentJudge: Sendable {
    /// The allowed types: extensions in lower case without a dot.
    package let types: [String]
    package let name: AttachmentName
    /// The most bytes of a request's body.
    package let bodyBytes: Int64

    package init(types: [String], name: AttachmentName, bodyBytes: Int64) {
        self.types = types
        self.name = name
        self.bodyBytes = bodyBytes
    }

    /// The first bytes of files of a type that can be told by them.
    private static let magic: [String: [UInt8]] = [
        "pdf": Array("%PDF-".utf8), "png": [0x89, 0x50, 0x4E, 0x47], "jpg": [0xFF, 0xD8, 0xFF],
        "jpeg": [0xFF, 0xD8, 0xFF], "gif": Array("GIF8".utf8), "tif": [0x49, 0x49, 0x2A, 0x00],
        "zip": [0x50, 0x4B, 0x03, 0x04], "docx": [0x50, 0x4B, 0x03, 0x04], "xlsx": [0x50, 0x4B, 0x03, 0x04],
    ]

    /// Whether a file of this name is of an allowed type.
    package func allows(_ file: FileName) -> Bool { types.contains(file.lowercaseExtension) }

    /// - Parameters:
    ///   - head: the first bytes of the file.
    ///   - sha256: of the whole file; asked for only when all else fits.
    package func judge<E: Error>(
        _ file: FileName, head: [UInt8], size: Int64, sha256: () throws(E) -> [UInt8]
    ) throws(E) -> Result<JudgedAttachment, AttachmentRefusal> {
        let type = file.lowercaseExtension
        guard allows(file) else {
            let allowed = types.joined(separator: ", ")
            return .failure(
                AttachmentRefusal(
                    .attachmentType,
                    "Files of this type are not taken here, only JSON and XML documents and \(allowed)."))
        }
        if let magic = AttachmentJudge.magic[type], !head.starts(with: magic) {
            return .failure(
                AttachmentRefusal(
                    .attachmentType, "The file is called .\(type), but its content is no \(type.uppercased())."))
        }
        guard let fields = name.fields(of: file) else {
            return .failure(
                AttachmentRefusal(
                    .attachmentName, "The file's name does not have the agreed form \(name.description).\(type)."))
        }
        if size > bodyBytes {
            return .failure(
                AttachmentRefusal(.sizeMultipart, "The file has \(size) bytes; a request may have \(bodyBytes)."))
        }
        let content = AttachmentJudge.reference(fields, sha256: try sha256())
        return limited(
            JudgedAttachment(fields, content: content, reference: content, file: file, type: type), size: size)
    }

    /// The same attachment under another reference.
    package func remade(
        _ attachment: JudgedAttachment, reference: String, size: Int64
    ) -> Result<JudgedAttachment, AttachmentRefusal> {
        limited(
            JudgedAttachment(
                attachment.fields, content: attachment.content, reference: reference, file: attachment.file,
                type: attachment.type), size: size)
    }

    /// The same attachment under the reference of another round.
    package func remade(
        _ attachment: JudgedAttachment, round: Int, size: Int64
    ) -> Result<JudgedAttachment, AttachmentRefusal> {
        remade(attachment, reference: Reference.round(round, attachment.content), size: size)
    }

    private func limited(_ attachment: JudgedAttachment, size: Int64) -> Result<JudgedAttachment, AttachmentRefusal> {
        let length = attachment.form.length(ofFile: size)
        guard length > bodyBytes else { return .success(attachment) }
        return .failure(
            AttachmentRefusal(.sizeMultipart, "The request would have \(length) bytes; the API takes \(bodyBytes)."))
    }

    private static func reference(_ fields: AttachmentFields, sha256: [UInt8]) -> String {
        var json = JSONWriter()
        json.object {
            $0.member("brand", fields.brand)
            $0.member("clientReferenceId", fields.clientReferenceId)
            $0.member("portfolio", fields.portfolio)
            $0.member("sha256", sha256.hex)
        }
        return ContentHash.derived(.attachment, SHA256.hash(data: json.bytes))
    }
}

/// Why an attachment fails.
package struct AttachmentRefusal: Error, Sendable, Hashable {
    package let problem: Problem

    init(_ code: Code, _ message: String) {
        problem = Problem(code, message)
    }
}
