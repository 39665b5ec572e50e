import Model

/// The multipart/form-data body of an attachment (RFC 7578) without the file itself: the same for the same
/// attachment, so that a repeat is the same request to the last byte.
package struct MultipartForm: Sendable, Hashable {
    package let boundary: String
    /// Everything before the file's bytes.
    package let head: [UInt8]
    /// Everything behind them.
    package let tail: [UInt8]

    package init(reference: String, fields: AttachmentFields, file: FileName, type: String) {
        // The file's hash is in the reference: a file that holds its own reference cannot be made.
        boundary = "sluice-\(reference)"
        var head = ""
        for (name, value) in [
            ("referenceId", reference), ("clientReferenceId", fields.clientReferenceId), ("brand", fields.brand),
            ("portfolio", fields.portfolio),
        ] {
            head += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
        }
        head += "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\""
        head += MultipartForm.quoted(file)
        head += "\"\r\nContent-Type: \(MultipartForm.mediaTypes[type] ?? "application/octet-stream")\r\n\r\n"
        self.head = Array(head.utf8)
        tail = Array("\r\n--\(boundary)--\r\n".utf8)
    }

    package func length(ofFile size: Int64) -> Int64 {
        Int64(head.count + tail.count) + size
    }

    private static let mediaTypes = [
        "pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
        "tif": "image/tiff", "zip": "application/zip",
    ]

    /// As browsers write names: quotes and line ends percent-encoded (HTML, multipart/form-data encoding algorithm).
    private static func quoted(_ name: FileName) -> String {
        // By bytes: a quote and a combining mark behind it are one Character.
        String(
            decoding: name.description.utf8.flatMap { $0 == UInt8(ascii: "\"") ? Array("%22".utf8) : [$0] },
            as: UTF8.self)
    }
}
