import Crypto
import Model

/// Whose an attachment is, by its name.
package struct AttachmentFields: Sendable, Hashable {
    package var brand: String
    package var portfolio: String
    package var clientReferenceId: String
}

/// The agreed form of attachments' names: fields in braces with separators between them (contract, section 4).
package struct AttachmentName: Sendable, Hashable {
    private enum Piece: Sendable, Hashable {
        case field(String)
        case separator([UInt8])
    }

    private let pieces: [Piece]
    private let template: String

    /// - Parameter template: such as `{brand}-{portfolio}-{clientReferenceId}`.
    package init(template: String) {
        var pieces: [Piece] = []
        var rest = template[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            if open > rest.startIndex { pieces.append(.separator(Array(rest[..<open].utf8))) }
            pieces.append(.field(String(rest[rest.index(after: open)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { pieces.append(.separator(Array(rest.utf8))) }
        self.pieces = pieces
        self.template = template
    }

    /// Reads a file's name without its extension: each field goes up to the next separator, the last takes the rest.
    ///
    /// - Returns: `nil` where the name has another form, no clientReferenceId, or is not UTF-8.
    package func fields(of name: FileName) -> AttachmentFields? {
        var rest = Array(name.split.stem)[...]
        var fields = AttachmentFields(brand: "", portfolio: "", clientReferenceId: "")
        for (index, piece) in pieces.enumerated() {
            switch piece {
            case .separator(let separator):
                guard rest.starts(with: separator) else { return nil }
                rest = rest.dropFirst(separator.count)
            case .field(let field):
                let end = self.end(of: rest, before: index + 1)
                guard let end, let value = String(validating: rest[..<end], as: UTF8.self) else { return nil }
                switch field {
                case "brand": fields.brand = value
                case "portfolio": fields.portfolio = value
                default: fields.clientReferenceId = value
                }
                rest = rest[end...]
            }
        }
        let length = fields.clientReferenceId.unicodeScalars.count
        return rest.isEmpty && (1...150).contains(length) ? fields : nil
    }

    /// Where a field ends: before the next separator, for the last field before what has to stand behind it.
    private func end(of rest: ArraySlice<UInt8>, before next: Int) -> Int? {
        guard next < pieces.count, case .separator(let separator) = pieces[next] else { return rest.endIndex }
        if next == pieces.count - 1 {
            return rest.count >= separator.count && rest.suffix(separator.count).elementsEqual(separator)
                ? rest.endIndex - separator.count : nil
        }
        return rest.indices.first { rest[$0...].starts(with: separator) }
    }

    package var description: String { template }
}

/// An attachment that fits.
package struct JudgedAttachment: Sendable, Hashable {
    package let fields: AttachmentFields
    /// Its reference, which covers its bytes and its fields.
    package let content: String
    package let form: MultipartForm
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

    /// - Parameters:
    ///   - head: the first bytes of the file.
    ///   - sha256: of the whole file; asked for only when all else fits.
    package func judge<E: Error>(
        _ file: FileName, head: [UInt8], size: Int64, sha256: () throws(E) -> [UInt8]
    ) throws(E) -> Result<JudgedAttachment, AttachmentRefusal> {
        let type = file.lowercaseExtension
        guard types.contains(type) else {
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
        let form = MultipartForm(reference: content, fields: fields, file: file, type: type)
        let length = form.length(ofFile: size)
        if length > bodyBytes {
            return .failure(
                AttachmentRefusal(.sizeMultipart, "The request would have \(length) bytes; the API takes \(bodyBytes).")
            )
        }
        return .success(JudgedAttachment(fields: fields, content: content, form: form))
    }

    private static func reference(_ fields: AttachmentFields, sha256: [UInt8]) -> String {
        var json = JSONWriter()
        json.object {
            $0.member("brand", fields.brand)
            $0.member("clientReferenceId", fields.clientReferenceId)
            $0.member("portfolio", fields.portfolio)
            $0.member("sha256", sha256.hex)
        }
        return ContentHash.derived(.attachment, SHA256.hash(data: Array(json.text.utf8)))
    }
}

/// Why an attachment fails.
package struct AttachmentRefusal: Error, Sendable, Hashable {
    package let problem: Problem

    init(_ code: Code, _ message: String) {
        problem = Problem(code, message)
    }
}
