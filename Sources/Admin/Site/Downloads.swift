import FileSystem
import Hummingbird
import Model
import NIOCore

/// Files of drops as what they are not: something to show.
enum Downloads {
    private static let piece = 256 * 1024

    /// A file, read while it is sent.
    static func response(_ file: OpenFile, named name: FileName) throws -> Response {
        let size = try file.status().size
        let body = ResponseBody(contentLength: Int(size)) { writer in
            var offset: Int64 = 0
            while offset < size {
                let bytes = try file.bytes(at: offset, count: Int(min(Int64(piece), size - offset)))
                // It was cut off meanwhile: the connection ends before what was promised.
                guard !bytes.isEmpty else { throw Shortened() }
                offset += Int64(bytes.count)
                try await writer.write(ByteBuffer(bytes: bytes))
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers("application/octet-stream", name), body: body)
    }

    static func response(_ text: [UInt8], named name: FileName) -> Response {
        Response(
            status: .ok, headers: headers("text/plain; charset=utf-8", name),
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: text)))
    }

    private struct Shortened: Error {}

    private static func headers(_ type: String, _ name: FileName) -> HTTPFields {
        [.contentType: type, .contentDisposition: disposition(name)]
    }

    /// RFC 6266: a name of harmless ASCII for whoever does not know the other, and the name itself.
    static func disposition(_ name: FileName) -> String {
        let plain = name.bytes.map { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                byte
            case UInt8(ascii: "."): byte
            default: UInt8(ascii: "_")
            }
        }
        // What is no UTF-8 or moves text about is written out: a header says what a person can read.
        let shown = name.description.percentEncoded
        return "attachment; filename=\"\(String(decoding: plain, as: UTF8.self))\"; filename*=UTF-8''\(shown)"
    }
}
