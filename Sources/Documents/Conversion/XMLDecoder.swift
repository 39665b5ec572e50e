import Glibc
import JSONText
import Model

/// Makes UTF-8 of an XML document's bytes, in as many pieces as they come.
final class XMLDecoder {
    private let form: XMLEncoding.Form
    /// It remembers what an encoding with states is in.
    private let converter: iconv_t?
    /// The beginning of a character whose end the last piece does not have.
    private var rest: [UInt8] = []
    /// How far the text was counted: to the beginning of `last`.
    private var mark = TextMark.start
    /// What was made of the last piece.
    private var last: [UInt8] = []

    /// Ends inside a character: more has to come.
    var isCut: Bool { !rest.isEmpty }

    /// - Throws: a `parse.encoding` problem where the encoding is not known.
    init(_ encoding: XMLEncoding) throws(Unfit) {
        form = encoding.form
        guard case .other(let name) = form else {
            converter = nil
            return
        }
        guard let converter = iconv_open("UTF-8", name), converter != iconv_t(bitPattern: -1) else {
            let message = "The document's encoding \(FileName.escaped(name.utf8)) is not known."
            throw Unfit(problem: Problem(.parseEncoding, message))
        }
        self.converter = converter
    }

    deinit {
        if let converter { iconv_close(converter) }
    }

    /// The text of the next bytes, as far as they are whole characters.
    ///
    /// - Throws: a `parse.encoding` problem where the bytes are not what they say.
    func decode(_ bytes: [UInt8]) throws(Unfit) -> [UInt8] {
        mark.advance(over: last[...])
        let bytes = rest.isEmpty ? bytes : rest + bytes
        rest = []
        switch form {
        case .utf8: last = try decodeUTF8(bytes)
        case .ascii:
            if let bad = bytes.firstIndex(where: { $0 >= 0x80 }) { throw problem("US-ASCII", after: bytes[..<bad]) }
            last = bytes
        case .other(let name): last = try decode(bytes, from: name)
        }
        return last
    }

    /// What the encoding still held back at the end of the bytes.
    func finish() throws(Unfit) -> [UInt8] {
        guard case .other(let name) = form, !isCut else { return [] }
        mark.advance(over: last[...])
        last = try decode(nil, from: name)
        return last
    }

    private func decodeUTF8(_ bytes: [UInt8]) throws(Unfit) -> [UInt8] {
        guard let bad = UTF8Check.firstInvalidByte(in: bytes) else { return bytes }
        guard UTF8Check.isCut(bytes[bad...]) else { throw problem("UTF-8", after: bytes[..<bad]) }
        rest = Array(bytes[bad...])
        return Array(bytes[..<bad])
    }

    /// - Parameter bytes: `nil` at the end.
    private func decode(_ bytes: [UInt8]?, from encoding: String) throws(Unfit) -> [UInt8] {
        var output: [UInt8] = []
        if let bytes { output.reserveCapacity(bytes.count + bytes.count / 8) }
        switch convert(bytes, &output) {
        case 0, EINVAL: return output
        default: throw problem(encoding, after: output[...])
        }
    }

    /// - Returns: 0, `EINVAL` where the bytes end inside a character, or `EILSEQ`.
    private func convert(_ bytes: [UInt8]?, _ output: inout [UInt8]) -> CInt {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 65_536) { piece in
            (bytes ?? []).withUnsafeBytes { input in
                // iconv only reads what its interface calls mutable.
                var next = UnsafeMutableRawPointer(mutating: input.baseAddress)?.assumingMemoryBound(to: CChar.self)
                var left = input.count
                while true {
                    var target = piece.baseAddress
                    var room = piece.count
                    let answer =
                        bytes == nil
                        ? iconv(converter, nil, nil, &target, &room)
                        : iconv(converter, &next, &left, &target, &room)
                    let failure = answer == -1 ? errno : 0
                    output.append(contentsOf: UnsafeRawBufferPointer(piece).prefix(piece.count - room))
                    if failure == E2BIG { continue }
                    if failure == EINVAL { rest = Array(input.suffix(left)) }
                    return failure
                }
            }
        }
    }

    private func problem(_ encoding: String, after text: ArraySlice<UInt8>) -> Unfit {
        mark.advance(over: text)
        let message = "the bytes at this place are not \(encoding)"
        let position = mark.position
        return Unfit(
            problem: Problem(
                .parseEncoding, "Line \(position.line), column \(position.column): \(message)",
                findings: [Finding(line: position.line, column: position.column, message: message)]))
    }
}
