import Documents
import Foundation
import Model
import Testing

/// The form of an attachment, whatever its file is called.
@Suite struct MultipartFormTests {
    private static func head(_ name: FileName) throws -> String {
        let fields = try #require(AttachmentName(template: "{clientReferenceId}").fields(of: name))
        let form = MultipartForm(reference: "attachment-1", fields: fields, file: name, type: "pdf")
        return String(decoding: form.head, as: UTF8.self)
    }

    @Test func aNameStandsInItsQuotes() throws {
        #expect(try Self.head(FileName("INV-1.pdf")).contains("filename=\"INV-1.pdf\"\r\n"))
    }

    /// A quote and a combining mark are one Character of Swift, and two of whoever reads the form.
    @Test(arguments: ["a\"b.pdf", "a\"\u{301}b.pdf", "\"\u{20DD}.pdf", "a\"; name=\"brand.pdf"])
    func noNameEndsItsQuotes(name: String) throws {
        let line = try #require(
            try Self.head(FileName(name)).utf8.split(separator: UInt8(ascii: "\n")).first {
                String(Substring($0)).contains("filename=")
            })
        // Those around the field's name and the file's.
        #expect(line.count { $0 == UInt8(ascii: "\"") } == 4)
    }

    @Test func lineEndsOfANameAreEscaped() throws {
        let head = try Self.head(FileName("INV\r\nX: 1.pdf"))
        #expect(head.contains("filename=\"INV\\x0d\\x0aX: 1.pdf\""))
    }
}
