import JSONText
import Model

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An XML document's text in UTF-8, whatever encoding it came in (XML 1.0, appendix F).
struct XMLText {
    /// Without a byte order mark.
    let utf8: [UInt8]
    /// The bytes end inside a character, which is left out: more had to come.
    let isCut: Bool

    /// - Returns: a `parse.encoding` problem where the bytes are not what they say.
    static func decode(_ bytes: [UInt8]) -> Result<XMLText, Unfit> {
        let (family, start) = Family.of(bytes)
        let content = start == 0 ? bytes : Array(bytes[start...])
        switch family {
        case .wide(let encoding): return decode(content, from: encoding).flatMap { checked($0, are: encoding) }
        case .narrow(let isMarked):
            guard let declared = declaration(content) else { return decodeUTF8(content) }
            let name = declared.uppercased()
            switch name {
            case "UTF-8", "UTF8": return decodeUTF8(content)
            case _ where isMarked: return .failure(untrue(declared, "UTF-8"))
            case _ where isWide(name): return .failure(untrue(declared, "an encoding of single bytes"))
            case "ASCII", "US-ASCII":
                guard let bad = content.firstIndex(where: { $0 >= 0x80 }) else { return decodeUTF8(content) }
                return .failure(problem("the bytes at this place are not US-ASCII", at: bad, in: content))
            default: return decode(content, from: declared)
            }
        }
    }

    /// What the first bytes say: a byte order mark, else how `<` is written.
    private enum Family {
        case wide(String)
        /// One byte for an ASCII character; with the mark of UTF-8, or open.
        case narrow(isMarked: Bool)

        static func of(_ bytes: [UInt8]) -> (Family, contentStart: Int) {
            switch Array(bytes.prefix(4)) {
            case [0xFF, 0xFE, 0, 0]: (.wide("UTF-32LE"), 4)
            case [0, 0, 0xFE, 0xFF]: (.wide("UTF-32BE"), 4)
            case [0x3C, 0, 0, 0]: (.wide("UTF-32LE"), 0)
            case [0, 0, 0, 0x3C]: (.wide("UTF-32BE"), 0)
            case let head where head.starts(with: [0xEF, 0xBB, 0xBF]): (.narrow(isMarked: true), 3)
            case let head where head.starts(with: [0xFF, 0xFE]): (.wide("UTF-16LE"), 2)
            case let head where head.starts(with: [0xFE, 0xFF]): (.wide("UTF-16BE"), 2)
            case let head where head.starts(with: [0x3C, 0]): (.wide("UTF-16LE"), 0)
            case let head where head.starts(with: [0, 0x3C]): (.wide("UTF-16BE"), 0)
            default: (.narrow(isMarked: false), 0)
            }
        }
    }

    /// The encoding that the XML declaration names.
    private static func declaration(_ text: [UInt8]) -> String? {
        let head = String(decoding: text.prefix(256), as: UTF8.self)
        guard let match = head.prefixMatch(of: /<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']/) else {
            return nil
        }
        return String(match.1)
    }

    private static func isWide(_ name: String) -> Bool {
        ["UTF-16", "UTF16", "UTF-32", "UTF32", "UCS-2", "UCS-4", "ISO-10646"].contains { name.hasPrefix($0) }
    }

    private static func checked(_ text: XMLText, are encoding: String) -> Result<XMLText, Unfit> {
        guard let declared = declaration(text.utf8), !isWide(declared.uppercased()) else { return .success(text) }
        return .failure(untrue(declared, String(encoding.dropLast(2))))
    }

    // MARK: Decoding

    private static func decodeUTF8(_ bytes: [UInt8]) -> Result<XMLText, Unfit> {
        guard let bad = UTF8Check.firstInvalidByte(in: bytes) else {
            return .success(XMLText(utf8: bytes, isCut: false))
        }
        if UTF8Check.isCut(bytes[bad...]) { return .success(XMLText(utf8: Array(bytes[..<bad]), isCut: true)) }
        return .failure(problem("the bytes at this place are not UTF-8", at: bad, in: bytes))
    }

    private static func decode(_ bytes: [UInt8], from encoding: String) -> Result<XMLText, Unfit> {
        guard let converter = iconv_open("UTF-8", encoding), converter != iconv_t(bitPattern: -1) else {
            let message = "The document's encoding \(FileName.escaped(encoding.utf8)) is not known."
            return .failure(Unfit(problem: Problem(.parseEncoding, message)))
        }
        defer { iconv_close(converter) }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 8)
        let failure = convert(bytes, converter, &output)
        if failure != 0 && failure != EINVAL {
            return .failure(problem("the bytes at this place are not \(encoding)", at: output.count, in: output))
        }
        return .success(XMLText(utf8: output, isCut: failure == EINVAL))
    }

    /// - Returns: 0, `EINVAL` where the bytes end inside a character, or `EILSEQ`.
    private static func convert(_ bytes: [UInt8], _ converter: iconv_t, _ output: inout [UInt8]) -> CInt {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 65_536) { piece in
            bytes.withUnsafeBytes { input in
                // iconv only reads what its interface calls mutable.
                var next = UnsafeMutableRawPointer(mutating: input.baseAddress)?.assumingMemoryBound(to: CChar.self)
                var left = input.count
                while true {
                    let isAtEnd = left == 0
                    var target = piece.baseAddress
                    var room = piece.count
                    let answer =
                        isAtEnd
                        ? iconv(converter, nil, nil, &target, &room) : iconv(converter, &next, &left, &target, &room)
                    let failure = answer == -1 ? errno : 0
                    output.append(contentsOf: UnsafeRawBufferPointer(piece).prefix(piece.count - room))
                    if failure != 0 && failure != E2BIG { return failure }
                    if isAtEnd && failure == 0 { return 0 }
                }
            }
        }
    }

    // MARK: What is wrong

    private static func untrue(_ declared: String, _ actual: String) -> Unfit {
        let message = "the document says that its encoding is \(FileName.escaped(declared.utf8)), but it is \(actual)"
        return Unfit(
            problem: Problem(
                .parseEncoding, "Line 1, column 1: \(message)",
                findings: [Finding(line: 1, column: 1, message: message)]))
    }

    private static func problem(_ message: String, at offset: Int, in text: [UInt8]) -> Unfit {
        let position = LineStarts(text).position(ofByte: offset)
        return Unfit(
            problem: Problem(
                .parseEncoding, "Line \(position.line), column \(position.column): \(message)",
                findings: [Finding(line: position.line, column: position.column, message: message)]))
    }
}
