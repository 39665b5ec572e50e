extension FormatScanner {
    // MARK: Addresses (RFC 2673, section 3.2; RFC 4291, section 2.2)

    mutating func ipv4() -> Bool {
        for part in 0..<4 {
            if part > 0, !take(".") { return false }
            let first = at
            let digits = takeWhile(Self.isDigit)
            guard (1...3).contains(digits), digits == 1 || text[first] != 48 else { return false }
            guard text[first..<at].reduce(0, { $0 * 10 + Int($1 - 48) }) <= 255 else { return false }
        }
        return true
    }

    mutating func ipv6() -> Bool {
        var groups = 0
        var hasGap = false
        if next == UInt8(ascii: ":") {
            guard take(":"), take(":") else { return false }
            hasGap = true
        }
        while let byte = next, Self.isHex(byte) {
            let first = at
            let digits = takeWhile(Self.isHex)
            if next == UInt8(ascii: ".") {
                at = first
                guard ipv4() else { return false }
                groups += 2
                break
            }
            guard digits <= 4 else { return false }
            groups += 1
            guard take(":") else { break }
            if take(":") {
                guard !hasGap else { return false }
                hasGap = true
            } else {
                guard let byte = next, Self.isHex(byte) else { return false }
            }
        }
        return hasGap ? groups <= 7 : groups == 8
    }

    // MARK: Mail (RFC 5321, section 4.1.2)

    private static func isAtomText(_ byte: UInt8) -> Bool {
        switch byte {
        case _ where isAlpha(byte) || isDigit(byte): true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "/"),
            UInt8(ascii: "="), UInt8(ascii: "?"), UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"),
            UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    mutating func email() -> Bool {
        if take("\"") {
            while let byte = next, byte != UInt8(ascii: "\"") {
                at += 1
                if byte == UInt8(ascii: "\\") {
                    guard let quoted = next, (0x20...0x7E).contains(quoted) else { return false }
                    at += 1
                } else if !(0x20...0x7E).contains(byte) {
                    return false
                }
            }
            guard take("\"") else { return false }
        } else {
            repeat { guard takeWhile(Self.isAtomText) > 0 else { return false } } while take(".")
        }
        guard at <= 64, take("@") else { return false }
        if take("[") {
            let isVersion6 = text[at...].starts(with: "IPv6:".utf8)
            if isVersion6 { at += 5 }
            return (isVersion6 ? ipv6() : ipv4()) && take("]") && isAtEnd
        }
        return hostname()
    }

    /// Labels of letters, digits and inner hyphens, to the end.
    private mutating func hostname() -> Bool {
        guard text.count - at <= 253 else { return false }
        repeat {
            let first = at
            let length = takeWhile { Self.isAlpha($0) || Self.isDigit($0) || $0 == UInt8(ascii: "-") }
            guard (1...63).contains(length), text[first] != UInt8(ascii: "-"), text[at - 1] != UInt8(ascii: "-") else {
                return false
            }
        } while take(".")
        return isAtEnd
    }

    // MARK: URI (RFC 3986, appendix A)

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        isAlpha(byte) || isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "~")
    }

    private static func isSubDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("),
            UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"),
            UInt8(ascii: "="):
            true
        default: false
        }
    }

    /// Characters of one part: unreserved, sub-delimiters, percent escapes, and `others`.
    private mutating func part(_ others: (UInt8) -> Bool) -> Bool {
        while let byte = next {
            if byte == UInt8(ascii: "%") {
                guard at + 2 < text.count, Self.isHex(text[at + 1]), Self.isHex(text[at + 2]) else { return false }
                at += 3
            } else if Self.isUnreserved(byte) || Self.isSubDelimiter(byte) || others(byte) {
                at += 1
            } else {
                return true
            }
        }
        return true
    }

    mutating func uri() -> Bool {
        guard let first = next, Self.isAlpha(first) else { return false }
        _ = takeWhile {
            Self.isAlpha($0) || Self.isDigit($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-")
                || $0 == UInt8(ascii: ".")
        }
        guard take(":") else { return false }
        if at + 1 < text.count, text[at] == UInt8(ascii: "/"), text[at + 1] == UInt8(ascii: "/") {
            at += 2
            guard authority() else { return false }
            guard isAtEnd || next == UInt8(ascii: "/") || next == UInt8(ascii: "?") || next == UInt8(ascii: "#") else {
                return false
            }
        }
        let path = { (byte: UInt8) in
            byte == UInt8(ascii: ":") || byte == UInt8(ascii: "@") || byte == UInt8(ascii: "/")
        }
        guard part(path) else { return false }
        if take("?"), !part({ path($0) || $0 == UInt8(ascii: "?") }) { return false }
        if take("#"), !part({ path($0) || $0 == UInt8(ascii: "?") }) { return false }
        return isAtEnd
    }

    private mutating func authority() -> Bool {
        // User information ends with an @ before the next slash, question mark or hash.
        let end = text[at...].firstIndex {
            $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#")
        }
        if text[at..<(end ?? text.count)].contains(UInt8(ascii: "@")) {
            guard part({ $0 == UInt8(ascii: ":") }), take("@") else { return false }
        }
        if take("[") {
            guard ipLiteral(), take("]") else { return false }
        } else {
            guard part({ _ in false }) else { return false }
        }
        if take(":") { _ = takeWhile(Self.isDigit) }
        return true
    }

    private mutating func ipLiteral() -> Bool {
        guard takeAny("vV") else { return ipv6() }
        guard takeWhile(Self.isHex) > 0, take(".") else { return false }
        return takeWhile { Self.isUnreserved($0) || Self.isSubDelimiter($0) || $0 == UInt8(ascii: ":") } > 0
    }
}
