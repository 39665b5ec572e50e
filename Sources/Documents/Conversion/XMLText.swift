import JSONText
import Model

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An XML document's text in UTF-8, whatever encoding it came in (XML 1.0, appendix F).
enum XMLText {
    /// - Returns: the text without a byte order mark; a `parse.encoding` problem where the bytes are not what they say.
    static func utf8(_ bytes: [UInt8]) -> Result<[UInt8], Unfit> {
        let (encoding, start) = encoding(of: bytes)
        let content = Array(bytes[start...])
        switch encoding.uppercased() {
        case "UTF-8", "UTF8", "US-ASCII", "ASCII":
            guard let bad = firstInvalidByte(content) else { return .success(content) }
            return .failure(problem("the bytes at this place are not UTF-8", at: bad, in: content))
        default:
            return convert(content, from: encoding)
        }
    }

    /// By the byte order mark, else by how `<` is written, else by the declaration.
    private static func encoding(of bytes: [UInt8]) -> (name: String, start: Int) {
        switch Array(bytes.prefix(4)) {
        case [0xFF, 0xFE, 0, 0]: return ("UTF-32LE", 4)
        case [0, 0, 0xFE, 0xFF]: return ("UTF-32BE", 4)
        case let head where head.starts(with: [0xEF, 0xBB, 0xBF]): return ("UTF-8", 3)
        case let head where head.starts(with: [0xFF, 0xFE]): return ("UTF-16LE", 2)
        case let head where head.starts(with: [0xFE, 0xFF]): return ("UTF-16BE", 2)
        case let head where head.starts(with: [0x3C, 0]): return ("UTF-16LE", 0)
        case let head where head.starts(with: [0, 0x3C]): return ("UTF-16BE", 0)
        default: return (declared(bytes) ?? "UTF-8", 0)
        }
    }

    /// The encoding that an ASCII-compatible declaration names.
    private static func declared(_ bytes: [UInt8]) -> String? {
        let head = String(decoding: bytes.prefix(256), as: UTF8.self)
        guard let match = head.prefixMatch(of: /<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']/) else {
            return nil
        }
        return String(match.1)
    }

    private static func convert(_ bytes: [UInt8], from encoding: String) -> Result<[UInt8], Unfit> {
        guard let converter = iconv_open("UTF-8", encoding), converter != iconv_t(bitPattern: -1) else {
            return .failure(
                Unfit(
                    problem: Problem(
                        .parseEncoding, "The document's encoding \(FileName.escaped(encoding.utf8)) is not known.")))
        }
        defer { iconv_close(converter) }
        var input = bytes.map { CChar(bitPattern: $0) }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count * 2)
        var piece = [CChar](repeating: 0, count: 65_536)
        let isWhole = input.withUnsafeMutableBufferPointer { input -> Bool in
            var next = input.baseAddress
            var left = input.count
            while left > 0 {
                let pieceSize = piece.count
                var room = pieceSize
                let answer = piece.withUnsafeMutableBufferPointer { piece -> Int in
                    var target = piece.baseAddress
                    return iconv(converter, &next, &left, &target, &room)
                }
                output.append(contentsOf: piece[..<(pieceSize - room)].map { UInt8(bitPattern: $0) })
                if answer == -1 && errno != E2BIG { return false }
            }
            return true
        }
        guard isWhole else {
            return .failure(problem("the bytes at this place are not \(encoding)", at: output.count, in: output))
        }
        // A declaration of an encoding that cannot be the bytes' own, such as UTF-16 in a text of single bytes.
        if output.starts(with: [0xEF, 0xBB, 0xBF]) { output.removeFirst(3) }
        return .success(output)
    }

    private static func firstInvalidByte(_ bytes: [UInt8]) -> Int? {
        if String(validating: bytes, as: UTF8.self) != nil { return nil }
        var rest = bytes[...]
        while !rest.isEmpty {
            var parser = Unicode.UTF8.ForwardParser()
            var iterator = rest.makeIterator()
            guard case .valid(let scalar) = parser.parseScalar(from: &iterator) else { return rest.startIndex }
            rest = rest.dropFirst(scalar.count)
        }
        return nil
    }

    private static func problem(_ message: String, at offset: Int, in text: [UInt8]) -> Unfit {
        let position = LineStarts(text).position(ofByte: offset)
        return Unfit(
            problem: Problem(
                .parseEncoding, "Line \(position.line), column \(position.column): \(message)",
                findings: [Finding(line: position.line, column: position.column, message: message)]))
    }
}
