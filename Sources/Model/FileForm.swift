/// What a file is by its first bytes, and by its name where they say nothing.
package enum FileForm: Sendable, Hashable {
    case json, xml, pdf, other

    /// - Parameter head: the first bytes; white space and a byte order mark before the content are skipped.
    package init(name: FileName, head: [UInt8]) {
        let content = FileForm.content(head, marks: [[0xEF, 0xBB, 0xBF]])
        // XML may be UTF-16 or UTF-32: an ASCII character has NULs beside it then. JSON is UTF-8.
        let wide = FileForm.content(head.filter { $0 != 0 }, marks: [[0xFF, 0xFE], [0xFE, 0xFF]])
        switch (name.lowercaseExtension, content.first) {
        case ("json", _): self = .json
        case ("xml", _): self = .xml
        case ("pdf", _): self = .pdf
        case (_, UInt8(ascii: "{")), (_, UInt8(ascii: "[")): self = .json
        case (_, UInt8(ascii: "<")): self = .xml
        default: self = content.starts(with: "%PDF-".utf8) ? .pdf : wide.first == UInt8(ascii: "<") ? .xml : .other
        }
    }

    /// What comes after a byte order mark and white space.
    private static func content(_ head: [UInt8], marks: [[UInt8]]) -> ArraySlice<UInt8> {
        let mark = marks.first { head.starts(with: $0) }?.count ?? 0
        return head[mark...].drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
    }
}
