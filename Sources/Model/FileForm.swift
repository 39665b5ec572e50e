/// What a file is by its first bytes, and by its name where they say nothing.
package enum FileForm: Sendable, Hashable {
    case json, xml, pdf, other

    /// - Parameter head: the first bytes; white space and a byte order mark before the content are skipped.
    package init(name: FileName, head: [UInt8]) {
        switch (name.lowercaseExtension, FileForm.content(head).first) {
        case ("json", _): self = .json
        case ("xml", _): self = .xml
        case ("pdf", _): self = .pdf
        case (_, UInt8(ascii: "{")), (_, UInt8(ascii: "[")): self = .json
        case (_, UInt8(ascii: "<")): self = .xml
        // JSON is UTF-8, but XML may be UTF-16 or UTF-32: an ASCII character has NULs beside it then.
        case _ where FileForm.content(head.filter { $0 != 0 }).first == UInt8(ascii: "<"): self = .xml
        default: self = FileForm.content(head).starts(with: "%PDF-".utf8) ? .pdf : .other
        }
    }

    /// What comes after a byte order mark and white space.
    private static func content(_ head: [UInt8]) -> ArraySlice<UInt8> {
        let marks: [[UInt8]] = [[0xEF, 0xBB, 0xBF], [0xFF, 0xFE], [0xFE, 0xFF]]
        let mark = marks.first { head.starts(with: $0) }?.count ?? 0
        return head[mark...].drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
    }
}
