/// What a file is by its first bytes, and by its name where they say nothing.
package enum FileForm: Sendable, Hashable {
    case json, xml, pdf, other

    /// - Parameter head: the first bytes; white space and a byte order mark before the content are skipped, and so are
    ///   the NULs that stand beside every letter in UTF-16 and UTF-32.
    package init(name: FileName, head: [UInt8]) {
        var content = head[...]
        for mark: [UInt8] in [[0xEF, 0xBB, 0xBF], [0xFF, 0xFE], [0xFE, 0xFF], [0, 0, 0xFE, 0xFF]]
        where content.starts(with: mark) {
            content = content.dropFirst(mark.count)
            break
        }
        content = content.drop { $0 == 0 || $0 == 0x20 || (0x09...0x0D).contains($0) }
        switch (name.lowercaseExtension, content.first) {
        case ("json", _): self = .json
        case ("xml", _): self = .xml
        case ("pdf", _): self = .pdf
        case (_, UInt8(ascii: "{")), (_, UInt8(ascii: "[")): self = .json
        case (_, UInt8(ascii: "<")): self = .xml
        default: self = content.starts(with: "%PDF-".utf8) ? .pdf : .other
        }
    }
}
