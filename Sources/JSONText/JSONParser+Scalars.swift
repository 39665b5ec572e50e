extension JSONParser {
    /// Skips a byte order mark; refuses texts that are plainly UTF-16 or UTF-32.
    func skipMark() throws(Failure) -> Int {
        guard end > 0 else { throw Failure(reason: .unexpectedEnd, offset: 0) }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if base[0] == mark[0] {
            for index in 0..<3 {
                guard index < end else { throw Failure(reason: .unexpectedEnd, offset: end) }
                guard base[index] == mark[index] else { throw Failure(reason: .invalidUTF8, offset: 0) }
            }
            return 3
        }
        if end >= 2 {
            let first = (base[0], base[1])
            if first == (0xFE, 0xFF) || first == (0xFF, 0xFE) || first.0 == 0 || first.1 == 0 {
                throw Failure(reason: .otherEncoding, offset: 0)
            }
        }
        return 0
    }

    @inline(__always)
    func skipSpace(_ from: Int) -> Int {
        var at = from
        guard at < end, base[at] <= 0x20 else { return at }
        let raw = UnsafeRawPointer(base)
        while true {
            // Indentation: eight spaces at a time.
            while at + 8 <= end, raw.loadUnaligned(fromByteOffset: at, as: UInt64.self) == 0x2020_2020_2020_2020 {
                at += 8
            }
            guard at < end else { return at }
            let byte = base[at]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return at }
            at += 1
        }
    }

    /// What to say of a byte that cannot stand where it does.
    @inline(never)
    func unexpected(_ at: Int, _ reason: JSONSyntaxError.Reason) -> Failure {
        guard at < end, base[at] >= 0x80 else { return Failure(reason: reason, offset: at) }
        do throws(Failure) {
            _ = try scalarEnd(at)
            return Failure(reason: reason, offset: at)
        } catch {
            return error
        }
    }

    // MARK: Strings

    /// Scans a string whose first byte after the opening quotation mark is at `from`; returns where it closes.
    @inline(__always)
    func string(from: Int) throws(Failure) -> (close: Int, escaped: Bool) {
        let raw = UnsafeRawPointer(base)
        let ones: UInt64 = 0x0101_0101_0101_0101
        var at = from
        var escaped = false
        while true {
            // Eight bytes at a time while none is a quotation mark, a backslash, a control or outside of ASCII.
            while at + 8 <= end {
                let word = raw.loadUnaligned(fromByteOffset: at, as: UInt64.self).littleEndian
                let quote = word ^ (ones &* 0x22)
                let slash = word ^ (ones &* 0x5C)
                let special =
                    ((quote &- ones) & ~quote | (slash &- ones) & ~slash | (word &- ones &* 0x20) | word) & (ones << 7)
                guard special == 0 else {
                    at += special.trailingZeroBitCount >> 3
                    break
                }
                at += 8
            }
            guard at < end else { throw Failure(reason: .unexpectedEnd, offset: end) }
            let byte = base[at]
            if byte == UInt8(ascii: "\"") { return (at, escaped) }
            if byte >= 0x80 {
                at = try scalarEnd(at)
            } else if byte == UInt8(ascii: "\\") {
                escaped = true
                at = try escapeEnd(at)
            } else if byte < 0x20 {
                throw Failure(reason: .controlCharacter(byte), offset: at)
            } else {
                at += 1
            }
        }
    }

    /// The end of the scalar outside of ASCII that begins at `at` (Unicode, table 3-7).
    @inline(__always)
    func scalarEnd(_ at: Int) throws(Failure) -> Int {
        let lead = base[at]
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        let length: Int
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, low) = (3, 0xA0)
        case 0xED: (length, high) = (3, 0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, low) = (4, 0x90)
        case 0xF4: (length, high) = (4, 0x8F)
        case 0xF1...0xF3: length = 4
        default: throw Failure(reason: .invalidUTF8, offset: at)
        }
        for index in 1..<length {
            guard at + index < end else { throw Failure(reason: .unexpectedEnd, offset: end) }
            let byte = base[at + index]
            guard byte >= low, byte <= high else { throw Failure(reason: .invalidUTF8, offset: at) }
            (low, high) = (0x80, 0xBF)
        }
        return at + length
    }

    /// The end of the escape whose backslash is at `at`; of both, where it takes two for one scalar.
    @inline(never)
    private func escapeEnd(_ at: Int) throws(Failure) -> Int {
        guard at + 1 < end else { throw Failure(reason: .unexpectedEnd, offset: end) }
        switch base[at + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return at + 2
        case UInt8(ascii: "u"):
            let unit = try codeUnit(at)
            guard unit & 0xF800 == 0xD800 else { return at + 6 }
            guard unit < 0xDC00 else { throw Failure(reason: .loneSurrogate, offset: at) }
            for (index, byte) in [UInt8(ascii: "\\"), UInt8(ascii: "u")].enumerated() {
                guard at + 6 + index < end else { throw Failure(reason: .unexpectedEnd, offset: end) }
                guard base[at + 6 + index] == byte else { throw Failure(reason: .loneSurrogate, offset: at) }
            }
            let other = try codeUnit(at + 6)
            guard other & 0xFC00 == 0xDC00 else { throw Failure(reason: .loneSurrogate, offset: at) }
            return at + 12
        default:
            throw Failure(reason: .invalidEscape, offset: at)
        }
    }

    private func codeUnit(_ at: Int) throws(Failure) -> UInt16 {
        var unit: UInt16 = 0
        for index in 2..<6 {
            guard at + index < end else { throw Failure(reason: .unexpectedEnd, offset: end) }
            guard let digit = JSONEscaping.hexValue(base[at + index]) else {
                throw Failure(reason: .invalidEscape, offset: at)
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    // MARK: Numbers

    /// Scans a number; `plain` where it has neither point nor exponent.
    @inline(__always)
    func number(_ from: Int) throws(Failure) -> (stop: Int, plain: Bool) {
        var at = from
        if base[at] == UInt8(ascii: "-") { at += 1 }
        if at < end, base[at] == UInt8(ascii: "0") {
            at += 1
            if at < end, isDigit(base[at]) { throw Failure(reason: .leadingZero, offset: from) }
        } else {
            at = try digits(at)
        }
        var plain = true
        if at < end, base[at] == UInt8(ascii: ".") {
            plain = false
            at = try digits(at + 1)
        }
        if at < end, base[at] | 0x20 == UInt8(ascii: "e") {
            plain = false
            at += 1
            if at < end, base[at] == UInt8(ascii: "+") || base[at] == UInt8(ascii: "-") { at += 1 }
            var first = at
            at = try digits(at)
            while first < at, base[first] == UInt8(ascii: "0") { first += 1 }
            let length = at - first
            guard length < 18 || length == 18 && JSONDecimal(base + from, count: at - from).isWritable else {
                throw Failure(reason: .exponentTooLong, offset: from)
            }
        }
        return (at, plain)
    }

    /// Skips one digit or more.
    @inline(__always)
    private func digits(_ from: Int) throws(Failure) -> Int {
        guard from < end else { throw Failure(reason: .unexpectedEnd, offset: end) }
        guard isDigit(base[from]) else { throw unexpected(from, .digitExpected) }
        var at = from + 1
        while at < end, isDigit(base[at]) { at += 1 }
        return at
    }
}

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
