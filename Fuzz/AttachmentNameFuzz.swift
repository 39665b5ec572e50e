// A libFuzzer target for the names of attachments and the forms that are made of them. scripts/fuzz builds and runs it.

import Foundation
import Model
@testable import SandboxForm

/// What a name says arrives in the form as it stands there, whatever bytes it has, and no name adds a field.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    // No file is called otherwise.
    let bytes = UnsafeBufferPointer(start: start, count: count).filter { $0 != 0 && $0 != UInt8(ascii: "/") }
    let file = FileName(bytes: bytes)
    for template in [
        "{clientReferenceId}", "{brand}-{portfolio}-{clientReferenceId}", "{brand}__{clientReferenceId}.x",
    ] {
        guard let fields = AttachmentName(template: template).fields(of: file) else { continue }
        let form = MultipartForm(
            reference: "attachment-0123456789abcdef", fields: fields, file: file, type: file.lowercaseExtension)
        let content = Data("%PDF-1.7\r\n--sluice\r\n%%EOF".utf8)
        let body = Data(form.head) + content + Data(form.tail)
        precondition(form.length(ofFile: Int64(content.count)) == Int64(body.count))
        do {
            let read = try SandboxForm.MultipartForm(body, boundary: form.boundary)
            precondition(
                read.fields == [
                    "referenceId": "attachment-0123456789abcdef", "clientReferenceId": fields.clientReferenceId,
                    "brand": fields.brand, "portfolio": fields.portfolio,
                ], "\(read.fields)")
            precondition(read.files.count == 1 && read.files["file"]?.bytes == content)
            precondition(read.files["file"]?.name.utf8.contains { $0 < 0x20 || $0 == 0x22 } == false)
        } catch {
            preconditionFailure("\(error)")
        }
    }
    return 0
}
