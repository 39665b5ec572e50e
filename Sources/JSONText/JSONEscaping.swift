/// Strings between their JSON spelling, their plain bytes, and something fit for a message.
package enum JSONEscaping {
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The plain UTF-8 bytes of a string of a parsed text, one after the other.
    @inline(__always)
    package static func decode(_ text: UnsafePointer<UInt8>, _ word: JSONWord, _ emit: (UInt8) -> Void) {
        var at = word.start + 1
        let close = word.start + word.length - 1
        while at < close {
            let byte = text[at]
            guard byte == UInt8(ascii: "\\") else {
                emit(byte)
                at += 1
                continue
            }
            let (scalar, length) = escape(text, at)
            at += length
            emitUTF8(scalar, emit)
        }
    }

    package static func decode(_ text: UnsafePointer<UInt8>, _ word: JSONWord) -> String {
        guard word.flag else {
            return String(
                decoding: UnsafeBufferPointer(start: text + word.start + 1, count: word.length - 2), as: UTF8.self)
        }
        return String(unsafeUninitializedCapacity: word.length) { buffer in
            var count = 0
            decode(text, word) { byte in
                buffer[count] = byte
                count += 1
            }
            return count
        }
    }

    /// The scalar of the valid escape at `at`, and how many bytes of text it takes.
    private static func escape(_ text: UnsafePointer<UInt8>, _ at: Int) -> (scalar: UInt32, length: Int) {
        switch text[at + 1] {
        case UInt8(ascii: "b"): return (0x08, 2)
        case UInt8(ascii: "f"): return (0x0C, 2)
        case UInt8(ascii: "n"): return (0x0A, 2)
        case UInt8(ascii: "r"): return (0x0D, 2)
        case UInt8(ascii: "t"): return (0x09, 2)
        case UInt8(ascii: "u"):
            let unit = codeUnit(text, at + 2)
            guard unit & 0xFC00 == 0xD800 else { return (unit, 6) }
            return (0x10000 + ((unit & 0x3FF) << 10 | codeUnit(text, at + 8) & 0x3FF), 12)
        case let other: return (UInt32(other), 2)
        }
    }

    private static func codeUnit(_ text: UnsafePointer<UInt8>, _ at: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 4 | UInt32(hexValue(text[at + $1]) ?? 0) }
    }

    private static func emitUTF8(_ scalar: UInt32, _ emit: (UInt8) -> Void) {
        switch scalar {
        case 0..<0x80: emit(UInt8(scalar))
        case 0x80..<0x800:
            emit(UInt8(0xC0 | scalar >> 6))
            emit(UInt8(0x80 | scalar & 0x3F))
        case 0x800..<0x10000:
            emit(UInt8(0xE0 | scalar >> 12))
            emit(UInt8(0x80 | (scalar >> 6) & 0x3F))
            emit(UInt8(0x80 | scalar & 0x3F))
        default:
            emit(UInt8(0xF0 | scalar >> 18))
            emit(UInt8(0x80 | (scalar >> 12) & 0x3F))
            emit(UInt8(0x80 | (scalar >> 6) & 0x3F))
            emit(UInt8(0x80 | scalar & 0x3F))
        }
    }

    /// Writes one byte of a plain string as RFC 8785, section 3.2.2.2, escapes it.
    @inline(__always)
    static func emitEscaped(_ byte: UInt8, _ emit: (UInt8) -> Void) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            emit(UInt8(ascii: "\\"))
            emit(byte)
        case 0x20...: emit(byte)
        default: for unit in controlEscape(byte).utf8 { emit(unit) }
        }
    }

    /// `\n`, `\u001f`, …: the escape of a control character.
    static func controlEscape(_ code: UInt8) -> String {
        switch code {
        case 0x08: return "\\b"
        case 0x09: return "\\t"
        case 0x0A: return "\\n"
        case 0x0C: return "\\f"
        case 0x0D: return "\\r"
        default:
            let digits = String(code, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }

    /// `text` fit for one line of a message: control, format and line-separating characters escaped, and cut after
    /// `limit` characters.
    package static func printable(_ text: some StringProtocol, limit: Int) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < limit else { return result + "…" }
            count += 1
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
                result +=
                    scalar.value < 0x80 && scalar.value != 0x7F
                    ? controlEscape(UInt8(scalar.value)) : "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Array where Element == UInt8 {
    /// Appends `text` as a JSON string, in quotation marks, escaped no more than it has to be.
    public mutating func appendJSONString(_ text: some StringProtocol) {
        append(UInt8(ascii: "\""))
        var text = String(text)
        text.withUTF8 { bytes in
            for byte in bytes { JSONEscaping.emitEscaped(byte) { append($0) } }
        }
        append(UInt8(ascii: "\""))
    }
}
