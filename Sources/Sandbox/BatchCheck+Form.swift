import Crypto
import Foundation

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
