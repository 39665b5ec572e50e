import Crypto
import Foundation

/// A `multipart/form-data` body (RFC 7578), taken apart.
struct MultipartForm: Sendable {
    struct File: Sendable {
        var name: String
        var bytes: Data
    }

    /// A body that is no form, or is not whole.
    struct Malformed: Error {
        let reason: String

        init(_ reason: String) {
            self.reason = reason
        }
    }

    /// The text fields, by name.
    private(set) var fields: [String: String] = [:]
    /// The files, by the name of their field.
    private(set) var files: [String: File] = [:]

    init(_ body: Data, boundary: String) throws(Malformed) {
        let delimiter = Data("--\(boundary)".utf8)
        guard var mark = body.range(of: delimiter) else { throw Malformed("the boundary does not occur") }
        let separator = Data("\r\n--\(boundary)".utf8)
        while true {
            let rest = body[mark.upperBound...]
            if rest.starts(with: Data("--".utf8)) { return }
            guard rest.starts(with: Data("\r\n".utf8)) else { throw Malformed("a boundary's line does not end") }
            // The part's own first line break may belong to the separator of an empty part.
            guard let end = body.range(of: separator, in: mark.upperBound..<body.endIndex) else {
                throw Malformed("the closing boundary is missing")
            }
            try add(part: body[min(mark.upperBound + 2, end.lowerBound)..<end.lowerBound])
            mark = end
        }
    }

    /// The boundary of a `Content-Type`; `nil` where it is no form or names none.
    static func boundary(of contentType: String) -> String? {
        let parts = contentType.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
        guard parts.first?.lowercased() == "multipart/form-data" else { return nil }
        return parameter("boundary", in: parts.dropFirst())
    }

    private mutating func add(part: Data) throws(Malformed) {
        guard let blank = part.range(of: Data("\r\n\r\n".utf8)) else {
            throw Malformed("a part has no end of its headers")
        }
        let header = String(decoding: part[..<blank.lowerBound], as: UTF8.self)
        let disposition = header.components(separatedBy: "\r\n")
            .first { $0.lowercased().hasPrefix("content-disposition:") }
        let pieces = (disposition?.dropFirst("content-disposition:".count) ?? "")
            .split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
        guard pieces.first?.lowercased() == "form-data", let name = Self.parameter("name", in: pieces.dropFirst())
        else {
            throw Malformed("a part has no form-data name")
        }
        guard fields[name] == nil, files[name] == nil else { throw Malformed("the field \(name) comes twice") }
        let content = part[blank.upperBound...]
        if let fileName = Self.parameter("filename", in: pieces.dropFirst()) {
            files[name] = File(name: fileName, bytes: content)
        } else {
            guard let text = String(data: content, encoding: .utf8) else {
                throw Malformed("the field \(name) is not UTF-8")
            }
            fields[name] = text
        }
    }

    private static func parameter(_ name: String, in pieces: ArraySlice<String>) -> String? {
        for piece in pieces where piece.lowercased().hasPrefix(name + "=") {
            let value = piece.dropFirst(name.count + 1)
            let bare = value.hasPrefix("\"") && value.hasSuffix("\"") ? value.dropFirst().dropLast() : value
            return bare.isEmpty && name == "boundary" ? nil : String(bare)
        }
        return nil
    }
}

extension BatchCheck {
    /// Looks at an attachment's form: a PDF as `file`, `referenceId` and `clientReferenceId` of 1 to 150 characters;
    /// `brand` and `portfolio` may be empty or absent.
    static func check(_ body: Data, boundary: String) -> Checked<Batch> {
        let form: MultipartForm
        do throws(MultipartForm.Malformed) {
            form = try MultipartForm(body, boundary: boundary)
        } catch {
            return .refused([BodyError(pointer: "", message: "is not a form: \(error.reason)")])
        }
        var errors: [BodyError] = []
        for name in ["referenceId", "clientReferenceId"] where text(form.fields[name], 1...150) == nil {
            errors.append(BodyError(pointer: name, message: "must be a field of 1 to 150 characters"))
        }
        let file = form.files["file"]
        if file == nil {
            errors.append(BodyError(pointer: "file", message: "must be a file"))
        } else if file?.bytes.starts(with: Data("%PDF-".utf8)) != true {
            errors.append(BodyError(pointer: "file", message: "must be a PDF"))
        }
        guard errors.isEmpty, let file else { return .refused(errors) }
        let attachment = AttachmentFile(
            name: file.name, bytes: file.bytes.count, sha256: hexadecimal(SHA256.hash(data: file.bytes)),
            brand: form.fields["brand"] ?? "", portfolio: form.fields["portfolio"] ?? "")
        let owner = form.fields["clientReferenceId"] ?? ""
        let whole = [owner, attachment.brand, attachment.portfolio, attachment.name, attachment.sha256]
        return .fits(
            Batch(
                kind: .attachment, reference: form.fields["referenceId"] ?? "",
                sha256: hexadecimal(SHA256.hash(data: Data(whole.joined(separator: "\u{0}").utf8))),
                identities: [RecordIdentity(clientReferenceId: owner)], content: .file(attachment)))
    }
}

/// A digest in lower-case hexadecimal digits.
func hexadecimal(_ digest: SHA256.Digest) -> String {
    digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
